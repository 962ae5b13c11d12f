"""Where papers come from: the configuration group ``source``."""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from urllib.parse import urlsplit

from papertag.errors import UserError

# What the terms of arXiv's APIs ask for: https://info.arxiv.org/help/api/tou.html
ARXIV_PAUSE = 3.0
ARXIV_MAX_PAGE = 2000
OAI_PREFIXES = ("arXiv", "oai_dc")


class SourceKind(Enum):
    """A kind of source; the names are what ``source=`` takes."""

    files = "files"
    arxiv = "arxiv"
    arxiv_oai = "arxiv_oai"
    hf_daily = "hf_daily"


class Sort(Enum):
    """What the papers of a query are sorted by, best or newest first; the values are arXiv's."""

    submitted = "submittedDate"
    updated = "lastUpdatedDate"
    relevance = "relevance"


@dataclass
class SourceConfig:
    """The source of a command: files, or a service on the network.

    All fields but `kind` belong to the live sources; each file of ``configs/source`` shows those that its kind
    reads, with their meaning. Times are in seconds, except `cache_hours`.
    """

    kind: SourceKind = SourceKind.files

    query: str | None = None
    categories: list[str] = field(default_factory=list)
    date_from: str | None = None
    date_until: str | None = None
    ids: list[str] = field(default_factory=list)
    ids_file: str | None = None
    sort: Sort = Sort.submitted
    page_size: int = 500
    set: str | None = None
    prefix: str = "arXiv"
    max_papers: int | None = None

    base_url: str = ""
    pause: float = ARXIV_PAUSE
    retries: int = 6
    backoff: float = 5.0
    timeout: float = 60.0
    max_wait: float = 900.0
    cache_dir: str | None = None
    cache_hours: float | None = 24.0

    @property
    def is_live(self) -> bool:
        """Whether papers come from a service on the network."""
        return self.kind is not SourceKind.files

    def __post_init__(self) -> None:
        if self.kind is SourceKind.files:
            return
        self._check_dates()
        self._check_numbers()
        if self.prefix not in OAI_PREFIXES:
            raise UserError(f"source.prefix={self.prefix} is not known: papertag reads {' and '.join(OAI_PREFIXES)}")
        address = urlsplit(self.base_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise UserError(f"source.base_url={self.base_url} must be an address such as https://host/path")
        if f".{address.hostname}".endswith(".arxiv.org") and self.pause < ARXIV_PAUSE:
            raise UserError(
                f"source.pause={self.pause:g} is shorter than the {ARXIV_PAUSE:g} seconds that arXiv's terms ask for"
            )

    def _check_dates(self) -> None:
        for key in ("date_from", "date_until"):
            value = getattr(self, key)
            try:
                # Only the long form: the services take no other.
                if value is not None and date.fromisoformat(value).isoformat() != value:
                    raise ValueError
            except ValueError:
                raise UserError(f"source.{key}={value} is not a day: write it as 2025-01-31") from None
        if self.date_from and self.date_until and self.date_until < self.date_from:
            raise UserError(f"source.date_until={self.date_until} lies before source.date_from={self.date_from}")

    def _check_numbers(self) -> None:
        if self.max_papers is not None and self.max_papers < 1:
            raise UserError(f"source.max_papers={self.max_papers} must be at least 1, or null for all")
        if not 1 <= self.page_size <= ARXIV_MAX_PAGE:
            raise UserError(f"source.page_size={self.page_size} must lie between 1 and {ARXIV_MAX_PAGE}")
        for key in ("pause", "retries", "backoff", "max_wait", "cache_hours"):
            value = getattr(self, key)
            if value is not None and not value >= 0:
                raise UserError(f"source.{key}={value} must not be negative")
        if not self.timeout > 0:
            raise UserError(f"source.timeout={self.timeout} must be more than 0 seconds")
