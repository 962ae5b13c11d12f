"""The words of a paper in their places, and what tokens and features of its text give to each of them."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Hyphens, points and apostrophes join inside a word: state-of-the-art, 0.1, Pearl's.
_WORD = re.compile(r"\w+(?:[-.'’]\w+)*|[^\w\s]+")
# What scikit-learn's vectorizers, and so the linear member, take for a word.
_FEATURE_WORD = re.compile(r"\b\w\w+\b")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a run of punctuation, at the characters from `start` up to `end` of a text."""

    text: str
    start: int
    end: int


def words_of(text: str) -> tuple[Word, ...]:
    """Return the words of `text`, in order; together they hold every character that is no space."""
    return tuple(Word(match.group(), match.start(), match.end()) for match in _WORD.finditer(text))


def from_tokens(
    words: Sequence[Word], offsets: Sequence[tuple[int, int]], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for each word the sum over its tokens, shape (words,).

    Args:
        words: of the text that was tokenized.
        offsets: first character of each token and the one after its last; some tokenizers count the space before a
            word to its first token. Empty ones, which special tokens have, are left out.
        values: one a token.
    """
    result = np.zeros(len(words))
    starts = [word.start for word in words]
    for (start, end), value in zip(offsets, values, strict=True):
        if start < end:
            # A token that is only space belongs to the word before it, if there is one.
            result[max(bisect_right(starts, end - 1) - 1, 0)] += value
    return result


def from_features(words: Sequence[Word], text: str, values: Mapping[str, float]) -> NDArray[np.float64]:
    """Return for each word its part of what words and word pairs of the text give, shape (words,).

    A feature's value is shared evenly among the places where it stands, and a pair's place by its two words. A pair
    that stands nowhere in a row (the linear member reads the title twice, so its end meets its beginning) is shared
    among all places of its words.

    Args:
        words: of `text`.
        text: as the linear member read it.
        values: lower-case word, or two joined by a space, to its value.
    """
    places = _places(words, text)
    result = np.zeros(len(words))
    for feature, value in values.items():
        where = places.get(feature) or [place for word in feature.split(" ") for place in places[word]]
        np.add.at(result, where, value / len(where))
    return result


def _places(words: Sequence[Word], text: str) -> dict[str, list[int]]:
    """Return for each lower-case word and pair of `text` the numbers of the `words` that it stands in."""
    # One letter, the dotted capital I, has two characters in lower case.
    characters = [i for i, character in enumerate(text) for _ in character.lower()]
    starts = [word.start for word in words]
    result: dict[str, list[int]] = defaultdict(list)
    before: tuple[str, int] | None = None
    for match in _FEATURE_WORD.finditer(text.lower()):
        word, place = match.group(), bisect_right(starts, characters[match.start()]) - 1
        result[word].append(place)
        if before:
            result[f"{before[0]} {word}"] += [before[1], place]
        before = (word, place)
    return dict(result)
