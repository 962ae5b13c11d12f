"""The reliability diagram: how often areas are right that were given with a certain probability."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papertag.figures import label_axes, new_figure, save_figure
from papertag.files import whole_file


@dataclass(frozen=True)
class Reliability:
    """Equal-width bins over (paper, area) pairs; every array has the shape (bins,).

    Attributes:
        count: pairs in each bin.
        confidence: their mean probability, NaN for an empty bin.
        frequency: the share of them that is true, NaN for an empty bin.
    """

    count: NDArray[np.int64]
    confidence: NDArray[np.float64]
    frequency: NDArray[np.float64]


def reliability(probability: NDArray[np.float32], truth: NDArray[np.float32], bins: int = 15) -> Reliability:
    """Return the bins of probabilities and 0/1 labels, both of shape (papers, areas).

    Each area is a decision of its own, as in `papertag.training.metrics.expected_calibration_error` (Guo et al. 2017,
    arXiv 1706.04599).
    """
    flat, hit = probability.ravel().astype(np.float64), truth.ravel() >= 0.5
    which = np.minimum((flat * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    sums, hits = np.bincount(which, flat, bins), np.bincount(which, hit, bins)
    with np.errstate(invalid="ignore"):
        confidence, frequency = sums / count, hits / count
    return Reliability(count, confidence, frequency)


def reliability_figure(
    probability: NDArray[np.float32], truth: NDArray[np.float32], path: Path, title: str = "Reliability"
) -> None:
    """Draw the reliability diagram of 15 bins with the counts below it, and write it as PNG or SVG.

    Args:
        probability: calibrated, shape (papers, areas).
        truth: 0 or 1, the same shape.
        path: the file to write; its suffix chooses the format.
        title: the expected calibration error is put behind it.

    Raises:
        UserError: the suffix is neither .png nor .svg, or the file cannot be written.
    """
    from papertag.training.metrics import expected_calibration_error

    bins = reliability(probability, truth)
    ece = expected_calibration_error(probability.astype(np.float64), truth >= 0.5, len(bins.count))
    edges = np.linspace(0, 1, len(bins.count) + 1)
    middle, width = (edges[:-1] + edges[1:]) / 2, 1 / len(bins.count)
    figure = new_figure(4.6, 5.4)
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    upper.bar(middle, bins.frequency, width * 0.92, color="C0", alpha=0.45)
    filled = bins.count > 0
    upper.plot(bins.confidence[filled], bins.frequency[filled], "o-", color="C0", markersize=4, linewidth=1)
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1)
    label_axes(upper, title=f"{title}, ECE {ece:.3f}", y="share that is true")
    lower.bar(middle, bins.count, width * 0.92, color="C0", alpha=0.45)
    lower.set_yscale("log")
    lower.set_ylim(bottom=0.7)
    label_axes(lower, x="predicted probability", y="paper-area pairs")
    with whole_file(path) as temporary:
        save_figure(figure, temporary, path.suffix)
