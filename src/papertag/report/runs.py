"""Finished run folders: what was asked for, what came out, what it cost."""

import glob
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from papertag.errors import UserError
from papertag.training.cost import COST_FILE
from papertag.training.run import finished, flat

_RECORD, _METRICS = "run.json", "metrics.json"


@dataclass(frozen=True)
class FinishedRun:
    """A run of `papertag train`.

    Attributes:
        folder: where it lies.
        settings: dotted keys to plain values, such as ``{"training.seed": 0}``.
        metrics: split to metric to value, the table an area left out.
        cost: what ``cost.json`` holds; empty where a run has none.
    """

    folder: Path
    settings: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, float]]
    cost: Mapping[str, float]


def finished_runs(where: str | Sequence[str]) -> tuple[list[FinishedRun], list[Path]]:
    """Find runs in folders, which are runs or hold some at any depth, as a sweep's does.

    Args:
        where: folders or globs of them.

    Returns:
        the finished runs and the folders of the unfinished ones, both sorted by path.

    Raises:
        UserError: a name matches nothing or no finished run, or a file of a run is damaged.
    """
    found: set[Path] = set()
    for name in [where] if isinstance(where, str) else where:
        # Path.glob takes only relative patterns.
        folders = [Path(match) for match in glob.glob(name, recursive=True)]  # noqa: PTH207
        records = {record for folder in folders for record in folder.rglob(_RECORD)}
        if not records:
            raise UserError(f"runs={name} holds no run of 'papertag train': none has a {_RECORD}")
        found |= {record.parent for record in records}
    done = {folder for folder in found if finished(folder)}
    if not done:
        raise UserError(f"runs={where} holds no finished run: repeat the commands of its {len(found)} to go on")
    return [_read(folder) for folder in sorted(done)], sorted(found - done)


def _read(folder: Path) -> FinishedRun:
    settings = _object(folder / _RECORD).get("settings")
    if not isinstance(settings, dict):
        raise UserError(f"{folder / _RECORD} holds no settings: it is damaged; leave this run out")
    metrics = {
        split: {name: value for name, value in values.items() if isinstance(value, int | float)}
        for split, values in _object(folder / _METRICS).items()
        if isinstance(values, dict)
    }
    cost = _object(folder / COST_FILE) if (folder / COST_FILE).is_file() else {}
    return FinishedRun(folder, flat(settings), metrics, cost)


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): leave this run out") from None
    if not isinstance(value, dict):
        raise UserError(f"{path} must hold a JSON object: it is damaged; leave this run out")
    return value
