"""CSV and TSV: rows under a header, read so that one bad quotation mark costs one row."""

import csv
from collections.abc import Iterator, Mapping, Sequence

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.formats import Format
from papertag.sources.records import RecordReader
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream

_MAX_CELL = 1 << 24
_CSV_DELIMITERS = ",;|\t"


def read_csv(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a CSV file; its delimiter (comma, semicolon, bar) is seen from the header.

    Raises:
        UserError: the columns are wrong; the message lists those found.
    """
    header = next((line for line in stream.head_text.split("\n") if line.strip()), "")
    delimiter = max(_CSV_DELIMITERS, key=header.count)
    yield from _read(stream, RecordReader(columns, Format.CSV), delimiter)


def read_tsv(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a TSV file, whether its cells are quoted or not.

    Raises:
        UserError: the columns are wrong; the message lists those found.
    """
    yield from _read(stream, RecordReader(columns, Format.TSV), "\t")


def _read(stream: Stream, reader: RecordReader, delimiter: str) -> Iterator[Paper | Reject]:
    header: list[str] | None = None
    for number, row in rows(stream.lines(), delimiter):
        if header is None:
            if isinstance(row, str):
                raise UserError(f"{stream.name}:{number}: the header cannot be read as a table: {row}")
            header = _header(row, f"{stream.name}:{number}")
            reader.check(header, stream.name)
            continue
        place = f"{stream.name}:{number}"
        if isinstance(row, str):
            yield reject(place, row)
        elif len(row) != len(header):
            yield reject(place, f"the row has {len(row)} cells, the header {len(header)}", delimiter.join(row))
        else:
            yield reader.paper(dict(zip(header, row, strict=True)), place)


def rows(lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row with the number of its first line; a row that cannot be read is a sentence why.

    A quotation mark that is never closed swallows the lines below it. Where that happens, those lines are
    read again one by one, so that only the broken one is lost.
    """
    csv.field_size_limit(_MAX_CELL)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    number, width = 1, 0
    while True:
        taken.clear()
        try:
            row: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = None
        width = width or len(row or ())
        if row is None or (len(taken) > 1 and len(row) != width):
            for offset, line in enumerate(taken):
                if line.strip():
                    yield number + offset, _single(line, delimiter, width)
        elif any(map(str.strip, row)):
            yield number, row
        number += len(taken)


def _single(line: str, delimiter: str, width: int) -> list[str] | str:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        # In tab-separated files a quotation mark is often only a quotation mark.
        plain = line.rstrip("\r\n").split(delimiter)
        if delimiter == "\t" and len(plain) == width:
            return plain
        return f"the row cannot be read ({error}): a quotation mark inside a quoted cell must be doubled"


def _header(row: Sequence[str], place: str) -> list[str]:
    header = [cell.strip() for cell in row]
    repeated = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if repeated:
        raise UserError(f"{place}: the header names {', '.join(map(repr, repeated))} more than once")
    # An index column has no name.
    return [cell or f"column_{i}" for i, cell in enumerate(header, start=1)]
