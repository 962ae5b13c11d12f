"""The figure of a dataset card: how many papers every area has, group by group."""

from collections.abc import Mapping
from pathlib import Path

from papertag.figures import label_axes, new_figure, save_figure
from papertag.taxonomy import Taxonomy


def draw_areas(counts: Mapping[str, int], annotated: Mapping[str, int], taxonomy: Taxonomy, path: Path) -> None:
    """Draw a horizontal bar an area, longest first within its group, and write it as PNG.

    Args:
        counts: area to its number of papers.
        annotated: area to the number of those that have an annotation; drawn darker.
        taxonomy: gives the groups, in the order of their sizes from the top.
        path: the file to write.
    """
    groups = {
        group: sorted(areas, key=lambda area: (-counts.get(area, 0), area)) for group, areas in taxonomy.groups.items()
    }
    ordered = sorted(groups.items(), key=lambda item: -sum(counts.get(area, 0) for area in item[1]))
    rows = len(taxonomy.areas) + 1.4 * len(groups)
    figure = new_figure(9, 0.21 * rows + 1.1)
    axes = figure.add_subplot()
    longest = max([*counts.values(), 1])
    y, ticks, names = 0.0, [], []
    for i, (group, areas) in enumerate(ordered):
        colour = f"C{i % 10}"
        axes.text(longest * 0.004, y, group, va="center", color=colour, fontsize=9, fontweight="bold")
        y += 1
        for area in areas:
            count, sure = counts.get(area, 0), annotated.get(area, 0)
            axes.barh(y, count, color=colour, alpha=0.45, height=0.8)
            axes.barh(y, sure, color=colour, height=0.8)
            axes.text(count + longest * 0.006, y, f"{count:,}", va="center", fontsize=7)
            ticks.append(y)
            names.append(area)
            y += 1
        y += 0.4
    axes.set_yticks(ticks, names)
    axes.set_ylim(y - 0.7, -0.7)
    axes.set_xlim(0, longest * 1.08)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", length=0)
    label_axes(axes, title="Papers by area", x="papers (dark: annotated)" if any(annotated.values()) else "papers")
    save_figure(figure, path)
