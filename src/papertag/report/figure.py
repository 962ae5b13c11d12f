"""The figure of a comparison: a row a group, a panel for the score and for each cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from papertag.figures import label_axes, new_figure, save_figure
from papertag.files import whole_file
from papertag.report.comparison import Comparison, Group

_COSTS = {
    "trained_parameters": "trained parameters",
    "cpu_minutes": "CPU minutes",
    "peak_memory_mb": "memory, MB",
}


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Draw macro-F1 with its spread, best first, and what it cost beside it; write it as PNG or SVG.

    Panels stand side by side because methods crowd together in a scatter plot: losses all train the same parameters.
    A cost that a group lacks has no panel.

    Raises:
        UserError: the suffix is neither .png nor .svg, or the file cannot be written.
    """
    groups = comparison.groups
    costs = {key: title for key, title in _COSTS.items() if all(key in group.figures for group in groups)}
    figure = new_figure(4.6 + 1.7 * len(costs), 0.25 * len(groups) + 1.1)
    panels = figure.subplots(1, 1 + len(costs), sharey=True, squeeze=False, width_ratios=[2, *[1] * len(costs)])[0]
    rows = range(len(groups))
    score = [group.figures["macro_f1"] for group in groups]
    panels[0].errorbar(
        [value.mean for value in score],
        rows,
        xerr=[value.spread or 0.0 for value in score],
        fmt="o",
        markersize=5,
        capsize=2.5,
        color="C0",
    )
    panels[0].set_yticks(rows, [group.name for group in groups])
    panels[0].set_ylim(len(groups) - 0.4, -0.6)
    panels[0].grid(axis="x", alpha=0.3)
    seeds = max(len(group.seeds) for group in groups)
    title = f"Mean and standard deviation of {seeds} seeds" if seeds > 1 else ""
    label_axes(panels[0], title=title, x=f"macro-F1 on {comparison.split}")
    for axes, (key, title) in zip(panels[1:], costs.items(), strict=True):
        _draw_cost(axes, groups, key)
        label_axes(axes, x=title)
    with whole_file(path) as temporary:
        save_figure(figure, temporary, path.suffix)


def _draw_cost(axes: Any, groups: Sequence[Group], key: str) -> None:
    values = [group.figures[key].mean for group in groups]
    if key == "trained_parameters":
        axes.set_xscale("log")
        # Bars on a logarithmic scale have no natural beginning: a dot says no more than it knows.
        axes.plot(values, range(len(groups)), "o", markersize=5, color="C1")
        axes.grid(axis="x", alpha=0.3)
    else:
        axes.barh(range(len(groups)), values, height=0.7, color="C1", alpha=0.6)
    axes.tick_params(axis="y", length=0)
