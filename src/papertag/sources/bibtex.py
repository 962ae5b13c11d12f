"""BibTeX and BibLaTeX files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from papertag.paper import Paper, Reject, derived_id
from papertag.sources.arxiv import arxiv_url, split_arxiv_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean, plain_latex

_TIE = re.compile(r"(?<!\\)~")
_AND = re.compile(r"\s+and\s+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PREPRINT = re.compile(r"\barxiv:\s*([\w./-]+)", re.IGNORECASE)
_VENUES = ("booktitle", "journal", "journaltitle", "eventtitle", "publisher")


def parse_bibtex(text: str, name: str) -> list[Paper | Reject]:
    """Read a BibTeX file; the citation key is the paper's id.

    LaTeX in titles, names and abstracts is resolved. An entry whose key was there before is kept under
    the same id; one that does not parse, or has no title, is a reject.
    """
    records: list[Paper | Reject] = []
    for block, key in _blocks(text):
        place = f"{name}:{(block.start_line or 0) + 1}"
        if key is None:
            reason = str(block.error).strip().splitlines()[0] if str(block.error) else "a brace or quote is not closed"
            records.append(reject(place, f"the entry does not parse ({reason})", block.raw or ""))
        else:
            records.append(_entry(block, key, place))
    return records


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a BibTeX file."""
    yield from parse_bibtex(stream.text(), stream.name)


def _blocks(text: str) -> Iterator[tuple[Any, str | None]]:
    """Yield each entry with its key, and each block that failed with None, in the order of the file."""
    import logging

    import bibtexparser
    from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware
    from bibtexparser.model import Entry, ParsingFailedBlock

    # What the parser logs is in the rejects.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    library = bibtexparser.parse_string(text, parse_stack=[])
    keys: dict[str, str] = {}
    blocks = []
    for number, block in enumerate(library.blocks):
        # A repeated key or field makes a failed block that still holds its entry.
        entry = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
        if isinstance(entry, Entry):
            unique = f"entry-{number}"
            keys[unique], entry.key = entry.key, unique
            block = entry
        blocks.append(block)
    library = bibtexparser.Library(blocks)
    for middleware in (ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware()):
        library = middleware.transform(library)
    for block in library.blocks:
        if isinstance(block, Entry):
            yield block, keys[block.key]
        elif isinstance(block, ParsingFailedBlock):
            yield block, None


def _entry(entry: Any, key: str, place: str) -> Paper | Reject:
    fields: dict[str, str] = {}
    for field in entry.fields:
        fields.setdefault(field.key.lower(), str(field.value))

    def text(name: str) -> str:
        return plain_latex(clean(_TIE.sub(" ", fields.get(name, ""))))

    title, abstract = text("title"), text("abstract")
    if not title:
        return reject(place, "the entry has no title", entry.raw or key)
    if subtitle := text("subtitle"):
        title = f"{title}: {subtitle}"
    extra: dict[str, Any] = {"entry_type": entry.entry_type}
    url = fields.get("url", "").strip()
    # Google Scholar has the id only in "arXiv preprint arXiv:1512.03385".
    preprint = _PREPRINT.search(fields.get("journal", ""))
    for source in (fields.get("eprint", ""), url, preprint.group(1) if preprint else ""):
        if fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower() != "arxiv":
            break
        if known := split_arxiv_id(source):
            extra["arxiv"], version = known
            url = arxiv_url(known[0])
            if version is not None:
                extra["version"] = version
            break
    if doi := fields.get("doi", "").strip():
        extra["doi"] = doi
        url = url or f"https://doi.org/{doi}"
    return Paper(
        id=key.strip() or derived_id(title, abstract),
        title=title,
        abstract=abstract,
        authors=tuple(_names(fields.get("author", ""))),
        date=_date(fields),
        url=url,
        venue=next(filter(None, map(text, _VENUES)), ""),
        keywords=tuple(word for part in re.split(r"[;,]", text("keywords")) if (word := part.strip())),
        source=Format.BIBTEX.value,
        extra=extra,
    )


def _names(field: str) -> Iterator[str]:
    for raw in _AND.split(field.strip()):
        if raw == "others":
            continue
        name = plain_latex(clean(raw))
        # A name in braces is an organisation, whose comma is no turned-around name.
        if "," in name and not raw.startswith("{"):
            parts = [part.strip() for part in name.split(",")]
            name = " ".join([parts[-1], parts[0], *parts[1:-1]])
        if name:
            yield name


def _date(fields: Mapping[str, str]) -> str:
    if date := iso_date(fields.get("date", "")):
        return date
    year = iso_date(fields.get("year", ""))
    month = fields.get("month", "").strip().lower()
    number = int(month) if month.isdigit() else next((i for i, m in enumerate(_MONTHS, 1) if month.startswith(m)), 0)
    return f"{year[:4]}-{number:02d}" if year and 1 <= number <= 12 else year
