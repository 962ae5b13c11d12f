"""Rows for areas of which a few papers and a definition are known.

A row is the direction in which an area's papers lie from the mean of all papers (nearest class mean, as in
prototypical networks, Snell et al. 2017, arXiv 1703.05175), moved towards where its definition lies: matching
definitions alone is the dual encoder of zero-shot classification, and with eight papers an area the two
together beat either (docs/LOG.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prototypes:
    """Scores of areas by direction.

    Attributes:
        rows: unit vectors, shape (areas, hidden).
        centre: shape (hidden,).
    """

    rows: NDArray[np.float32]
    centre: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how far papers lie in each area's direction, shape (papers, areas)."""
        scores: NDArray[np.float32] = ((features - self.centre) @ self.rows.T).astype(np.float32)
        return scores


def prototypes(
    features: NDArray[np.float32],
    labels: NDArray[np.float32],
    definitions: NDArray[np.float32],
    centre: NDArray[np.float32],
    definition_weight: float,
) -> Prototypes:
    """Return a row for each area; one without papers is its definition alone.

    Args:
        features: of labelled papers, shape (papers, hidden).
        labels: 0 or 1, shape (papers, areas).
        definitions: features of the areas' definitions, shape (areas, hidden).
        centre: the mean of papers in general, shape (hidden,).
        definition_weight: of the definition's direction against that of the papers' mean.
    """
    means = labels.T @ (features - centre)
    return Prototypes(_unit(_unit(means) + definition_weight * _unit(definitions - centre)), centre)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return result
