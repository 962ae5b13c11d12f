"""Parquet, batch by batch."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.formats import Format
from papertag.sources.records import RecordReader
from papertag.sources.stream import Stream

_BATCH = 2048


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a Parquet file.

    Raises:
        UserError: the file is cut off or damaged, or its columns are wrong.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    reader = RecordReader(columns, Format.PARQUET)
    with tempfile.TemporaryFile() as spool:
        source: Any = stream.path
        if source is None:
            # Parquet is read from its end, which a pipe does not offer.
            shutil.copyfileobj(stream.file(), spool)
            source = spool
        try:
            table = pq.ParquetFile(source)
            names = table.schema_arrow.names
            reader.check(names, stream.name)
            number = 0
            for batch in table.iter_batches(batch_size=_BATCH, use_threads=False):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield reader.paper(dict(zip(names, row, strict=True)), f"{stream.name}#{number}")
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise UserError(f"{stream.name}: the Parquet file is cut off or damaged ({reason})") from None
