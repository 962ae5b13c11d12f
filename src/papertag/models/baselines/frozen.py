"""Frozen sentence embeddings with logistic regressions: what an encoder knows without being tuned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from papertag.content import folder_size
from papertag.errors import UserError
from papertag.models.baselines.encoder import EncoderConfig, embed, sentence_transformer
from papertag.models.baselines.head import LogisticHead


@dataclass
class FrozenConfig:
    """The classifier on frozen embeddings.

    Attributes:
        c: inverse of the strength of the L2 penalty.
    """

    c: float = 10.0

    def __post_init__(self) -> None:
        if self.c <= 0:
            raise UserError(f"frozen.c={self.c} must be more than 0")


class Frozen:
    """Embeds every training paper once and fits one logistic regression an area."""

    def __init__(self, config: FrozenConfig, encoder: EncoderConfig) -> None:
        self._config, self._folder = config, encoder.folder()
        self._encoder = sentence_transformer(encoder)
        self._head: LogisticHead | None = None

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Embed and fit; see `papertag.models.baselines.base.Baseline`."""
        self._head = LogisticHead.fit(embed(self._encoder, texts), labels, self._config.c)
        return len(texts)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the regressions' logits, shape (texts, areas)."""
        assert self._head is not None
        return self._head.logits(embed(self._encoder, texts))

    @property
    def size_bytes(self) -> int:
        """Of the encoder's folder and the weights."""
        assert self._head is not None
        return folder_size(self._folder) + self._head.size_bytes
