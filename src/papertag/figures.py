"""What all figures share: no window, quiet axes, and files whose bytes depend on nothing but what is drawn."""

from pathlib import Path
from typing import Any

from papertag.errors import UserError

_METADATA: dict[str, dict[str, None]] = {
    # Without the version of matplotlib and the date the same figures give the same bytes.
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
}


def new_figure(width: float, height: float) -> Any:
    """Return a matplotlib figure of this size in inches that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def label_axes(axes: Any, *, title: str = "", x: str = "", y: str = "") -> None:
    """Set the title and the names of both axes, and draw no frame above and at the right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.set_title(title, loc="left", fontsize=11)


def save_figure(figure: Any, path: Path, suffix: str = "") -> None:
    """Write PNG or SVG by the suffix of `path`, or by `suffix` where a temporary path has none.

    Raises:
        UserError: it is another suffix.
    """
    from matplotlib import rc_context

    suffix = suffix or path.suffix
    if suffix not in _METADATA:
        raise UserError(f"{path}: a figure is written as .png or .svg, not {suffix or 'without a suffix'}")
    with rc_context({"svg.hashsalt": "papertag"}):
        figure.savefig(path, format=suffix[1:], metadata=_METADATA[suffix])
