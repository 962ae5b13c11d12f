"""Token ids to logits, in batches of papers of like length."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def sorted_batches(lengths: NDArray[np.int64], batch_size: int) -> list[list[int]]:
    """Return batches of positions for prediction: longest papers first, so that memory peaks at the start."""
    order = np.argsort(-lengths, kind="stable")
    return [order[i : i + batch_size].tolist() for i in range(0, len(order), batch_size)]


def collate(token_ids: Sequence[Sequence[int]], tokenizer: Any, device: Any) -> dict[str, Tensor]:
    """Pad token ids to the longest of them: input_ids and attention_mask, shape (papers, tokens)."""
    batch = tokenizer.pad({"input_ids": [list(ids) for ids in token_ids]}, return_tensors="pt")
    return {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}


def forward(
    model: Any,
    tokenizer: Any,
    token_ids: Sequence[Sequence[int]],
    batches: Sequence[Sequence[int]],
    device: Any,
) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
    """Yield the positions of each batch with their logits, shape (positions, areas), without gradients."""
    with torch.inference_mode():
        for positions in batches:
            logits = model(**collate([token_ids[i] for i in positions], tokenizer, device)).logits
            yield positions, logits.float().cpu().numpy()
