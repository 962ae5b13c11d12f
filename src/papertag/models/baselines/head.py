"""One logistic regression an area on dense features."""

import numpy as np
from numpy.typing import NDArray

from papertag.models.baselines.base import base_rate_logits


class LogisticHead:
    """Weights and intercepts of one logistic regression an area.

    Attributes:
        weights: shape (dimensions, areas).
        intercept: shape (areas,).
    """

    def __init__(self, weights: NDArray[np.float32], intercept: NDArray[np.float32]) -> None:
        self.weights, self.intercept = weights, intercept

    @classmethod
    def fit(cls, features: NDArray[np.float32], labels: NDArray[np.float32], c: float) -> "LogisticHead":
        """Fit with positives and negatives weighing the same; an area without either keeps its base rate.

        Args:
            features: shape (texts, dimensions).
            labels: shape (texts, areas), cut at 0.5.
            c: inverse of the strength of the L2 penalty.
        """
        from sklearn.linear_model import LogisticRegression

        hits = labels >= 0.5
        intercept = base_rate_logits(hits)
        weights = np.zeros((features.shape[1], hits.shape[1]), dtype=np.float32)
        for area in np.flatnonzero(hits.any(axis=0) & ~hits.all(axis=0)):
            fitted = LogisticRegression(C=c, class_weight="balanced", max_iter=1000).fit(features, hits[:, area])
            weights[:, area], intercept[area] = fitted.coef_[0], fitted.intercept_[0]
        return cls(weights, intercept)

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits, shape (texts, areas)."""
        return features @ self.weights + self.intercept

    @property
    def size_bytes(self) -> int:
        """Four bytes a weight."""
        return self.weights.nbytes + self.intercept.nbytes
