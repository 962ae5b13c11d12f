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
from papertag.errors import UserError
from papertag.files import whole_folder, writable_parent
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


def check_output(output: Path) -> None:
    """Refuse, before any work, an `output` that cannot be written or holds what `write_folder` did not write.

    Raises:
        UserError: it is a file, a folder with other things in it, or a place where no folder can be made.
    """
    writable_parent(output)
    if output.exists() and not output.is_dir():
        raise UserError(f"output={output} is a file, and a folder is to be written there: name another one")
    if not output.is_dir():
        return
    strange = sorted({path.name for path in output.iterdir()} - _written_before(output))
    if strange:
        raise UserError(
            f"output={output} would be replaced, and holds {strange[0]!r}, which is no part of a dataset: "
            "name another folder"
        )


def _written_before(folder: Path) -> set[str]:
    """Return the names of what an earlier `write_folder` may have put into `folder`."""
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    # Model folders have a file of that name, too.
    if not isinstance(metadata, dict) or not {"fingerprint", "splits"} <= metadata.keys():
        return set()
    return {"README.md", "data", "areas.png", "labeling.json", METADATA, *(f"{name}.jsonl" for name in metadata)}


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
