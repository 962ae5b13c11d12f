"""Fitting on validation: logits to honest probabilities, and the probability from which an area counts."""

from collections.abc import Sequence
from enum import Enum
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from papertag.models.decision import Policy, taxonomy_fit
from papertag.models.folder import Calibration

# An area's own threshold counts as much as the global one when it was fitted on this many positives.
# Below that the best threshold on validation is mostly chance (docs/LOG.md).
_SHRINKAGE = 160.0
_RESAMPLES = 100
_GRID = np.linspace(0.02, 0.98, 97)
_GRID_LOGITS = np.log(_GRID) - np.log1p(-_GRID)
# Weight of recall against precision: F0.5, F1, F2. A target such as "precision 0.9" was tried for the precise policy:
# its thresholds spread more between resamples, cost more recall, and cannot be reached in every area (docs/LOG.md).
_BETA = {Policy.precise: 0.5, Policy.balanced: 1.0, Policy.sensitive: 2.0}
# The papers of validation that abstention may cost; all of them carry an area.
_ABSTAINED = 0.02


# ``global`` is a keyword, so the members are named in a call.
Thresholds = Enum("Thresholds", {"global": "global", "per_area": "per_area"})


class Decisions(TypedDict):
    """What `fit_decisions` gives: the fields of `papertag.models.folder.Metadata` that decide."""

    thresholds: dict[str, float]
    policies: dict[Policy, dict[str, float]]
    fit_threshold: float


def fit_calibration(
    logits: NDArray[np.float32], truth: NDArray[np.float32], linear_logits: NDArray[np.float32] | None = None
) -> Calibration:
    """Fit temperature, bias and the linear member's weight by minimising the log loss over all (paper, area) pairs.

    Args:
        logits: the transformer's, shape (papers, areas).
        truth: 0 or 1, the same shape.
        linear_logits: the linear member's, the same shape; None where there is no such member.
    """
    from sklearn.linear_model import LogisticRegression

    hit = (truth.ravel() >= 0.5).astype(int)
    if hit.min() == hit.max():
        return Calibration()
    members = [logits] if linear_logits is None else [logits, linear_logits]
    columns = np.stack([member.ravel() for member in members], axis=1).astype(np.float64)
    fitted = LogisticRegression(C=1e6).fit(columns, hit)
    slope, linear = float(fitted.coef_[0, 0]), float(fitted.coef_[0, 1]) if len(members) == 2 else 0.0
    if slope <= 0 or linear < 0:
        # A member that has learned nothing: scaling would turn its ranking upside down.
        return Calibration(linear=0.0 if linear_logits is None else 1.0)
    return Calibration(temperature=1.0 / slope, bias=float(fitted.intercept_[0]), linear=linear)


def fit_decisions(
    probability: NDArray[np.float32],
    truth: NDArray[np.float32],
    areas: Sequence[str],
    kind: Thresholds,
    weights: NDArray[np.float32] | None = None,
) -> Decisions:
    """Fit everything that turns calibrated probabilities into areas.

    The thresholds of the precise policy are never below those of the balanced one, nor these below the sensitive
    ones', so that each policy's areas are among those of the next.

    Args:
        probability: calibrated, shape (papers, areas).
        truth: 0 or 1, the same shape.
        areas: their names, in order.
        kind: one global threshold, or one per area.
        weights: how much each (paper, area) pair counts for the thresholds; None counts all alike.
    """
    fitted = {policy: fit_thresholds(probability, truth, kind, beta, weights) for policy, beta in _BETA.items()}
    balanced = fitted[Policy.balanced]
    fitted[Policy.precise] = np.maximum(fitted[Policy.precise], balanced)
    fitted[Policy.sensitive] = np.minimum(fitted[Policy.sensitive], balanced)
    named = {
        policy: {area: round(float(t), 4) for area, t in zip(areas, thresholds, strict=True)}
        for policy, thresholds in fitted.items()
    }
    return {
        "thresholds": named.pop(Policy.balanced),
        "policies": named,
        "fit_threshold": round(fit_abstention(probability, truth), 4),
    }


def fit_abstention(probability: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the `taxonomy_fit` below which a fiftieth of the papers that carry an area lie; 0 without such papers.

    Only papers inside the taxonomy are needed. Shapes as in `fit_thresholds`.
    """
    inside = (truth >= 0.5).any(axis=1)
    return float(np.quantile(taxonomy_fit(probability[inside]), _ABSTAINED)) if inside.any() else 0.0


def fit_thresholds(
    probability: NDArray[np.float32],
    truth: NDArray[np.float32],
    kind: Thresholds,
    beta: float = 1.0,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return the thresholds with the best F-beta, shape (areas,).

    The best threshold is taken on each of 100 bootstrap resamples of the papers and averaged in log-odds (bagging,
    Breiman 1996): the peak of one sample's curve is ragged, and its place mostly chance. Per area, each threshold is
    drawn towards the global one, the more the fewer positives it was fitted on:
    t = (n * own + 160 * global) / (n + 160), in log-odds.

    Args:
        probability: calibrated, shape (papers, areas).
        truth: 0 or 1, the same shape.
        kind: one global threshold (best macro-F-beta), or one per area.
        beta: weight of recall against precision.
        weights: how much each pair counts, shape (papers, areas); None counts all alike.
    """
    hits = truth >= 0.5
    positives = hits.sum(axis=0)
    papers = len(hits)
    resamples = np.random.default_rng(0).multinomial(papers, np.full(papers, 1 / papers), _RESAMPLES)
    curves = _f_curves(probability, hits, resamples.astype(np.float32), beta, weights)
    present = curves[:, positives > 0]
    overall = float(_mean_best(present.mean(axis=1), fallback=0.0)) if positives.any() else 0.0
    mixed = np.full(positives.shape, overall)
    if kind is Thresholds.per_area:
        share = positives / (positives + _SHRINKAGE)
        mixed = share * _mean_best(curves, fallback=overall) + (1 - share) * overall
    thresholds: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-mixed))).astype(np.float32)
    return thresholds


def _f_curves(
    probability: NDArray[np.float32],
    hits: NDArray[np.bool_],
    draws: NDArray[np.float32],
    beta: float,
    pair_weights: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Return F-beta at every threshold of the grid, shape (resamples, areas, grid).

    `draws`, shape (resamples, papers), says how often each resample drew a paper.
    """
    curves = np.zeros((len(draws), hits.shape[1], len(_GRID)), dtype=np.float32)
    for area in range(hits.shape[1]):
        weights = draws if pair_weights is None else draws * pair_weights[:, area]
        hit = hits[:, area]
        predicted = (probability[:, area, None] >= _GRID).astype(np.float32)
        found = weights[:, hit] @ predicted[hit]
        errors = weights @ predicted + beta**2 * weights[:, hit].sum(axis=1, keepdims=True)
        curves[:, area] = (1 + beta**2) * found / np.maximum(errors, 1e-9)
    return curves


def _mean_best(curves: NDArray[np.float32], fallback: float) -> NDArray[np.float64]:
    """Return the log-odds of the best threshold, averaged over resamples, the first axis; the grid is the last.

    Of equally good thresholds the middle one counts. A resample without any hit has no best one; where none has, the
    result is `fallback`.
    """
    best = curves.max(axis=-1, keepdims=True)
    rank = (curves >= best - 1e-6).cumsum(axis=-1)
    middle = (rank >= rank[..., -1:] // 2 + 1).argmax(axis=-1)
    usable = best[..., 0] > 0
    count = usable.sum(axis=0)
    total = np.where(usable, _GRID_LOGITS[middle], 0.0).sum(axis=0)
    mean: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), fallback)
    return mean
