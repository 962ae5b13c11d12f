"""The learning curve: how the score grows with the number of papers trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from papertag.errors import UserError
from papertag.figures import label_axes, new_figure, save_figure
from papertag.files import whole_file
from papertag.report.comparison import PAPERS, Estimate, check_seeds, chosen_split, estimate, grouped
from papertag.report.runs import FinishedRun


@dataclass(frozen=True)
class LearningCurves:
    """Macro-F1 by the number of papers trained on.

    Attributes:
        split: that it was measured on.
        curves: name of a method to papers to macro-F1 over seeds.
    """

    split: str
    curves: Mapping[str, Mapping[int, Estimate]]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with ``split`` and ``curves``."""
        return asdict(self)

    def markdown(self) -> str:
        """Return a table: a row a number of papers, a column a method."""
        sizes = sorted({papers for curve in self.curves.values() for papers in curve})
        lines = [f"| papers | {' | '.join(self.curves)} |", "| ---: |" + " ---: |" * len(self.curves)]
        for papers in sizes:
            cells = [_cell(curve.get(papers)) for curve in self.curves.values()]
            lines.append(f"| {papers:,} | {' | '.join(cells)} |")
        return "\n".join(lines) + "\n"


def learning_curves(runs: Sequence[FinishedRun], split: str | None = None) -> LearningCurves:
    """Return a curve for each group of runs that differ in nothing but seed and ``dataset.train_papers``.

    ``training.epochs`` may differ too: fewer papers want more passes.

    Args:
        runs: at least one.
        split: where the metric comes from; None takes ``test`` if all runs have one, else ``validation``.

    Raises:
        UserError: a run was not measured on `split` or does not say how many papers it trained on, or two of the same
            seed trained on as many.
    """
    split = chosen_split(runs, split)
    curves = {}
    for name, members in grouped(runs, leave_out=[PAPERS, "training.epochs"]):
        by_size: dict[int, list[FinishedRun]] = {}
        for run in members:
            if "papers" not in run.cost:
                raise UserError(f"{run.folder} has no cost.json, so its number of papers is unknown: leave it out")
            by_size.setdefault(int(run.cost["papers"]), []).append(run)
        for same in by_size.values():
            check_seeds(same)
        curves[name] = {
            papers: estimate([run.metrics[split]["macro_f1"] for run in same])
            for papers, same in sorted(by_size.items())
        }
    return LearningCurves(split, curves)


def draw_learning_curves(result: LearningCurves, path: Path) -> None:
    """Draw macro-F1 against papers on a logarithmic axis, a line a method, its spread over seeds as a band.

    Raises:
        UserError: the suffix is neither .png nor .svg, or the file cannot be written.
    """
    figure = new_figure(6.2, 4.0)
    axes = figure.subplots()
    for name, curve in result.curves.items():
        sizes = list(curve)
        mean = [value.mean for value in curve.values()]
        spread = [value.spread or 0.0 for value in curve.values()]
        (line,) = axes.plot(sizes, mean, "o-", markersize=4, label=name)
        low, high = zip(*((m - s, m + s) for m, s in zip(mean, spread, strict=True)), strict=True)
        axes.fill_between(sizes, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    sizes = sorted({papers for curve in result.curves.values() for papers in curve})
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{papers:,}" for papers in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)
    if len(result.curves) > 1:
        axes.legend(fontsize=8, frameon=False)
    label_axes(axes, x="papers trained on", y=f"macro-F1 on {result.split}")
    with whole_file(path) as temporary:
        save_figure(figure, temporary, path.suffix)


def _cell(value: Estimate | None) -> str:
    if value is None:
        return "-"
    return f"{value.mean:.3f}" + ("" if value.spread is None else f" ± {value.spread:.3f}")
