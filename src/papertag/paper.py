"""A paper, the record that could not become one, and the text a model reads of it."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from papertag.errors import UserError

_NOT_WORD = re.compile(r"[\W_]+")


def input_text(title: str, abstract: str) -> str:
    """Return what a model reads of a paper: the title, then the abstract on a new line."""
    return f"{title}\n{abstract}" if abstract else title


def title_key(title: str) -> str:
    """Return the title folded for comparison: case, accents, punctuation and spaces do not count."""
    folded = title.casefold()
    if not folded.isascii():
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", folded).strip()


def derived_id(title: str, abstract: str) -> str:
    """Return a stable id for a paper whose listing gives none: ``x`` and 16 hex digits of its text."""
    digest = hashlib.blake2b(f"{title}\n{abstract}".encode("utf-8", "surrogatepass"), digest_size=8)
    return f"x{digest.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper of a listing.

    `areas` is None where the listing brought no labels, and empty where it says that none fits.
    `date` is ISO 8601 (``2025-01-31``) or empty. `extra` keeps the keys of a JSON record that have no
    field of their own, and gives them back in `to_json`.
    """

    id: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    url: str = ""
    venue: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    source: str = ""
    areas: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text a model reads: see `input_text`."""
        return input_text(self.title, self.abstract)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object: the fields that hold something, then the kept extra keys."""
        record: dict[str, Any] = {"id": self.id, "title": self.title, "abstract": self.abstract}
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is None or (name != "areas" and not value):
                continue
            record[name] = list(value) if isinstance(value, tuple) else value
        for key, value in self.extra.items():
            record.setdefault(key, value)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Paper":
        """Build a paper from a JSON object as written by `to_json`.

        Raises:
            UserError: the title is missing or a field has the wrong type.
        """
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in record.items():
            if key not in _FIELDS:
                extra[key] = value
            elif value is not None:
                values[key] = _checked(key, value)
        if not values.get("title"):
            raise UserError("the record has no title")
        values.setdefault("abstract", "")
        if not values.get("id"):
            values["id"] = derived_id(values["title"], values["abstract"])
        return cls(**values, extra=extra)


_FIELDS = frozenset(f.name for f in fields(Paper)) - {"extra"}
_LISTS = frozenset({"authors", "categories", "keywords", "areas"})
_OPTIONAL = tuple(f.name for f in fields(Paper) if f.name not in {"id", "title", "abstract", "extra"})


def _checked(key: str, value: Any) -> Any:
    if key in _LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise UserError(f"{key!r} must be a list of strings, not {type(value).__name__}")
        return tuple(value)
    if key == "id" and isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise UserError(f"{key!r} must be a string, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that gave no paper: where it stands, why, and its beginning."""

    place: str
    reason: str
    record: str = ""

    def to_json(self) -> dict[str, str]:
        """Return a JSON object with ``place``, ``reason`` and ``record``."""
        return {"place": self.place, "reason": self.reason, "record": self.record}
