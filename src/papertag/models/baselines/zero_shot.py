"""Zero-shot by the areas' definitions: the cosine of a paper's embedding and a definition's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from papertag.content import folder_size
from papertag.models.baselines.encoder import EncoderConfig, embed, sentence_transformer
from papertag.taxonomy import Taxonomy


class ZeroShot:
    """Compares papers with the areas' names and definitions; it sees no labelled paper."""

    def __init__(self, taxonomy: Taxonomy, encoder: EncoderConfig) -> None:
        self._folder = encoder.folder()
        self._encoder = sentence_transformer(encoder)
        self._described = [f"{area.replace('-', ' ')}\n{text}" for area, text in taxonomy.definitions.items()]
        self._areas = np.zeros((0, 0), dtype=np.float32)

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Embed the definitions, and nothing else."""
        self._areas = embed(self._encoder, self._described)
        return 0

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return cosines, shape (texts, areas)."""
        return embed(self._encoder, texts) @ self._areas.T

    @property
    def size_bytes(self) -> int:
        """Of the encoder's folder and the definitions' embeddings."""
        return folder_size(self._folder) + self._areas.nbytes
