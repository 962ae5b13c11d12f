"""Runs that differ in their settings, in one table: means over seeds, named by what sets them apart."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from papertag.errors import UserError
from papertag.report.runs import FinishedRun

SEED, PAPERS = "training.seed", "dataset.train_papers"
# What a record holds that tells no method from another.
_WITHOUT_MEANING = (SEED, "output", "network", "tracker.", "training.checkpointing_steps", "training.save_total_limit")
# What readers know methods by comes first; a setting that follows from those before it names nothing.
_TELLING = ("adaptation.kind", "loss.kind", "member.kind", "model.name", "training.neftune_noise_alpha")
_METRICS = {"macro_f1": "macro-F1", "micro_f1": "micro-F1", "map": "mAP"}
_COSTS = {
    "trained_parameters": "trained parameters",
    "cpu_minutes": "CPU minutes",
    "minutes": "minutes",
    "peak_memory_mb": "memory, MB",
}


@dataclass(frozen=True)
class Estimate:
    """A mean over the runs of a group, and their standard deviation, None where there is one run."""

    mean: float
    spread: float | None


@dataclass(frozen=True)
class Group:
    """Runs whose settings are the same but for the seed.

    Attributes:
        name: what sets it apart from the other groups.
        settings: those that differ between groups, as this one has them.
        seeds: of its runs.
        figures: metric or cost to its estimate; what no run of the group has is missing.
    """

    name: str
    settings: Mapping[str, Any]
    seeds: Sequence[int]
    figures: Mapping[str, Estimate]


@dataclass(frozen=True)
class Comparison:
    """Groups, the best macro-F1 first, and the split that their metrics were measured on."""

    split: str
    groups: Sequence[Group]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with ``split`` and ``groups``."""
        return asdict(self)

    def markdown(self) -> str:
        """Return the table: a row a group; a spread stands behind its mean."""
        told = sorted({key for group in self.groups for key in group.settings} - set(_TELLING))
        # Constants of a method follow from its kind; the reader wants those that were chosen.
        told = [key for key in told if key.startswith(("training.", "dataset.", "model."))]
        shown = [key for key in (_METRICS | _COSTS) if any(key in group.figures for group in self.groups)]
        headings = ["", "seeds", *(key.rpartition(".")[2].replace("_", " ") for key in told)]
        headings += [(_METRICS | _COSTS)[key] for key in shown]
        lines = [_row(headings), _row(["---", *["---:"] * (len(headings) - 1)])]
        for group in self.groups:
            cells = [group.name, str(len(group.seeds)), *(str(group.settings[key]) for key in told)]
            lines.append(_row(cells + [_cell(key, group.figures.get(key)) for key in shown]))
        return "\n".join(lines) + "\n"


def compare(runs: Sequence[FinishedRun], split: str | None = None) -> Comparison:
    """Group runs by their settings and average each group over its seeds.

    Args:
        runs: at least one.
        split: where the metrics come from; None takes ``test`` if all runs have one, else ``validation``.

    Raises:
        UserError: a run was not measured on `split`, or two runs have the same settings and seed.
    """
    split = chosen_split(runs, split)
    keys = _differing(runs)
    groups = []
    for name, same in grouped(runs):
        check_seeds(same)
        settings = {key: same[0].settings.get(key) for key in keys}
        groups.append(Group(name, settings, sorted(run.settings.get(SEED, 0) for run in same), _figures(same, split)))
    return Comparison(split, sorted(groups, key=lambda group: -group.figures["macro_f1"].mean))


def chosen_split(runs: Sequence[FinishedRun], split: str | None) -> str:
    """Return the split that all runs were measured on: `split`, else ``test``, else ``validation``.

    Raises:
        UserError: a run lacks it.
    """
    chosen = split or ("test" if all("test" in run.metrics for run in runs) else "validation")
    for run in runs:
        if chosen not in run.metrics:
            known = ", ".join(run.metrics)
            raise UserError(f"split={chosen}: {run.folder} was measured on {known} only: choose one that all runs have")
    return chosen


def grouped(runs: Sequence[FinishedRun], leave_out: Sequence[str] = ()) -> list[tuple[str, list[FinishedRun]]]:
    """Return the name and the runs of each group of runs that differ in the seed alone.

    The name holds the settings that set a group apart and do not follow from others in the name: the first in full,
    the others only where they are not what most runs have.

    Args:
        runs: at least one.
        leave_out: settings that do not set groups apart either.
    """
    differing = _differing(runs, leave_out)
    members: dict[tuple[str, ...], list[FinishedRun]] = {}
    for run in runs:
        members.setdefault(_values(run, differing), []).append(run)
    naming = _independent([key for key in _TELLING if key in differing] + differing, runs)
    usual = [Counter(_values(run, [key]) for run in runs).most_common(1)[0][0] for key in naming]
    result = []
    for same in members.values():
        first = same[0]
        parts = [
            _named(key, first.settings.get(key))
            for i, key in enumerate(naming)
            if i == 0 or _values(first, [key]) != usual[i]
        ]
        result.append((", ".join(parts) or str(first.settings.get("adaptation.kind", "run")), same))
    return result


def check_seeds(runs: Sequence[FinishedRun]) -> None:
    """Check that each of a group's runs has a seed of its own.

    Raises:
        UserError: two have the same; the message names them.
    """
    by_seed: dict[Any, FinishedRun] = {}
    for run in runs:
        other = by_seed.setdefault(run.settings.get(SEED, 0), run)
        if other is not run:
            raise UserError(
                f"{other.folder} and {run.folder} have the same settings and the same seed: leave one of them out"
            )


def _differing(runs: Sequence[FinishedRun], leave_out: Sequence[str] = ()) -> list[str]:
    """Return the settings that differ between runs and tell methods apart."""
    keys = sorted({key for run in runs for key in run.settings if not key.startswith((*_WITHOUT_MEANING, *leave_out))})
    return [key for key in keys if len({_values(run, [key]) for run in runs}) > 1]


def _values(run: FinishedRun, keys: Sequence[str]) -> tuple[str, ...]:
    # Settings may be lists, which cannot be counted; and true is no 1.
    return tuple(repr(run.settings.get(key)) for key in keys)


def _independent(keys: Sequence[str], runs: Sequence[FinishedRun]) -> list[str]:
    """Return the keys, in their order, whose values do not follow from those of the keys before them."""
    kept: list[str] = []
    cells = 1
    for key in keys:
        distinct = len({_values(run, [*kept, key]) for run in runs})
        if distinct > cells:
            kept.append(key)
            cells = distinct
    return kept


def _figures(runs: Sequence[FinishedRun], split: str) -> dict[str, Estimate]:
    values = [{**run.metrics[split], **run.cost} for run in runs]
    keys = [key for key in (*_METRICS, *_COSTS) if all(key in each for each in values)]
    return {key: estimate([each[key] for each in values]) for key in keys}


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean and the standard deviation (n - 1) of the values of a group's runs."""
    return Estimate(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


def _named(key: str, value: Any) -> str:
    if key.endswith((".kind", ".name")):
        return str(value).replace("_", "-")
    return f"{key.rpartition('.')[2]}={value}"


def _cell(key: str, value: Estimate | None) -> str:
    if value is None:
        return "-"
    if key in _METRICS:
        return f"{value.mean:.3f}" + ("" if value.spread is None else f" ± {value.spread:.3f}")
    return f"{value.mean:,.1f}" if "minutes" in key else f"{value.mean:,.0f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
