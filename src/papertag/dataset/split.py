"""Papers to train, validation and test: stratified by areas, by date, or as fixed listings say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from papertag.errors import UserError

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
_LAST_DAY = "9999-12-31"


class Method(Enum):
    """How the papers of validation and test are chosen."""

    stratified = "stratified"
    date = "date"


class EvaluateOn(Enum):
    """Which papers validation and test may hold."""

    annotated = "annotated"
    all = "all"


@dataclass
class SplitConfig:
    """How to split.

    Attributes:
        method: `stratified` keeps the share of every area in every split; `date` puts the latest papers into test.
        seed: of the stratification.
        validation_fraction: share of the papers to choose from that go to validation; for `stratified`.
        test_fraction: the same for test.
        validation_from: ISO date from which papers go to validation; for `date`.
        test_from: ISO date from which papers go to test; for `date`.
        validation: a labelled listing whose papers are the validation split, instead of chosen ones.
        test: the same for test.
        evaluate_on: `annotated` chooses among the annotated papers as soon as there are any, since weak labels
            measure nothing; `all` among all.
    """

    method: Method = Method.stratified
    seed: int = 0
    validation_fraction: float = 0.1
    test_fraction: float = 0.1
    validation_from: str | None = None
    test_from: str | None = None
    validation: str | None = None
    test: str | None = None
    evaluate_on: EvaluateOn = EvaluateOn.annotated

    def __post_init__(self) -> None:
        for name in ("validation", "test"):
            fraction = getattr(self, f"{name}_fraction")
            if not 0 <= fraction < 1:
                raise UserError(f"split.{name}_fraction={fraction} must be at least 0 and below 1")
            start = getattr(self, f"{name}_from")
            if start is None:
                continue
            if not _is_day(start):
                raise UserError(f"split.{name}_from={start} must be an ISO date, such as 2025-01-31")
            if self.method is not Method.date:
                raise UserError(f"split.{name}_from needs split.method=date")
            if getattr(self, name) is not None:
                raise UserError(f"give split.{name} or split.{name}_from, not both")
        if self.validation_fraction + self.test_fraction >= 1:
            raise UserError("split.validation_fraction and split.test_fraction leave nothing to train on")
        if self.method is Method.date and not (self.validation_from or self.test_from):
            raise UserError("split.method=date needs split.validation_from or split.test_from, as ISO dates")
        if self.validation_from and self.test_from and self.validation_from >= self.test_from:
            raise UserError(
                f"split.validation_from={self.validation_from} must be before split.test_from={self.test_from}"
            )
        if not 0 <= self.seed < 2**32:
            raise UserError(f"split.seed={self.seed} must be between 0 and {2**32 - 1}")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Assignment:
    """Positions of the papers in every split, ascending, and of those in none.

    Attributes:
        splits: split to its papers; a split without papers is missing.
        left_out: papers without an annotation, of a date that belongs to validation or test: weak labels measure
            nothing, and training on them would look into the future.
        among_annotated: whether validation and test were chosen among the annotated papers alone.
    """

    splits: dict[str, NDArray[np.int64]]
    left_out: NDArray[np.int64]
    among_annotated: bool


def assign(
    labels: NDArray[np.bool_],
    annotated: NDArray[np.bool_],
    dates: Sequence[str],
    holdout: Sequence[str | None],
    config: SplitConfig,
) -> Assignment:
    """Choose a split for every paper.

    Args:
        labels: of shape (papers, areas), for the stratification.
        annotated: of shape (papers,).
        dates: ISO dates. A year or a month counts as its last day, so that nothing of the future is trained on.
            Papers of no known date, empty here, are trained on.
        holdout: for every paper the split it is fixed to, if any.
        config: how.

    Raises:
        UserError: nothing is left to train on, or no paper is of the days that validation or test begin with.
    """
    fixed = np.array([split or "" for split in holdout], dtype=object)
    free = fixed == ""
    only_annotated = config.evaluate_on is EvaluateOn.annotated and bool((annotated & free).any())
    eligible = free & annotated if only_annotated else free
    chosen = fixed.copy()
    left_out = np.zeros(len(fixed), dtype=bool)
    if config.method is Method.date:
        days = [_last_day(of) for of in dates]
        of_date = _by_date(days, config)
        among = [days[i] for i in np.flatnonzero(eligible)]
        _check_filled(set(of_date[eligible]), max(among, default=""), only_annotated, config)
        chosen[eligible] = of_date[eligible]
        left_out = free & ~eligible & (of_date != TRAIN)
    else:
        pool = np.flatnonzero(eligible)
        chosen[pool] = _stratified(labels[pool], config)
    chosen[free & ~eligible] = TRAIN
    chosen[left_out] = ""
    splits = {split: np.flatnonzero(chosen == split) for split in SPLITS}
    if not len(splits[TRAIN]):
        raise UserError(
            "no paper is left to train on: give more papers as input, or smaller validation and test splits"
        )
    return Assignment(
        {name: rows for name, rows in splits.items() if len(rows)}, np.flatnonzero(left_out), only_annotated
    )


def _stratified(labels: NDArray[np.bool_], config: SplitConfig) -> NDArray[np.object_]:
    """Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the rarest area is dealt out first."""
    from iterstrat.ml_stratifiers import IterativeStratification

    validation = 0.0 if config.validation else config.validation_fraction
    test = 0.0 if config.test else config.test_fraction
    shares = {TRAIN: 1 - validation - test, VALIDATION: validation, TEST: test}
    names = np.array([name for name, share in shares.items() if share], dtype=object)
    dealt = np.empty(len(labels), dtype=object)
    if len(labels):
        random = np.random.RandomState(config.seed)
        # The algorithm fills the largest split first, so in listing order the last papers would be test.
        order = random.permutation(len(labels))
        dealt[order] = names[IterativeStratification(labels[order], np.array([shares[n] for n in names]), random)]
    return dealt


def _last_day(of: str) -> str:
    """Return the last day that an ISO date of a day, month or year may mean (of any month, the 31st)."""
    return of + _LAST_DAY[len(of) :] if of else ""


def _by_date(days: Sequence[str], config: SplitConfig) -> NDArray[np.object_]:
    def split(day: str) -> str:
        if config.test_from and day >= config.test_from:
            return TEST
        if config.validation_from and day >= config.validation_from:
            return VALIDATION
        return TRAIN

    return np.array([split(day) for day in days], dtype=object)


def _check_filled(filled: set[str], latest: str, only_annotated: bool, config: SplitConfig) -> None:
    paper = "annotated paper" if only_annotated else "paper"
    for name in (VALIDATION, TEST):
        start = getattr(config, f"{name}_from")
        if start is None or name in filled:
            continue
        if not latest:
            reason = f"no {paper} has a date"
        elif latest < start:
            reason = f"no {paper} is that late (the latest is {latest})"
        else:
            reason = f"no {paper} lies between it and split.test_from={config.test_from}"
        raise UserError(f"split.{name}_from={start}: {reason}")
