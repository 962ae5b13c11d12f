"""The labeler of weighted phrases in titles and abstracts.

A rules file lists, for each area, phrases with the probability that a paper with the phrase carries the
area::

    version: 1
    rules:
      quantization:
        quantiz*: [0.9, 0.6]            # in the title, in the abstract
        FP8: 0.55                       # the same in both
        vector quantiz*: [0.2, 0.05]    # counts in place of quantiz* where it stands
        dataset quantiz*: {damp: 0.8}   # the area's other matches count 0.2 times; damp: 1 vetoes

Case does not count, except in a phrase with an upper-case letter (LoRA, RAG); a hyphen equals a space; a
trailing ``*`` stands for any ending. Phrases match whole words and never across punctuation. A phrase that
lies inside a longer one of the same area counts only where it also stands alone. A phrase in both title
and abstract counts once, by its weight in the title.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from papertag.errors import UserError
from papertag.labeling.areafile import DEFAULT, known_area, locate, weight
from papertag.labeling.phrases import Match, PhraseMatcher, fold_phrase, is_cased
from papertag.labeling.vote import Vote
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy
from papertag.yaml_file import line_of, read_section


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase of an area.

    Attributes:
        area: the area it speaks for.
        phrase: its folded form, see `papertag.labeling.phrases.fold_phrase`.
        title: probability of the area where the phrase stands in the title.
        abstract: the same for the abstract.
        damp: share that it takes from the area's other matches; 1 is a veto.
    """

    area: str
    phrase: str
    title: float = 0.0
    abstract: float = 0.0
    damp: float = 0.0


def load_rules(name: str, taxonomy: Taxonomy) -> list[Rule]:
    """Read the rules file at `name`, or the packaged one for ``default``.

    Raises:
        UserError: the file is missing or malformed, an area is unknown, a weight is not a probability, or a
            phrase is empty or stands twice; the message names the file and the line.
    """
    path = locate(name, "rules.yaml")
    rules: list[Rule] = []
    section = read_section(path, "rules", "rules")
    for area, phrases in section.items():
        place = f"{path}:{line_of(section, area)}"
        if not known_area(area, taxonomy, place, lenient=name == DEFAULT):
            continue
        if not isinstance(phrases, CommentedMap):
            raise UserError(f"{place}: area {area!r} must map phrases to weights")
        seen: dict[str, int] = {}
        for phrase, value in phrases.items():
            line = line_of(phrases, phrase)
            rule = _rule(area, phrase, value, f"{path}:{line}")
            if rule.phrase in seen:
                first = seen[rule.phrase]
                raise UserError(f"{path}:{line}: the phrase {phrase!r} stands twice (first on line {first})")
            seen[rule.phrase] = line
            rules.append(rule)
    return rules


def _rule(area: str, phrase: Any, value: Any, place: str) -> Rule:
    if not isinstance(phrase, str):
        raise UserError(f"{place}: the phrase {phrase!r} is not text: put it in quotes")
    folded = fold_phrase(phrase)
    if not folded:
        raise UserError(f"{place}: the phrase {phrase!r} has no word in it")
    if "*" in phrase.strip()[:-1]:
        raise UserError(f"{place}: in {phrase!r} a * may stand at the end alone")
    if isinstance(value, CommentedMap):
        if list(value) != ["damp"]:
            raise UserError(f"{place}: {phrase!r} takes a weight, [title, abstract], or {{damp: share}}")
        return Rule(area, folded, damp=weight(value["damp"], place, "'damp'"))
    if isinstance(value, list):
        if len(value) != 2:
            raise UserError(f"{place}: {phrase!r} takes two weights, for title and abstract, not {len(value)}")
        title, abstract = (weight(item, place, f"the weight of {phrase!r}") for item in value)
        return Rule(area, folded, title, abstract)
    both = weight(value, place, f"the weight of {phrase!r}")
    return Rule(area, folded, both, both)


class RuleLabeler:
    """Votes for an area once for each of its phrases that a paper has."""

    name = "rules"

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = list(rules)
        phrases = sorted({rule.phrase for rule in self.rules})
        number = {phrase: i for i, phrase in enumerate(phrases)}
        self._matcher = PhraseMatcher(phrases)
        self._by_phrase: list[list[int]] = [[] for _ in phrases]
        for i, rule in enumerate(self.rules):
            self._by_phrase[number[rule.phrase]].append(i)
        self._longer = self._containing(phrases)
        self._votes = [
            (self._vote(rule, rule.title, "title"), self._vote(rule, rule.abstract, "abstract")) for rule in self.rules
        ]

    @classmethod
    def from_file(cls, path: str | Path, taxonomy: Taxonomy) -> "RuleLabeler":
        """Return the labeler of the rules file at `path`; see `load_rules`."""
        return cls(load_rules(str(path), taxonomy))

    def label(self, papers: Sequence[Paper]) -> list[list[Vote] | None]:
        """Return the votes on each of `papers`, None where no phrase of any weight is found."""
        return [self._label(paper) for paper in papers]

    def fired(self, title: str, abstract: str) -> Iterator[tuple[int, bool]]:
        """Yield the number of every rule whose phrase is found, and whether the title has it."""
        matches, abstract_start = self._matcher.find(title, abstract)
        found: dict[int, list[Match]] = {}
        for match in matches:
            if match[0] in found:
                found[match[0]].append(match)
            else:
                found[match[0]] = [match]
        for phrase, occurrences in found.items():
            first = occurrences[0]
            for i in self._by_phrase[phrase]:
                longer = self._longer[i]
                if not longer or longer.isdisjoint(found):
                    yield i, first[1] < abstract_start
                    continue
                around = [match for other in longer & found.keys() for match in found[other]]
                alone = [m for m in occurrences if not any(_inside(m, other) for other in around)]
                if alone:
                    yield i, alone[0][1] < abstract_start

    def _label(self, paper: Paper) -> list[Vote] | None:
        votes: list[Vote] = []
        damps: dict[str, list[Rule]] = {}
        for i, in_title in self.fired(paper.title, paper.abstract):
            vote = self._votes[i][0 if in_title else 1]
            if vote is not None:
                votes.append(vote)
            elif self.rules[i].damp:
                damps.setdefault(self.rules[i].area, []).append(self.rules[i])
        if damps:
            votes = [v for vote in votes if (v := _damped(vote, tuple(damps.get(vote.area, ()))))]
        return votes or None

    def _containing(self, phrases: list[str]) -> list[frozenset[int]]:
        """Return, for each rule, the phrases of its area that hold its own phrase inside them."""
        areas = [{self.rules[i].area: i for i in rules} for rules in self._by_phrase]
        longer: list[set[int]] = [set() for _ in self.rules]
        for outer, phrase in enumerate(phrases):
            for inner, _, _ in self._matcher.find(phrase.removesuffix("*"), "")[0]:
                if inner != outer and not (is_cased(phrases[inner]) and not is_cased(phrase)):
                    for area in areas[inner].keys() & areas[outer].keys():
                        longer[areas[inner][area]].add(outer)
        return [frozenset(outer) for outer in longer]

    def _vote(self, rule: Rule, probability: float, where: str) -> Vote | None:
        if not probability:
            return None
        return Vote(rule.area, probability, self.name, f"{where}: {rule.phrase}")


def _inside(inner: Match, outer: Match) -> bool:
    return outer[1] <= inner[1] and inner[2] <= outer[2]


@lru_cache(maxsize=100_000)
def _damped(vote: Vote, damps: tuple[Rule, ...]) -> Vote | None:
    if not damps:
        return vote
    probability = vote.probability
    for rule in damps:
        probability *= 1 - rule.damp
    if not probability:
        return None
    by = ", ".join(rule.phrase for rule in damps)
    return replace(vote, probability=probability, evidence=f"{vote.evidence} (damped by {by})")
