"""No look at the paper: every area at its base rate."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from papertag.models.baselines.base import base_rate_logits


class Majority:
    """Gives every paper the log-odds of each area's share of the training papers."""

    def __init__(self) -> None:
        self._logits = np.zeros(0, dtype=np.float32)

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Count the areas; see `papertag.models.baselines.base.Baseline`."""
        self._logits = base_rate_logits(labels >= 0.5)
        return len(texts)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the same row for every text, shape (texts, areas)."""
        return np.tile(self._logits, (len(texts), 1))

    @property
    def size_bytes(self) -> int:
        """Four bytes an area."""
        return self._logits.nbytes
