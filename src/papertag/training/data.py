"""Tokens and labels of a split, and batches of papers of like length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from papertag.errors import UserError
from papertag.paper import input_text

# Batches are cut from runs of this many batches sorted by length: long enough to waste little padding,
# short enough to leave the order random.
_BUCKET_BATCHES = 50


@dataclass(frozen=True)
class EncodedSplit:
    """A split ready for the model: token ids of each paper, and labels of shape (papers, areas)."""

    token_ids: list[list[int]]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each paper, shape (papers,)."""
        return np.array([len(ids) for ids in self.token_ids], dtype=np.int64)


def encode_split(split: Any, tokenizer: Any, *, hard_labels: bool, max_length: int = 0) -> EncodedSplit:
    """Tokenise a `datasets.Dataset` with the columns title, abstract and labels.

    Args:
        split: the dataset.
        tokenizer: texts are cut at its ``model_max_length`` tokens.
        hard_labels: round soft labels to 0 or 1.
        max_length: cut at so many tokens instead, where that is fewer; 0 does not.
    """
    texts = texts_of_split(split)
    limit = min(max_length or tokenizer.model_max_length, tokenizer.model_max_length)
    token_ids = tokenizer(texts, truncation=True, max_length=limit)["input_ids"] if texts else []
    return EncodedSplit(token_ids, labels_of_split(split, hard_labels=hard_labels))


def draw(split: Any, papers: int, seed: int) -> Any:
    """Return a random part of a `datasets.Dataset`, in its order; a smaller draw of the same seed is part of a larger.

    Raises:
        UserError: the split has fewer papers.
    """
    if papers > len(split):
        raise UserError(
            f"dataset.train_papers={papers}, but only {len(split)} papers can be trained on: ask for at most that many"
        )
    order = np.random.default_rng(seed).permutation(len(split))
    return split.select(np.sort(order[:papers]))


def texts_of_split(split: Any) -> list[str]:
    """Return the input text of every paper of a `datasets.Dataset`."""
    return [input_text(t, a) for t, a in zip(split["title"], split["abstract"], strict=True)]


def labels_of_split(split: Any, *, hard_labels: bool) -> NDArray[np.float32]:
    """Return the labels of a `datasets.Dataset`, shape (papers, areas), rounded to 0 or 1 if `hard_labels`."""
    labels = np.asarray(split["labels"], dtype=np.float32)
    return (labels >= 0.5).astype(np.float32) if hard_labels else labels


def epoch_batches(
    lengths: NDArray[np.int64], batch_size: int, *, seed: int, epoch: int, processes: int = 1
) -> list[list[int]]:
    """Return the batches of one epoch, each a list of positions, in the order in which they are trained.

    The order depends on nothing but the arguments, so a resumed run can enter it at any step. Papers of
    like length stand together; buckets and the batches in them are shuffled. With several processes the
    number of batches is made a multiple of `processes` by repeating the first ones.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths))
    bucket = batch_size * _BUCKET_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), bucket):
        part = order[start : start + bucket]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[i : i + batch_size].tolist() for i in range(0, len(part), batch_size)]
    shuffled = [batches[i] for i in rng.permutation(len(batches))]
    return shuffled + list(islice(cycle(shuffled), -len(shuffled) % processes))


def labels_of(split: EncodedSplit, positions: Sequence[int]) -> Tensor:
    """Return the labels at `positions`, shape (positions, areas)."""
    return torch.from_numpy(split.labels[list(positions)])
