"""arXiv's OAI-PMH answers with ``arXiv`` or ``oai_dc`` metadata (https://info.arxiv.org/help/oa)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.arxiv import arxiv_paper, split_arxiv_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean
from papertag.sources.xml import parse_xml, text_of

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ARXIV = "{http://arxiv.org/OAI/arXiv/}"
_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True)
class OaiPage:
    """One answer.

    Attributes:
        records: papers and rejects, in order; deleted records are rejects.
        token: the resumption token, None on the last page.
        error: the protocol's error code, such as ``noRecordsMatch`` or ``badResumptionToken``, and its message.
        total: the size of the complete list, where the answer gives it.
    """

    records: list[Paper | Reject]
    token: str | None
    error: tuple[str, str] | None
    total: int | None


def parse_page(data: bytes, name: str) -> OaiPage:
    """Read one answer to ListRecords or GetRecord.

    Raises:
        UserError: the XML is broken; see `parse_xml`.
    """
    root = parse_xml(data, name)
    records = [_record(record, f"{name}:{record.sourceline}") for record in root.iter(f"{_OAI}record")]
    token = next(root.iter(f"{_OAI}resumptionToken"), None)
    size = "" if token is None else token.get("completeListSize", "")
    error = next(root.iter(f"{_OAI}error"), None)
    return OaiPage(
        records,
        token=None if token is None else (token.text or "").strip() or None,
        error=None if error is None else (error.get("code", "unknown"), clean(error.text or "")),
        total=int(size) if size.isdigit() else None,
    )


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved answer.

    Raises:
        UserError: the answer is an error of the protocol.
    """
    page = parse_page(stream.read(), stream.name)
    if page.error:
        code, message = page.error
        raise UserError(f"{stream.name}: the OAI-PMH answer is the error {code}: {message or 'no message'}")
    yield from page.records


def _record(record: Any, place: str) -> Paper | Reject:
    header = record.find(f"{_OAI}header")
    identifier = "" if header is None else text_of(header, f"{_OAI}identifier").strip()
    if header is not None and header.get("status") == "deleted":
        return reject(place, "the record is marked as deleted", identifier)
    metadata = record.find(f"{_OAI}metadata")
    body = None if metadata is None else next(iter(metadata), None)
    if body is None:
        return reject(place, "the record has no metadata", identifier)
    if body.tag == f"{_ARXIV}arXiv":
        return _arxiv(body, identifier, place)
    if body.find(f"{_DC}title") is not None:
        return _dublin_core(body, identifier, place)
    kind = body.tag.rpartition("}")[2]
    return reject(place, f"metadata {kind!r} is not known: harvest metadataPrefix=arXiv or oai_dc", identifier)


def _arxiv(body: Any, identifier: str, place: str) -> Paper | Reject:
    def field(name: str) -> str:
        return text_of(body, _ARXIV + name)

    return arxiv_paper(
        place=place,
        format=Format.ARXIV_OAI,
        id=field("id") or identifier,
        title=field("title"),
        abstract=field("abstract"),
        authors=[
            " ".join(text_of(author, _ARXIV + part) for part in ("forenames", "keyname", "suffix"))
            for author in body.iterfind(f"{_ARXIV}authors/{_ARXIV}author")
        ],
        date=iso_date(field("created")),
        categories=field("categories").split(),
        extra={
            "updated": iso_date(field("updated")),
            "comment": clean(field("comments")),
            "journal_ref": clean(field("journal-ref")),
            "doi": field("doi").strip(),
        },
    )


def _dublin_core(body: Any, identifier: str, place: str) -> Paper | Reject:
    def fields(name: str) -> list[str]:
        return ["".join(element.itertext()).strip() for element in body.iterfind(_DC + name)]

    identifiers = [identifier, *fields("identifier")]
    id = next((text for text in identifiers if split_arxiv_id(text)), identifier)
    # arXiv gives the abstract as the first description, and its comments as a second one.
    descriptions = [text for text in fields("description") if not text.startswith("Comment:")]
    comments = [text.removeprefix("Comment:") for text in fields("description") if text.startswith("Comment:")]
    dates = sorted(filter(None, map(iso_date, fields("date"))))
    return arxiv_paper(
        place=place,
        format=Format.ARXIV_OAI,
        id=id,
        title=next(iter(fields("title")), ""),
        abstract=next(iter(descriptions), ""),
        authors=[_given_first(name) for name in fields("creator")],
        date=dates[0] if dates else "",
        categories=[clean(subject) for subject in fields("subject")],
        url=next((text for text in identifiers if text.startswith(("http://", "https://"))), ""),
        extra={"comment": clean(" ".join(comments)), "updated": dates[-1] if len(dates) > 1 else ""},
    )


def _given_first(name: str) -> str:
    family, comma, given = name.partition(", ")
    return f"{given} {family}" if comma else name
