"""Files to papers: find them, sniff each, and hand it to the parser of its format."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import (
    arxiv_atom,
    arxiv_rss,
    arxiv_snapshot,
    bibtex,
    hf_daily_json,
    hf_daily_text,
    json_file,
    json_lines,
    oai_pmh,
    openreview,
    papers_cool,
    parquet,
    tables,
)
from papertag.sources.formats import Format, format_named
from papertag.sources.inputs import Input, find_inputs
from papertag.sources.records import RecordReader
from papertag.sources.rejecting import reject
from papertag.sources.sniff import UnknownFormatError, sniff
from papertag.sources.stream import Stream, open_stream
from papertag.sources.tally import Tally

READERS: Mapping[Format, Callable[[Stream, Mapping[str, str]], Iterator[Paper | Reject]]] = {
    Format.PAPERS_COOL: papers_cool.read,
    Format.HF_DAILY_TEXT: hf_daily_text.read,
    Format.HF_DAILY_JSON: hf_daily_json.read,
    Format.ARXIV_ATOM: arxiv_atom.read,
    Format.ARXIV_RSS: arxiv_rss.read,
    Format.ARXIV_OAI: oai_pmh.read,
    Format.ARXIV_SNAPSHOT: arxiv_snapshot.read,
    Format.OPENREVIEW: openreview.read,
    Format.BIBTEX: bibtex.read,
    Format.JSON: json_file.read,
    Format.JSONL: json_lines.read,
    Format.CSV: tables.read_csv,
    Format.TSV: tables.read_tsv,
    Format.PARQUET: parquet.read,
}


def read_papers(
    inputs: str | Sequence[str],
    *,
    format: str = "auto",
    columns: Mapping[str, str | None] | None = None,
    output: str | Path | None = None,
    tally: Tally | None = None,
    key: str = "input",
) -> Iterator[Paper | Reject]:
    """Return the papers of files, one after the other, with flat memory.

    Every record comes out, as a paper or as a reject: repeated ids and titles are kept, since merging them
    is the dataset's work. A file without any record is a reject.

    Args:
        inputs: a file, a glob, a folder (see `find_inputs`), ``-`` for standard input, or a list of these;
            each may be packed with gzip or Zstandard.
        format: a name of `Format`, or ``auto`` to judge each file by its content.
        columns: field of a paper to column, for JSON and tables; None where the usual names will do. The
            listing formats have their own fields.
        output: the file that the papers are going to be written to, which is never read.
        tally: counts by format, filled in as the iterator runs.
        key: what the command calls `inputs`, for messages.

    Raises:
        UserError: an input is missing or is `output`, `format` or a key of `columns` is unknown (at once); a
            file is empty, cut off, of no known format, or lacks a column (while iterating). Where a folder or a
            glob gave the file, that is a reject instead, after the papers that were read from it before.
    """
    known = format_named(format)
    named = {field: column for field, column in (columns or {}).items() if column is not None}
    RecordReader(named, Format.JSON)  # refuses unknown fields before any work starts
    return _read(find_inputs(inputs, output, key), known, named, Tally() if tally is None else tally)


def _read(
    inputs: Sequence[Input], known: Format | None, columns: Mapping[str, str], tally: Tally
) -> Iterator[Paper | Reject]:
    for each in inputs:
        with contextlib.ExitStack() as stack:
            kind = "unknown"
            try:
                stream = stack.enter_context(open_stream(each.source))
                if not stream.head:
                    raise UnknownFormatError(f"{stream.name} is empty: there are no papers to read")
                format = known or sniff(stream, columns)
                kind, records = format.value, _at_least_one(READERS[format](stream, columns), stream.name, format)
            except UserError as error:
                if not each.searched:
                    raise
                records = iter([reject(str(each.source), str(error))])
            yield from tally.watch(kind, _whatever_fails(records, str(each.source)) if each.searched else records)


def _at_least_one(records: Iterator[Paper | Reject], name: str, format: Format) -> Iterator[Paper | Reject]:
    first = next(records, None)
    yield first if first is not None else reject(name, f"the file holds no papers (it was read as {format.value})")
    yield from records


def _whatever_fails(records: Iterator[Paper | Reject], name: str) -> Iterator[Paper | Reject]:
    """Yield `records`, and the mistake that ends them as a reject: one file of many is not worth the others."""
    try:
        yield from records
    except UserError as error:
        yield reject(name, str(error))
