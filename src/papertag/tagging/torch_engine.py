"""The PyTorch engine: full precision, batches sorted by length."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from papertag.errors import UserError
from papertag.models.classifier import load_classifier
from papertag.models.forward import forward, sorted_batches


class TorchEngine:
    """A transformers classifier run by PyTorch."""

    def __init__(self, folder: Path, *, batch_size: int, device: str | None = None) -> None:
        """Load the model folder; `device` None takes a CUDA device where there is one."""
        self._model, self._tokenizer = load_classifier(folder)
        self._batch_size = batch_size
        try:
            self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            self._model.to(self._device)
        except (RuntimeError, AssertionError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"engine.device={device} cannot be used: {first}") from None

    def logits(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
        """Yield positions in `texts` with their logits, longest texts first."""
        token_ids = self._tokenizer(list(texts), truncation=True)["input_ids"]
        lengths = np.array([len(ids) for ids in token_ids], dtype=np.int64)
        batches = sorted_batches(lengths, self._batch_size)
        return forward(self._model, self._tokenizer, token_ids, batches, self._device)
