"""How far the labelers reach, where they differ, and how right they are where annotations tell."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from papertag.labeling.annotations import NAME as ANNOTATIONS
from papertag.labeling.combine import SoftLabels, probabilities, voted
from papertag.labeling.vote import Votes
from papertag.taxonomy import Taxonomy

THRESHOLD = 0.5
COMBINED = "combined"
_SHARES = ("cov", "ovl", "con")
_ACCURACY = ("P", "R", "F")


@dataclass(frozen=True, slots=True)
class Score:
    """One labeler on one area, or on all of them together.

    Attributes:
        coverage: share of all papers that it votes on.
        overlap: share of all papers that it and another labeler vote on.
        conflict: share of that overlap in which another labeler differs at 0.5; None without overlap. Over
            all areas, the overlap is counted in pairs of paper and area.
        support: annotated papers that carry the area.
        precision: of its yes at 0.5, against the annotations; None where nothing is annotated, where it
            never says yes, and for the annotations themselves. Over all areas, the mean of the areas'.
        recall: of its yes among the annotated papers that carry the area; None likewise.
        f1: the harmonic mean of both, 0 where it never says yes to an area with support.
    """

    coverage: float
    overlap: float
    conflict: float | None
    support: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class LabelingReport:
    """Scores of every labeler, and of what they combine to.

    Attributes:
        papers: how many there are.
        annotated: how many of them are annotated.
        overall: labeler to its score over all areas: coverage, overlap and conflict count papers with any
            area, accuracy is macro-averaged over the areas that annotations have.
        areas: labeler to area to its score. `combined` is the noisy-or of all labelers but annotations.
    """

    papers: int
    annotated: int
    overall: dict[str, Score]
    areas: dict[str, dict[str, Score]]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with the fields of this report."""
        return asdict(self)

    def tables(self) -> list[Table]:
        """Return a table with a row a labeler, and one with a row an area, 110 columns wide at most."""
        return [self._overall_table(), self._area_table()]

    def _overall_table(self) -> Table:
        title = f"Labelers: {self.papers:,} papers, {self.annotated:,} annotated"
        table = Table(
            title=title,
            title_justify="left",
            caption="accuracy: macro average over areas, against annotations, at 0.5",
            caption_justify="left",
            box=SIMPLE_HEAD,
        )
        table.add_column("labeler")
        for name in ("coverage", "overlap", "conflict", "precision", "recall", "F1"):
            table.add_column(name, justify="right")
        for name, s in self.overall.items():
            shares = [_percent(s.coverage), _percent(s.overlap), _percent(s.conflict)]
            table.add_row(name, *shares, _decimal(s.precision), _decimal(s.recall), _decimal(s.f1))
        return table

    def _area_table(self) -> Table:
        table = Table(
            title="Areas",
            title_justify="left",
            caption="cov, ovl: % of papers; con: % of the overlap; P, R, F: against annotations at 0.5, in hundredths",
            caption_justify="left",
            box=SIMPLE_HEAD,
            padding=(0, 0),
            pad_edge=False,
        )
        table.add_column("\narea", no_wrap=True)
        table.add_column("\ntrue", justify="right")
        for name in self.areas:
            heads = [*(() if name == COMBINED else _SHARES), *(() if name == ANNOTATIONS else _ACCURACY)]
            for i, head in enumerate(heads):
                table.add_column(f"{'' if i else name[:4]}\n{head}", justify="right", no_wrap=True)
        for area, first in next(iter(self.areas.values()), {}).items():
            row = [area, str(first.support)]
            for name, scores in self.areas.items():
                s = scores[area]
                if name != COMBINED:
                    row += [_short(s.coverage), _short(s.overlap), _short(s.conflict)]
                if name != ANNOTATIONS:
                    row += [_short(s.precision), _short(s.recall), _short(s.f1)]
            table.add_row(*row)
        return table


def measure(votes: Mapping[str, Votes], soft: SoftLabels, taxonomy: Taxonomy) -> LabelingReport:
    """Measure labelers by name, against each other and against the annotated papers of `soft`.

    An annotation votes on every area of its paper, since those it does not name are negatives. The terms
    are those of Ratner et al., "Snorkel: Rapid Training Data Creation with Weak Supervision" (VLDB 2017).
    """
    says = {name: probabilities(of_labeler, taxonomy) for name, of_labeler in votes.items()}
    speaks = {name: voted(of_labeler, taxonomy) for name, of_labeler in votes.items()}
    if ANNOTATIONS in speaks:
        speaks[ANNOTATIONS] |= soft.annotated[:, None]
    weak = [p for name, p in says.items() if name != ANNOTATIONS]
    if len(weak) > 1:
        says[COMBINED] = 1 - np.prod([1 - p for p in weak], axis=0)
        speaks[COMBINED] = np.logical_or.reduce([speaks[name] for name in votes if name != ANNOTATIONS])
    truth = soft.labels[soft.annotated] >= THRESHOLD
    overall: dict[str, Score] = {}
    areas: dict[str, dict[str, Score]] = {}
    for name in says:
        others = [other for other in votes if other != name] if name != COMBINED else [ANNOTATIONS]
        both = np.zeros_like(speaks[name])
        differ = np.zeros_like(both)
        yes = says[name] >= THRESHOLD
        for other in others:
            if other in votes:
                meet = speaks[name] & speaks[other]
                both |= meet
                differ |= meet & (yes != (says[other] >= THRESHOLD))
        judged = name != ANNOTATIONS and len(truth) > 0
        scores = [
            _score(speaks[name][:, i], both[:, i], differ[:, i], yes[soft.annotated, i], truth[:, i], judged)
            for i in range(len(taxonomy.areas))
        ]
        areas[name] = dict(zip(taxonomy.areas, scores, strict=True))
        overall[name] = _overall(scores, speaks[name], both, differ)
    return LabelingReport(len(soft.annotated), int(soft.annotated.sum()), overall, areas)


def _score(
    speaks: NDArray[np.bool_],
    both: NDArray[np.bool_],
    differ: NDArray[np.bool_],
    yes: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    judged: bool,
) -> Score:
    right, said, support = int((yes & truth).sum()), int(yes.sum()), int(truth.sum())
    return Score(
        coverage=_share(speaks),
        overlap=_share(both),
        conflict=float(differ.sum() / both.sum()) if both.any() else None,
        support=support,
        precision=right / said if judged and said else None,
        recall=right / support if judged and support else None,
        f1=2 * right / (said + support) if judged and support else None,
    )


def _overall(
    scores: list[Score], speaks: NDArray[np.bool_], both: NDArray[np.bool_], differ: NDArray[np.bool_]
) -> Score:
    return Score(
        coverage=_share(np.asarray(speaks.any(axis=1))),
        overlap=_share(np.asarray(both.any(axis=1))),
        conflict=float(differ.sum() / both.sum()) if both.any() else None,
        support=sum(s.support for s in scores),
        precision=_mean([s.precision for s in scores]),
        recall=_mean([s.recall for s in scores]),
        f1=_mean([s.f1 for s in scores]),
    )


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if mask.size else 0.0


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _short(share: float | None) -> str:
    """Return a percentage in at most three characters."""
    if share is None:
        return ""
    return f"{100 * share:.1f}" if 0 < share < 0.0995 else f"{100 * share:.0f}"
