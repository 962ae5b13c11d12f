"""arXiv's Atom: the answers of its API, and its daily feeds.

See https://info.arxiv.org/help/api and https://info.arxiv.org/help/rss.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from papertag.paper import Paper, Reject
from papertag.sources.arxiv import arxiv_paper, split_announcement, split_names
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean
from papertag.sources.xml import parse_xml, text_of

_NS = {
    "": "http://www.w3.org/2005/Atom",
    "arxiv": "http://arxiv.org/schemas/atom",
    "opensearch": "http://a9.com/-/spec/opensearch/1.1/",
}


@dataclass(frozen=True)
class AtomPage:
    """One answer: its records, and how many papers (`total`) the whole query has, where it says."""

    records: list[Paper | Reject]
    total: int | None


def parse_page(data: bytes, name: str) -> AtomPage:
    """Read one answer of the API.

    An entry that reports an error (its id lies under ``arxiv.org/api/errors``) becomes a reject with the
    API's own words as reason. The papers' date is that of their first version.

    Raises:
        UserError: the XML is broken; see `parse_xml`.
    """
    root = parse_xml(data, name)
    total = text_of(root, "opensearch:totalResults", _NS).strip()
    entries = root.iter("{http://www.w3.org/2005/Atom}entry")
    return AtomPage([_entry(entry, name) for entry in entries], int(total) if total.isdigit() else None)


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved answer."""
    yield from parse_page(stream.read(), stream.name).records


def _entry(entry: Any, name: str) -> Paper | Reject:
    place = f"{name}:{entry.sourceline}"
    id = text_of(entry, "id", _NS)
    summary = text_of(entry, "summary", _NS)
    if "arxiv.org/api/errors" in id:
        return reject(place, f"the arXiv API reports an error: {clean(summary)}", id)
    _, announced, abstract = split_announcement(summary)
    announced = text_of(entry, "arxiv:announce_type", _NS) or announced
    names = [text_of(author, "name", _NS) for author in entry.iterfind("author", _NS)]
    if announced:
        # The daily feeds put all names into one.
        names = [name for text in names for name in split_names(text)]
    terms = [category.get("term", "") for category in entry.iterfind("category", _NS)]
    primary = entry.find("arxiv:primary_category", _NS)
    return arxiv_paper(
        place=place,
        format=Format.ARXIV_ATOM,
        id=id,
        title=text_of(entry, "title", _NS),
        abstract=abstract,
        authors=names,
        date=iso_date(text_of(entry, "published", _NS)),
        # The primary category first, as on the abstract page.
        categories=[*([primary.get("term", "")] if primary is not None else []), *terms],
        url=id if id.startswith("http") else "",
        extra={
            "announced": clean(announced),
            "updated": iso_date(text_of(entry, "updated", _NS)),
            "comment": clean(text_of(entry, "arxiv:comment", _NS)),
            "journal_ref": clean(text_of(entry, "arxiv:journal_ref", _NS)),
            "doi": text_of(entry, "arxiv:doi", _NS).strip(),
        },
    )
