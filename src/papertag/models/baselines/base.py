"""The one interface of all baselines."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Baseline(Protocol):
    """Texts to logits of areas, learned from labelled texts or from none."""

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Learn from labelled texts.

        Args:
            texts: input texts (`papertag.paper.input_text`).
            labels: shape (texts, areas); an area holds from 0.5 on.

        Returns:
            The number of labelled texts that were learned from.
        """
        ...

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return logits of any scale, larger for likelier areas, shape (texts, areas)."""
        ...

    @property
    def size_bytes(self) -> int:
        """What has to lie on the disk for `logits`, once `fit` has run."""
        ...


def base_rate_logits(hits: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the log-odds of each area's share of the papers, half a paper added to either side, shape (areas,)."""
    positives = hits.sum(axis=0)
    result: NDArray[np.float32] = np.log((positives + 0.5) / (len(hits) - positives + 0.5)).astype(np.float32)
    return result
