"""How far scores and thresholds would move with other papers: the bootstrap over papers (Efron 1979)."""

import numpy as np
from numpy.typing import NDArray

from papertag.training.calibrate import Thresholds, fit_thresholds


def f1_intervals(
    truth: NDArray[np.float32], predicted: NDArray[np.bool_], *, resamples: int = 1000, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return the 95% percentile intervals of ``micro_f1`` and ``macro_f1`` over bootstrap resamples of the papers.

    An area that a resample happens to lack counts in its macro-F1 with the F1 that it has in the whole.

    Args:
        truth: 0 or 1, shape (papers, areas).
        predicted: the same shape.
        resamples: how many.
        seed: of the resamples.
    """
    hits = truth >= 0.5
    weights = _weights(len(hits), resamples, seed)
    both, sizes = _counts(hits, predicted, weights)
    micro = both.sum(axis=1) / np.maximum(sizes.sum(axis=1), 1)
    everything = np.ones((1, len(hits)), dtype=np.float32)
    areas = _f1_of_areas(hits, predicted, weights)
    macro = np.where(np.isnan(areas), _f1_of_areas(hits, predicted, everything), areas).mean(axis=1)
    return {name: _interval(values) for name, values in (("micro_f1", micro), ("macro_f1", macro))}


def threshold_stability(
    probability: NDArray[np.float32], truth: NDArray[np.float32], *, resamples: int = 50, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Fit thresholds on bootstrap resamples of the papers, and score each on the papers that it did not draw.

    Args:
        probability: calibrated, shape (papers, areas).
        truth: 0 or 1, the same shape.
        resamples: how many.
        seed: of the resamples.

    Returns:
        ``per_area``, ``global`` and ``difference`` (the first less the second, resample by resample): each with the
        ``mean`` of macro-F1, its standard deviation ``std``, and ``low`` and ``high``, the bounds of its 95% interval.
        Empty with fewer than ten papers, of which no resample leaves enough to score.
    """
    hits = truth >= 0.5
    if len(hits) < 10:
        return {}
    scores: dict[str, list[float]] = {kind.value: [] for kind in (Thresholds.per_area, Thresholds["global"])}
    for weights in _weights(len(hits), resamples, seed):
        drawn = np.repeat(np.arange(len(hits)), weights.astype(int))
        out = (weights == 0).astype(np.float32)[None]
        for kind in scores:
            thresholds = fit_thresholds(probability[drawn], truth[drawn], Thresholds[kind])
            scores[kind].append(float(np.nanmean(_f1_of_areas(hits, probability >= thresholds, out))))
    columns = {kind: np.array(values) for kind, values in scores.items()}
    columns["difference"] = columns["per_area"] - columns["global"]
    result = {}
    for name, values in columns.items():
        low, high = _interval(values)
        result[name] = {"mean": float(values.mean()), "std": float(values.std()), "low": low, "high": high}
    return result


def _weights(papers: int, resamples: int, seed: int) -> NDArray[np.float32]:
    """Return how often each resample draws a paper, shape (resamples, papers)."""
    draws = np.random.default_rng(seed).multinomial(papers, np.full(papers, 1 / papers), resamples)
    return draws.astype(np.float32)


def _f1_of_areas(
    hits: NDArray[np.bool_], predicted: NDArray[np.bool_], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return F1, shape (resamples, areas); not a number where a resample lacks an area that others carry.

    An area that no paper of the whole carries scores 0, as it does in the metric itself.
    """
    both, sizes = _counts(hits, predicted, weights)
    lacking = (weights @ hits.astype(np.float32) == 0) & hits.any(axis=0)
    return np.where(lacking, np.nan, both / np.maximum(sizes, 1))


def _counts(
    hits: NDArray[np.bool_], predicted: NDArray[np.bool_], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the numerators and denominators of F1, both of shape (resamples, areas)."""
    both = 2.0 * (weights @ (hits & predicted).astype(np.float32)).astype(np.float64)
    sizes = (weights @ hits.astype(np.float32) + weights @ predicted.astype(np.float32)).astype(np.float64)
    return both, sizes


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
