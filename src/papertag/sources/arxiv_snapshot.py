"""arXiv's metadata snapshot: JSON lines, as on Kaggle (``arxiv-metadata-oai-snapshot.json``)."""

from collections.abc import Iterator, Mapping
from typing import Any

from papertag.paper import Paper, Reject
from papertag.sources.arxiv import arxiv_paper
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.json_lines import objects
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a snapshot, line by line; the date is that of the first version."""
    for place, record in objects(stream):
        yield record if isinstance(record, Reject) else _paper(record, place)


def _paper(record: dict[str, Any], place: str) -> Paper | Reject:
    for field in ("id", "title"):
        if not isinstance(record.get(field), str):
            return reject(place, f"the record has no {field}", str(record))
    versions = [version for version in record.get("versions") or () if isinstance(version, dict)]
    version = _text(versions[-1].get("version")).removeprefix("v") if versions else ""
    created = iso_date(_text(versions[0].get("created"))) if versions else ""
    updated = iso_date(_text(record.get("update_date")))
    return arxiv_paper(
        place=place,
        format=Format.ARXIV_SNAPSHOT,
        id=record["id"],
        title=record["title"],
        abstract=_text(record.get("abstract")),
        authors=_authors(record),
        date=created or updated,
        categories=_text(record.get("categories")).split(),
        extra={
            "updated": updated,
            "version": int(version) if version.isdigit() else None,
            "comment": clean(_text(record.get("comments"))),
            "journal_ref": clean(_text(record.get("journal-ref"))),
            "doi": _text(record.get("doi")).strip(),
        },
    )


def _authors(record: dict[str, Any]) -> list[str]:
    parsed = record.get("authors_parsed")
    if not isinstance(parsed, list):
        return _text(record.get("authors")).replace(" and ", ", ").split(", ")
    # Each is [family name, given names, suffix].
    names = [[part for part in name if isinstance(part, str)] for name in parsed if isinstance(name, list)]
    return [" ".join([*name[1:2], *name[:1], *name[2:]]) for name in names]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
