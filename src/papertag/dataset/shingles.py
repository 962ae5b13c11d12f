"""Word n-grams of many texts at once, hashed to 64 bits, and what is asked of them: similarity.

Everything is plain integer arithmetic, so the same texts give the same numbers on every machine.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CHUNK = 1024  # texts hashed at once: arrays of some 16 MB
_NOT_WORD = re.compile(r"[\W_]+")
# Odd, so that they have an inverse modulo 2**64.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_MIX = np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Shingles:
    """Hashed n-grams of several texts, one after the other; those of text i are `[i]`.

    Attributes:
        hashes: uint64 of shape (n-grams of all texts,), with repeats.
        offsets: uint64 of shape (texts + 1,).
    """

    hashes: NDArray[np.uint64]
    offsets: NDArray[np.uint64]

    def __getitem__(self, i: int) -> NDArray[np.uint64]:
        return self.hashes[int(self.offsets[i]) : int(self.offsets[i + 1])]


def fold(text: str) -> bytes:
    """Return `text` in lower case with the compatibility forms of Unicode undone, as UTF-8."""
    if text.isascii():
        return text.lower().encode()
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _NOT_WORD.sub(" ", folded).encode("utf-8", "surrogatepass")


def shingle(texts: Sequence[str], n: int) -> Shingles:
    """Hash the word n-grams of every text; one with fewer than `n` words has a single, shorter one.

    A word's hash is a polynomial of its bytes (Karp and Rabin 1987), taken as the difference of two prefix sums, so
    the cost is a few passes over the bytes and no Python object is made for a word.
    """
    folded = [fold(text) for text in texts]
    data = np.frombuffer(b" ".join(folded) + b" ", dtype=np.uint8)
    ends_of_text = np.cumsum([len(text) + 1 for text in folded])
    words, starts = _words(data)
    first_word = np.searchsorted(starts, np.concatenate(([0], ends_of_text)))
    counts = np.diff(first_word)
    grams = np.maximum(counts - n + 1, np.minimum(counts, 1))
    offsets = np.concatenate(([0], np.cumsum(grams))).astype(np.uint64)
    # The k-th n-gram of a text begins at its k-th word.
    begin = np.arange(grams.sum()) - np.repeat(offsets[:-1].astype(np.int64) - first_word[:-1], grams)
    end_of_text = np.repeat(first_word[1:], grams)
    hashes = np.zeros(len(begin), dtype=np.uint64)
    for i in range(n):
        inside = begin + i < end_of_text
        word = words[np.minimum(begin + i, max(len(words) - 1, 0))]
        hashes = _mixed(hashes * np.uint64(31) + np.where(inside, word, np.uint64(0)))
    return Shingles(hashes, offsets)


class Similarity:
    """Exact Jaccard similarity of two texts' sets of n-grams; a set is made once, when first asked for."""

    def __init__(self, text: Callable[[int], str], n: int) -> None:
        self._text = text
        self._n = n
        self._sets: dict[int, NDArray[np.uint64]] = {}

    def prepare(self, indices: Iterable[int]) -> None:
        """Make the sets of `indices` in bulk, which is far cheaper than one by one."""
        missing = sorted(set(indices) - self._sets.keys())
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            shingles = shingle([self._text(i) for i in chunk], self._n)
            self._sets.update((i, np.unique(shingles[k])) for k, i in enumerate(chunk))

    def __call__(self, a: int, b: int) -> float:
        """Return shared n-grams over all n-grams of texts `a` and `b`; 1 for texts that are the same."""
        if a == b or self._text(a) == self._text(b):
            return 1.0
        self.prepare((a, b))
        first, second = self._sets[a], self._sets[b]
        shared = len(np.intersect1d(first, second, assume_unique=True))
        union = len(first) + len(second) - shared
        return shared / union if union else 1.0


def _words(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return hash and first byte of every run of word bytes: letters, digits, and all that is not ASCII."""
    is_word = _WORD_BYTE[data]
    edges = np.flatnonzero(np.diff(is_word, prepend=False, append=False))
    starts, ends = edges[0::2], edges[1::2]
    powers, inverse = _powers(_BASE, len(data)), _powers(_INVERSE, len(data))
    prefix = np.concatenate((np.zeros(1, np.uint64), np.cumsum((data + np.uint64(1)) * powers, dtype=np.uint64)))
    return _mixed((prefix[ends] - prefix[starts]) * inverse[starts]), starts


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    return _powers_to(base, 1 << max(count - 1, 0).bit_length())[:count]


@lru_cache(maxsize=4)
def _powers_to(base: int, count: int) -> NDArray[np.uint64]:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over the others: sums of polynomials alone are no random numbers."""
    x = (x ^ (x >> np.uint64(32))) * _MIX
    x = (x ^ (x >> np.uint64(32))) * _MIX
    return x ^ (x >> np.uint64(32))


_WORD_BYTE = np.array([chr(b).isalnum() or b >= 0x80 for b in range(256)])
