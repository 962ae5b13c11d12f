"""Votes to soft labels: annotations win outright, all other votes are combined by noisy-or."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from papertag.labeling.annotations import NAME as ANNOTATIONS
from papertag.labeling.vote import Vote, Votes
from papertag.taxonomy import Taxonomy


@dataclass(frozen=True)
class SoftLabels:
    """What the labelers together hold of every paper.

    Attributes:
        labels: probabilities, float32 of shape (papers, areas); exactly 0 or 1 where annotated.
        annotated: bool of shape (papers,), true where an annotation decided.
    """

    labels: NDArray[np.float32]
    annotated: NDArray[np.bool_]


def combine(votes: Mapping[str, Votes], taxonomy: Taxonomy) -> SoftLabels:
    """Combine the votes of labelers, by name, into soft labels.

    Votes p1, p2, ... for one area give 1 - (1 - p1)(1 - p2)..., the noisy-or of Pearl, "Probabilistic
    Reasoning in Intelligent Systems" (1988): each piece of evidence may bring the area by itself. A paper
    that no labeler says anything about gets zeros.

    Raises:
        ValueError: the labelers have voted on different numbers of papers.
    """
    counts = {len(of_labeler) for of_labeler in votes.values()}
    if len(counts) > 1:
        raise ValueError(f"the labelers voted on different numbers of papers: {sorted(counts)}")
    papers = counts.pop() if counts else 0
    decided = votes.get(ANNOTATIONS)
    annotated = np.array([v is not None for v in decided] if decided else [False] * papers, dtype=np.bool_)
    absent = np.ones((papers, len(taxonomy.areas)), dtype=np.float32)
    for name, of_labeler in votes.items():
        if name != ANNOTATIONS:
            absent *= 1 - probabilities(of_labeler, taxonomy)
    labels = 1 - absent
    if decided is not None:
        labels[annotated] = probabilities(decided, taxonomy)[annotated]
    return SoftLabels(labels, annotated)


def probabilities(votes: Votes, taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Return one labeler's votes, combined by noisy-or, as a float32 array of shape (papers, areas)."""
    areas = len(taxonomy.areas)
    cells = _cells(votes, taxonomy)
    with np.errstate(divide="ignore"):
        log_absent = np.log1p(-np.fromiter((v.probability for v in _all(votes)), np.float64, len(cells)))
    total = np.bincount(cells, weights=log_absent, minlength=len(votes) * areas)
    # Not -expm1(total), which is -0.0 where there is no vote.
    return (0 - np.expm1(total)).astype(np.float32).reshape(len(votes), areas)


def voted(votes: Votes, taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Return where one labeler votes, as a bool array of shape (papers, areas)."""
    areas = len(taxonomy.areas)
    result = np.zeros(len(votes) * areas, dtype=np.bool_)
    result[_cells(votes, taxonomy)] = True
    return result.reshape(len(votes), areas)


def _cells(votes: Votes, taxonomy: Taxonomy) -> NDArray[np.int64]:
    lengths = np.fromiter((len(v) if v else 0 for v in votes), np.int64, len(votes))
    index = taxonomy.index
    columns = np.fromiter((index[v.area] for v in _all(votes)), np.int64, int(lengths.sum()))
    return np.repeat(np.arange(len(votes)), lengths) * len(taxonomy.areas) + columns


def _all(votes: Votes) -> Iterable[Vote]:
    return chain.from_iterable(v for v in votes if v)
