"""JSON lines: one record a line, each judged for itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from papertag.paper import Paper, Reject
from papertag.sources.formats import Format
from papertag.sources.json_text import loads, problem_of
from papertag.sources.records import RecordReader
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream

_BLANK = " \t\r\n\ufeff\0"


def objects(stream: Stream) -> Iterator[tuple[str, dict[str, Any] | Reject]]:
    """Yield the place and the object of every line that is not blank; a line that is none is a reject."""
    for number, line in enumerate(stream.lines(), start=1):
        if not line.strip(_BLANK):
            continue
        place = f"{stream.name}:{number}"
        try:
            record = loads(line.strip(_BLANK))
        except (ValueError, RecursionError) as error:
            yield place, reject(place, f"the line is not JSON ({problem_of(error)})", line)
            continue
        if isinstance(record, dict):
            yield place, record
        else:
            yield place, reject(place, f"the line is not a JSON object but {type(record).__name__}", line)


def head_objects(head: str) -> list[dict[str, Any]]:
    """Return the objects on the lines of `head`, the beginning of a file; none where it begins a longer document."""
    # The last line may be cut off.
    lines = [line for line in head.split("\n") if line.strip()]
    # A first line that ends open begins one document, even where its records stand on lines of their own.
    if not lines or (lines[0].rstrip()[-1] in "[{," and _object(lines[0]) is None):
        return []
    return [record for line in lines if line[0] == "{" and (record := _object(line)) is not None]


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a file of JSON lines."""
    reader = RecordReader(columns, Format.JSONL)
    for place, record in objects(stream):
        yield record if isinstance(record, Reject) else reader.paper(record, place)
