"""Candidates for near duplicates: MinHash signatures, cut into bands, and the texts that share a band."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from papertag.dataset.shingles import CHUNK, shingle

SIGNATURE = 256
_MISS = 1e-4
_MIX = np.uint64(0x9E3779B97F4A7C15)


def rows_per_band(threshold: float) -> int:
    """Return the longest band with which a pair as similar as `threshold` is missed once in 10,000 times at most.

    Of two texts with Jaccard similarity s, a band of r rows agrees with probability s**r (Leskovec, Rajaraman and
    Ullman, Mining of Massive Datasets, section 3.4). Longer bands give fewer false candidates.
    """
    fitting = (r for r in range(16, 0, -1) if (1 - threshold**r) ** (SIGNATURE // r) <= _MISS)
    return next(fitting, 1)


def candidate_groups(
    count: int,
    text: Callable[[int], str],
    *,
    ngram: int,
    threshold: float,
    seed: int,
    advance: Callable[[int], object],
) -> Iterator[list[int]]:
    """Yield groups of numbers below `count`, ascending, whose texts share a band of their signatures.

    Every group is a guess: compare its members. A pair may come in several groups.

    Args:
        count: how many texts to compare.
        text: gives the text of a number.
        ngram: words in an n-gram.
        threshold: the Jaccard similarity from which pairs should come out.
        seed: of the hash functions.
        advance: called with the number of texts whose signatures have been computed since the last call.
    """
    signatures = np.empty((count, SIGNATURE), dtype=np.uint32)
    for start in range(0, count, CHUNK):
        shingles = shingle([text(i) for i in range(start, min(start + CHUNK, count))], ngram)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles.hashes, shingles.offsets, SIGNATURE, seed)
        rows = matrix.to_rows()
        signatures[start : start + len(rows)] = rows
        advance(len(rows))
    rows_each = rows_per_band(threshold)
    for first in range(0, SIGNATURE - rows_each + 1, rows_each):
        key = np.zeros(count, dtype=np.uint64)
        for column in range(first, first + rows_each):
            key = (key ^ signatures[:, column]) * _MIX
            key ^= key >> np.uint64(29)
        yield from _equal(key)


def _equal(key: NDArray[np.uint64]) -> Iterator[list[int]]:
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    starts = np.flatnonzero(np.diff(sorted_key, prepend=~sorted_key[:1]))
    lengths = np.diff(starts, append=len(key))
    for start, length in zip(starts[lengths > 1], lengths[lengths > 1], strict=True):
        yield order[start : start + length].tolist()
