"""Tagged papers to JSON lines, CSV or Parquet, by the output's suffix; the file appears whole."""

import contextlib
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from papertag.errors import UserError
from papertag.files import whole_file
from papertag.tagging.tagger import TaggedPaper

Write = Callable[[TaggedPaper], None]
_PARQUET_ROWS = 4096
_COLUMNS = ("id", "title", "areas", "scores", "fit", "abstained")


@contextlib.contextmanager
def open_writer(path: str | Path, areas: Sequence[str]) -> Iterator[Write]:
    """Yield a function that writes one tagged paper; the columns are id, title, areas, scores, fit and abstained.

    JSON lines hold ``areas`` as a list and ``scores`` as an object. CSV joins areas by ``;``, holds scores as JSON,
    and abstained as ``true`` or ``false``. Parquet holds a list of strings and a struct with a float32 for each of
    `areas`.

    Raises:
        UserError: the suffix is none of .jsonl, .csv and .parquet, or the folder cannot be written to.
    """
    path = Path(path)
    check_suffix(path)
    with whole_file(path) as temporary, _WRITERS[path.suffix](temporary, areas) as write:
        yield write


def check_suffix(path: Path) -> None:
    """Raise a UserError unless there is a writer for the suffix of `path`."""
    if path.suffix not in _WRITERS:
        raise UserError(f"output={path}: the suffix must be one of {', '.join(_WRITERS)}")


def _record(tagged: TaggedPaper) -> dict[str, object]:
    values = (tagged.paper.id, tagged.paper.title, list(tagged.areas), tagged.scores, tagged.fit, tagged.abstained)
    return dict(zip(_COLUMNS, values, strict=True))


@contextlib.contextmanager
def _jsonl(path: Path, areas: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8") as file:

        def write(tagged: TaggedPaper) -> None:
            file.write(json.dumps(_record(tagged), ensure_ascii=False) + "\n")

        yield write


@contextlib.contextmanager
def _csv(path: Path, areas: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)

        def write(tagged: TaggedPaper) -> None:
            written = {
                "areas": ";".join(tagged.areas),
                "scores": json.dumps(tagged.scores),
                "abstained": json.dumps(tagged.abstained),
            }
            table.writerow((_record(tagged) | written).values())

        yield write


@contextlib.contextmanager
def _parquet(path: Path, areas: Sequence[str]) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("id", pa.string()),
            ("title", pa.string()),
            ("areas", pa.list_(pa.string())),
            ("scores", pa.struct([(area, pa.float32()) for area in areas])),
            ("fit", pa.float32()),
            ("abstained", pa.bool_()),
        ]
    )
    rows: list[dict[str, object]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as file:

        def flush() -> None:
            file.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        def write(tagged: TaggedPaper) -> None:
            rows.append(_record(tagged))
            if len(rows) == _PARQUET_ROWS:
                flush()

        yield write
        flush()


_WRITERS = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
