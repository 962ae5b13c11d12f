"""A vote: what one labeler holds of one paper and one area, and where it has that from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from papertag.paper import Paper


@dataclass(frozen=True, slots=True)
class Vote:
    """One labeler's probability that a paper carries an area.

    A labeler gives the same object to every paper that earns the same vote, so that a hundred thousand
    papers hold references and not copies.

    Attributes:
        area: the area's name.
        probability: of the area, given this evidence alone; 0 to 1.
        labeler: the name of the labeler.
        evidence: the file and line, the pattern and its place, or the keyword that the vote rests on.
    """

    area: str
    probability: float
    labeler: str
    evidence: str


Votes = Sequence[list[Vote] | None]
"""One labeler's votes, a list a paper; None where it has nothing to say about the paper."""


class Labeler(Protocol):
    """What every labeler offers."""

    @property
    def name(self) -> str:
        """A short name, unique among the labelers."""

    def label(self, papers: Sequence[Paper]) -> list[list[Vote] | None]:
        """Return the votes on each of `papers`, None where there is nothing to say."""
