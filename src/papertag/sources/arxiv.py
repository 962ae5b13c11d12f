"""What all of arXiv's formats share: its ids, and the step from fields to a paper."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from papertag.paper import Paper, Reject, derived_id
from papertag.sources.formats import Format
from papertag.sources.rejecting import reject
from papertag.sources.text import clean, plain_latex

_ID = re.compile(
    r"(?:https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|oai:arxiv\.org:|arxiv:)?"
    r"(\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[a-z]{2})?/\d{7})(?:v(\d{1,3}))?(?:\.pdf)?/?\Z",
    re.IGNORECASE,
)
_SUBJECT_CLASS = re.compile(r"\.[A-Za-z]{2}/")
_ANNOUNCED = re.compile(r"\s*arXiv:(\S+)\s+Announce Type:\s*(\S+)\s*(?:Abstract:)?", re.IGNORECASE)


def split_arxiv_id(text: str) -> tuple[str, int | None] | None:
    """Return the arXiv id in `text` without its version, and the version; None where it is no arXiv id.

    Understood are bare ids of both schemes, ``arXiv:...``, ``oai:arXiv.org:...`` and addresses of arxiv.org.
    """
    found = _ID.match(text.strip())
    if not found:
        return None
    return found.group(1), int(found.group(2)) if found.group(2) else None


def id_key(id: str) -> str:
    """Return what two spellings of an id share: ``math.GT/0309136v1`` and ``math/0309136`` are one paper.

    An id that is not arXiv's is returned as it is, for elsewhere the case of letters may tell papers apart.
    """
    known = split_arxiv_id(id)
    return _SUBJECT_CLASS.sub("/", known[0]).lower() if known else id.strip()


def arxiv_url(arxiv_id: str) -> str:
    """Return the address of the abstract page of an id without version."""
    return f"https://arxiv.org/abs/{arxiv_id}"


def split_announcement(summary: str) -> tuple[str, str, str]:
    """Return the id, the kind of announcement (``new``, ...) and the abstract in a summary of arXiv's daily feeds.

    Where the summary is only an abstract, the first two are empty.
    """
    found = _ANNOUNCED.match(summary)
    return (found.group(1), found.group(2), summary[found.end() :]) if found else ("", "", summary)


def split_names(text: str) -> list[str]:
    """Return the authors in a list with commas, as the daily feeds have it; ``Vale, Jr`` stays one."""
    return re.split(r",\s+(?!Jr\b|Sr\b|I+\b)", text)


def arxiv_paper(
    *,
    place: str,
    format: Format,
    id: str,
    title: str,
    abstract: str,
    authors: Iterable[str] = (),
    date: str = "",
    categories: Iterable[str] = (),
    url: str = "",
    extra: Mapping[str, Any] | None = None,
) -> Paper | Reject:
    """Return a paper of an arXiv listing, cleaned, or a reject where the title is empty.

    The id loses its version, which goes to ``extra["version"]``. Title and authors lose LaTeX escapes; the
    abstract keeps them, as in arXiv's own listings. `url` serves where `id` is not arXiv's.
    """
    title = plain_latex(clean(title))
    abstract = clean(abstract)
    if not title:
        return reject(place, "the title is empty", f"{id} {abstract}")
    kept = {key: value for key, value in (extra or {}).items() if value}
    if known := split_arxiv_id(id):
        id, version = known
        url = arxiv_url(id)
        if version is not None:
            kept["version"] = version
    return Paper(
        id=id.strip() or derived_id(title, abstract),
        title=title,
        abstract=abstract,
        authors=tuple(name for author in authors if (name := plain_latex(clean(author)))),
        date=date,
        url=url,
        categories=tuple(dict.fromkeys(category for category in categories if category)),
        source=format.value,
        extra=kept,
    )
