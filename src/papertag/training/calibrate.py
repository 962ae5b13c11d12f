"""Fitting on validation: logits to honest probabilities, and the probability from which an area counts."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from papertag.models.folder import Calibration

# An area's own threshold counts as much as the global one when it was fitted on this many positives.
# Below that the best threshold on validation is mostly chance (docs/LOG.md).
_SHRINKAGE = 20.0
_GRID = np.linspace(0.02, 0.98, 97)


# ``global`` is a keyword, so the members are named in a call.
Thresholds = Enum("Thresholds", {"global": "global", "per_area": "per_area"})


def fit_calibration(logits: NDArray[np.float32], truth: NDArray[np.float32]) -> Calibration:
    """Fit temperature and bias by minimising the log loss over all (paper, area) pairs.

    Args:
        logits: shape (papers, areas).
        truth: 0 or 1, the same shape.
    """
    from sklearn.linear_model import LogisticRegression

    hit = (truth.ravel() >= 0.5).astype(int)
    if hit.min() == hit.max():
        return Calibration()
    fitted = LogisticRegression(C=1e6).fit(logits.reshape(-1, 1).astype(np.float64), hit)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:
        # A model that has learned nothing: scaling would turn its ranking upside down.
        return Calibration()
    return Calibration(temperature=1.0 / slope, bias=float(fitted.intercept_[0]))


def fit_thresholds(
    probability: NDArray[np.float32], truth: NDArray[np.float32], kind: Thresholds
) -> NDArray[np.float32]:
    """Return the thresholds with the best F1, shape (areas,).

    Per area, each threshold is drawn towards the global one, the more the fewer positives it was fitted on:
    t = (n * own + 20 * global) / (n + 20), in log-odds.
    """
    hits = truth >= 0.5
    overall = float(_best(_macro_f1(probability, hits)))
    if kind is not Thresholds.per_area:
        return np.full(probability.shape[1], overall, dtype=np.float32)
    own = np.array([_best(_f1(probability[:, i], hits[:, i])) for i in range(probability.shape[1])])
    positives = hits.sum(axis=0)
    share = positives / (positives + _SHRINKAGE)
    mixed = share * _logit(own) + (1 - share) * _logit(np.array(overall))
    thresholds: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-mixed))).astype(np.float32)
    return thresholds


def _f1(probability: NDArray[np.float32], hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return F1 at every threshold of the grid for one area."""
    predicted = probability[:, None] >= _GRID
    true_positives = (predicted & hits[:, None]).sum(axis=0)
    denominator = predicted.sum(axis=0) + hits.sum()
    result: NDArray[np.float64] = 2.0 * true_positives / np.maximum(denominator, 1)
    return result


def _macro_f1(probability: NDArray[np.float32], hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    present = np.flatnonzero(hits.any(axis=0))
    if not len(present):
        return np.zeros(len(_GRID))
    curves: NDArray[np.float64] = np.mean([_f1(probability[:, i], hits[:, i]) for i in present], axis=0)
    return curves


def _best(curve: NDArray[np.float64]) -> float:
    """Return the middle one of the thresholds that reach the best F1; 0.5 where none reaches any."""
    if curve.max() <= 0:
        return 0.5
    best = np.flatnonzero(curve >= curve.max() - 1e-9)
    return float(_GRID[best[len(best) // 2]])


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return result
