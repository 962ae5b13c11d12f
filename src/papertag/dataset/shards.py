"""The Parquet shards of every split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papertag.dataset.features import features, to_batch
from papertag.dataset.labeled import LabeledPapers
from papertag.taxonomy import Taxonomy

_BATCH = 4096
_SHARD = 50_000


@dataclass(frozen=True, slots=True)
class SplitSize:
    """What a split holds: its number of papers, their bytes in memory and its bytes on disk."""

    papers: int
    bytes: int
    disk: int


def write_splits(
    folder: Path,
    data: LabeledPapers,
    splits: Mapping[str, NDArray[np.int64]],
    taxonomy: Taxonomy,
    advance: Callable[[int], object],
) -> dict[str, SplitSize]:
    """Write ``data/SPLIT-00000-of-0000N.parquet`` in `folder`, some 50,000 papers a file.

    Args:
        folder: an empty folder.
        data: the papers.
        splits: split to the positions of its papers in `data`.
        taxonomy: names the areas.
        advance: called with the number of papers written since the last call.
    """
    (folder / "data").mkdir()
    return {name: _write_split(folder / "data", name, rows, data, taxonomy, advance) for name, rows in splits.items()}


def _write_split(
    folder: Path,
    name: str,
    rows: NDArray[np.int64],
    data: LabeledPapers,
    taxonomy: Taxonomy,
    advance: Callable[[int], object],
) -> SplitSize:
    from pyarrow.parquet import ParquetWriter

    schema = features(len(taxonomy.areas)).arrow_schema
    shards = np.array_split(rows, -(-len(rows) // _SHARD))
    in_memory = on_disk = 0
    for number, shard in enumerate(shards):
        path = folder / f"{name}-{number:05d}-of-{len(shards):05d}.parquet"
        with ParquetWriter(path, schema, compression="zstd") as writer:
            for start in range(0, len(shard), _BATCH):
                part = shard[start : start + _BATCH]
                batch = to_batch(data, part, taxonomy)
                in_memory += batch.nbytes
                writer.write_batch(batch)
                advance(len(part))
        on_disk += path.stat().st_size
    return SplitSize(len(rows), in_memory, on_disk)
