"""A whole JSON document: a list of records, or an object that holds one."""

from collections.abc import Iterator, Mapping
from typing import Any

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.formats import Format
from papertag.sources.json_text import load_json
from papertag.sources.records import RecordReader
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream

_LISTS = ("papers", "records", "data", "results", "items", "entries")


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a JSON document.

    Raises:
        UserError: the JSON is broken, or holds no list of objects.
    """
    reader = RecordReader(columns, Format.JSON)
    records = _records(load_json(stream.text(), stream.name), reader, stream.name)
    for number, record in enumerate(records, start=1):
        place = f"{stream.name}#{number}"
        if isinstance(record, dict):
            yield reader.paper(record, place)
        else:
            yield reject(place, f"the item is not an object but {type(record).__name__}", str(record))


def _records(document: Any, reader: RecordReader, name: str) -> list[Any]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise UserError(f"{name}: a list of papers was expected, not {type(document).__name__}")
    if reader.has_title(document):
        return [document]
    lists = [key for key, value in document.items() if isinstance(value, list) and _holds_objects(value)]
    named = [key for key in _LISTS if key in lists]
    if named or len(lists) == 1:
        return list(document[(named or lists)[0]])
    keys = ", ".join(map(repr, document)) or "none"
    raise UserError(f"{name}: no list of papers in this JSON object (its keys: {keys}): name it 'papers'")


def _holds_objects(items: list[Any]) -> bool:
    return not items or any(isinstance(item, dict) for item in items)
