"""The dataset folder: Parquet shards, card and figure, and the files that say how it came about."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.dataset.card import write_card
from papertag.dataset.figure import draw_areas
from papertag.dataset.labeled import LabeledPapers
from papertag.dataset.load import METADATA
from papertag.dataset.shards import write_splits
from papertag.files import whole_folder
from papertag.labeling import LabelingReport
from papertag.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Content:
    """All that goes into a dataset folder.

    Attributes:
        data: the papers.
        splits: split to the positions of its papers.
        taxonomy: their areas.
        metadata: for ``papertag.json``.
        report: for ``labeling.json``.
        lists: name to the lines of ``NAME.jsonl``, written where there are any.
    """

    data: LabeledPapers
    splits: Mapping[str, NDArray[np.int64]]
    taxonomy: Taxonomy
    metadata: Mapping[str, Any]
    report: LabelingReport
    lists: Mapping[str, Sequence[Mapping[str, Any]]]


def write_folder(output: Path, content: Content, advance: Callable[[int], object]) -> None:
    """Write the folder `output`, whole or not at all; call `advance` with every number of papers written."""
    taxonomy = content.taxonomy
    with whole_folder(output) as folder:
        sizes = write_splits(folder, content.data, content.splits, taxonomy, advance)
        counts = content.metadata["splits"].values()
        areas = {area: sum(split["areas"][area] for split in counts) for area in taxonomy.areas}
        annotated = {area: sum(split["annotated_areas"][area] for split in counts) for area in taxonomy.areas}
        draw_areas(areas, annotated, taxonomy, folder / "areas.png")
        write_card(folder, content.metadata, sizes, content.report, taxonomy)
        _write_json(folder / METADATA, content.metadata)
        _write_json(folder / "labeling.json", content.report.to_json())
        for name, lines in content.lists.items():
            if lines:
                _write_lines(folder / f"{name}.jsonl", lines)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_lines(path: Path, values: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
