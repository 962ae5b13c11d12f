"""The labeler of the keywords that authors give their papers.

A keywords file maps keywords, as people write them, to areas with the probability that a paper with the
keyword carries the area::

    version: 1
    keywords:
      model pruning: {pruning-sparsity: 0.95, efficient-inference: 0.4}

Only a whole keyword counts. Case, hyphens, punctuation and the s of a plural do not, nor does a heading
before a colon, as in ``Machine Learning: Reinforcement Learning``.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from ruamel.yaml.comments import CommentedMap

from papertag.errors import UserError
from papertag.labeling.areafile import DEFAULT, known_area, locate, weight
from papertag.labeling.vote import Vote
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy
from papertag.yaml_file import line_of, read_section

NAME = "keywords"

_NOT_WORD = re.compile(r"[\W_]+")


def fold_keyword(keyword: str) -> str:
    """Return the form in which two spellings of one keyword are equal; empty where no word is left."""
    topic = unicodedata.normalize("NFKC", keyword).strip(": ").rpartition(":")[2]
    return " ".join(_singular(word) for word in _NOT_WORD.split(topic.casefold()) if word)


def load_keywords(name: str, taxonomy: Taxonomy) -> dict[str, list[Vote]]:
    """Read the keywords file at `name`, or the packaged one for ``default``.

    Returns:
        The folded keyword to its votes.

    Raises:
        UserError: the file is missing or malformed, an area is unknown, a weight is not a probability, or a
            keyword is empty or stands twice; the message names the file and the line.
    """
    path = locate(name, "keywords.yaml")
    section = read_section(path, "keywords", "keywords")
    seen: dict[str, int] = {}
    result: dict[str, list[Vote]] = {}
    for keyword, areas in section.items():
        line = line_of(section, keyword)
        place = f"{path}:{line}"
        folded = fold_keyword(keyword) if isinstance(keyword, str) else ""
        if not folded:
            raise UserError(f"{place}: the keyword {keyword!r} has no word in it (numbers need quotes)")
        if folded in seen:
            raise UserError(f"{place}: the keyword {keyword!r} stands twice (first on line {seen[folded]})")
        seen[folded] = line
        if not isinstance(areas, CommentedMap) or not areas:
            raise UserError(f"{place}: the keyword {keyword!r} must map areas to weights")
        votes = [
            Vote(area, weight(value, place, f"the weight of {area!r}"), NAME, f"keyword: {folded}")
            for area, value in areas.items()
            if known_area(area, taxonomy, place, lenient=name == DEFAULT)
        ]
        if votes:
            result[folded] = votes
    return result


class KeywordLabeler:
    """Votes for the areas of each keyword that the mapping has."""

    name = NAME

    def __init__(self, keywords: Mapping[str, list[Vote]]) -> None:
        self._keywords = keywords

    @classmethod
    def from_file(cls, path: str, taxonomy: Taxonomy) -> "KeywordLabeler":
        """Return the labeler of the keywords file at `path`; see `load_keywords`."""
        return cls(load_keywords(path, taxonomy))

    def label(self, papers: Sequence[Paper]) -> list[list[Vote] | None]:
        """Return the votes on each of `papers`, None where no keyword is known."""
        return [self._label(paper) for paper in papers]

    def _label(self, paper: Paper) -> list[Vote] | None:
        keywords = dict.fromkeys(fold_keyword(keyword) for keyword in paper.keywords)
        return [vote for keyword in keywords for vote in self._keywords.get(keyword, ())] or None


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
