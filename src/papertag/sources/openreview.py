"""OpenReview's notes as JSON, of both API versions (https://docs.openreview.net/reference/api-v2)."""

from collections.abc import Iterator, Mapping
from typing import Any

from papertag.errors import UserError
from papertag.paper import Paper, Reject, derived_id
from papertag.sources.dates import epoch_date
from papertag.sources.formats import Format
from papertag.sources.json_lines import head_objects, objects
from papertag.sources.json_text import load_json
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean

_KEPT = ("venueid", "primary_area", "TLDR", "TL;DR", "subject_areas")


def is_note(record: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is a note that may be a paper: a title, inside of ``content`` only."""
    content = record.get("content")
    return isinstance(content, dict) and "title" in content and "title" not in record


def is_empty_answer(record: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is an answer of ``/notes`` without notes."""
    return record.get("notes") == [] and "title" not in record


def parse_notes(data: bytes, name: str) -> list[Paper | Reject]:
    """Read an answer of ``/notes``, a list of notes, or one note.

    The date is that of publication, else of creation. Notes that were deleted, and those without a title
    (reviews, comments), are rejects.

    Raises:
        UserError: the JSON is broken or holds no list of notes.
    """
    document = load_json(data, name)
    notes = document
    if isinstance(document, dict):
        notes = [document] if is_note(document) else document.get("notes")
    if not isinstance(notes, list):
        raise UserError(f"{name}: an object with a list 'notes', as OpenReview's API gives it, was expected")
    return [_note(note, f"{name}#{number}") for number, note in enumerate(notes, start=1)]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of saved notes: an answer, a list, or one note a line."""
    if any(map(is_note, head_objects(stream.head_text.lstrip()))):
        for place, note in objects(stream):
            yield note if isinstance(note, Reject) else _note(note, place)
    else:
        yield from parse_notes(stream.read(), stream.name)


def _note(note: Any, place: str) -> Paper | Reject:
    content = note.get("content") if isinstance(note, dict) else None
    if not isinstance(content, dict):
        return reject(place, "the note has no content", str(note))
    # Version 2 of the API wraps each field: {"title": {"value": ...}}; version 1 does not.
    fields = {k: v.get("value") if isinstance(v, dict) and "value" in v else v for k, v in content.items()}
    title, abstract = clean(_text(fields.get("title"))), clean(_text(fields.get("abstract")))
    id = _text(note.get("id"))
    if note.get("ddate"):
        return reject(place, "the note was deleted (it has a ddate)", f"{id} {title}")
    if not title:
        return reject(place, "the note has no title", f"{id} {abstract}")
    dates = (note.get(key) for key in ("pdate", "odate", "cdate", "tcdate"))
    published = next((date for date in dates if isinstance(date, int | float)), None)
    return Paper(
        id=id or derived_id(title, abstract),
        title=title,
        abstract=abstract,
        authors=_names(fields.get("authors"), ","),
        date="" if published is None else epoch_date(published),
        url=f"https://openreview.net/forum?id={_text(note.get('forum')) or id}" if id else "",
        venue=clean(_text(fields.get("venue"))),
        keywords=_names(fields.get("keywords"), ";" if ";" in str(fields.get("keywords")) else ","),
        source=Format.OPENREVIEW.value,
        extra={key: fields[key] for key in _KEPT if fields.get(key)},
    )


def _names(value: Any, separator: str) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(separator)
    if not isinstance(value, list):
        return ()
    # Newer venues write each author as an object with a full name.
    texts = (item.get("fullname", item.get("name")) if isinstance(item, dict) else item for item in value)
    return tuple(name for text in texts if (name := clean(_text(text))))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
