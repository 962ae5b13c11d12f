"""From calibrated probabilities to the areas that a paper carries, or to none."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray


class Policy(Enum):
    """What the thresholds favour: few wrong areas, the best F1, or few missed ones."""

    precise = "precise"
    balanced = "balanced"
    sensitive = "sensitive"


def taxonomy_fit(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how likely each paper carries any area at all: 1 - prod(1 - p), shape (papers,).

    The probability of at least one area, were areas independent. It ranks papers as JointEnergy does (Wang et al.
    2021, arXiv 2109.14162) on calibrated logits, and tells papers outside the taxonomy from those inside better than
    the highest probability does (docs/LOG.md): a paper inside seldom leaves all areas but one at zero.

    Args:
        probability: calibrated, shape (papers, areas).
    """
    none = np.log1p(-np.minimum(probability.astype(np.float64), 1 - 1e-12)).sum(axis=1)
    fit: NDArray[np.float32] = (-np.expm1(none)).astype(np.float32)
    return fit


def decide(
    probability: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    *,
    fit_threshold: float = 0.0,
    top_k: int | None = None,
    min_score: float = 0.0,
) -> NDArray[np.bool_]:
    """Return which areas each paper carries, shape (papers, areas).

    Args:
        probability: calibrated, shape (papers, areas).
        thresholds: from which probability on an area counts, shape (areas,).
        fit_threshold: a paper whose `taxonomy_fit` lies below carries no area.
        top_k: at most so many areas a paper, the most probable ones; None takes all.
        min_score: no area below this probability, whatever its threshold.
    """
    chosen: NDArray[np.bool_] = (probability >= thresholds) & (probability >= min_score)
    chosen[taxonomy_fit(probability) < fit_threshold] = False
    if top_k is not None:
        best = np.argsort(-probability, axis=1, kind="stable")[:, :top_k]
        within = np.zeros_like(chosen)
        np.put_along_axis(within, best, True, axis=1)
        chosen &= within
    return chosen
