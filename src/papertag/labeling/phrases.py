"""Many phrases found in a text at once, on word boundaries: the pattern language of the rules."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from ahocorasick_rs import AhoCorasick, Implementation

_MARK = "\n"
_JOINERS = "-_\t\n\r\x0b\x0c\u00a0\u2010\u2011\u2012\u2013\u2014\u2212"
_OTHER_MARKS = "".join(chr(i) for i in range(33, 127) if not chr(i).isalnum() and chr(i) not in "-_")
# Character for character, since that is many times faster on ASCII than a table that lengthens.
_TABLE = str.maketrans(_JOINERS, " " * len(_JOINERS)) | str.maketrans(
    dict.fromkeys(_OTHER_MARKS + "‘’“”„«»…·•×→←≤≥≈±′″", _MARK)
)
_SPACES = re.compile(" {2,}")


Match = tuple[int, int, int]
"""An occurrence: the number of the phrase, then where it begins and ends in the folded text."""


def fold(text: str) -> str:
    """Return `text` with one space for a hyphen or white space, and two for any other mark.

    So a phrase never reaches across a comma or a full stop, and yet every word stands between spaces.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.translate(_TABLE)
    if "  " in text:
        text = _SPACES.sub(" ", text)
    return text.replace(_MARK, "  ")


def fold_phrase(phrase: str) -> str:
    """Return the form in which two spellings of one phrase are equal: the key of a phrase.

    Lower case unless the phrase holds an upper-case letter; empty where no word is left.
    """
    stem = phrase.strip()
    wild = "*" if stem.endswith("*") else ""
    words = _SPACES.sub(" ", fold(stem.removesuffix("*"))).strip()
    if not words:
        return ""
    return (words if is_cased(words) else words.lower()) + wild


def is_cased(phrase: str) -> bool:
    """Return whether upper and lower case count in `phrase`: it holds an upper-case letter."""
    return phrase != phrase.lower()


class PhraseMatcher:
    """Finds every occurrence of every phrase in one pass over a title and its abstract.

    Args:
        phrases: keys from `fold_phrase`; a trailing ``*`` stands for any ending of the last word.

    The automata are those of Aho and Corasick, "Efficient string matching: an aid to bibliographic
    search" (CACM 1975), one for the text as written and one for its lower case.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self._cased = [i for i, phrase in enumerate(phrases) if is_cased(phrase)]
        self._lower = [i for i, phrase in enumerate(phrases) if not is_cased(phrase)]
        self._find_cased = _automaton([phrases[i] for i in self._cased])
        self._find_lower = _automaton([phrases[i] for i in self._lower])

    def find(self, title: str, abstract: str) -> tuple[list[Match], int]:
        """Return the occurrences, overlapping ones too, and the position at which the abstract begins.

        Those of one phrase come in the order of the text.
        """
        first = f" {fold(title)} "
        text = f"{first} {fold(abstract)} "
        cased, lower = self._cased, self._lower
        matches = [(cased[i], s, e) for i, s, e in self._find_cased(text, overlapping=True)]
        matches += [(lower[i], s, e) for i, s, e in self._find_lower(_lowered(text), overlapping=True)]
        return matches, len(first)


def _automaton(phrases: list[str]) -> Callable[..., list[Match]]:
    # A space before and after makes the word boundary part of the string that is looked for.
    strings = [f" {p[:-1]}" if p.endswith("*") else f" {p} " for p in phrases]
    automaton = AhoCorasick(strings, implementation=Implementation.DFA)
    find: Callable[..., list[Match]] = automaton.find_matches_as_indexes
    return find


def _lowered(text: str) -> str:
    """Return `text` in lower case, every character in its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
