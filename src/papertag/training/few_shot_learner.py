"""What few-shot learning fits, and how it scores papers that it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from papertag.models.linear import LinearMember, MemberConfig, MemberKind
from papertag.models.prototypes import Prototypes, prototypes

# With eight papers an area, each of them is held out once.
_FOLDS = 8
# Differences of a few hundredths in the loss of so few papers are chance.
_CLEARLY = 0.95


@dataclass(frozen=True)
class Papers:
    """What there is to learn from: annotated papers first, then papers without an annotation.

    Attributes:
        texts: what a model reads of each.
        labels: 0 or 1 for the areas to learn, shape (papers, areas); 0 without an annotation.
        examples: how many are annotated.
    """

    texts: list[str]
    labels: NDArray[np.float32]
    examples: int

    def at(self, positions: NDArray[np.int64]) -> "Papers":
        """Return the papers at ascending `positions`."""
        return Papers(
            [self.texts[i] for i in positions], self.labels[positions], int((positions < self.examples).sum())
        )


@dataclass(frozen=True)
class Mixture:
    """What two scores weigh: log-odds are ``prototypes * score + words * logit + bias``."""

    prototypes: float
    words: float
    bias: float

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.float32],
        words: NDArray[np.float32] | None,
        labels: NDArray[np.float32],
        weights: NDArray[np.float32],
    ) -> "Mixture":
        """Fit by logistic regression over all (paper, area) pairs; what would weigh less than nothing is left out.

        Targets are Platt's (1999): (positives + 1) / (positives + 2) and 1 / (negatives + 2), because a few papers
        are often told apart without an error, and probabilities of 0 and 1 would fit them best.

        Args:
            scores: of prototypes, shape (papers, areas).
            words: logits of the linear member, the same shape; None where there is none.
            labels: 0 or 1, the same shape.
            weights: of the pairs, the same shape.
        """
        from sklearn.linear_model import LogisticRegression

        columns = np.stack([scores.ravel(), np.zeros(scores.size) if words is None else words.ravel()], axis=1)
        spread = np.maximum(columns.std(axis=0), 1e-12)
        columns = columns / spread
        columns = np.concatenate([columns, columns])
        hit = labels.ravel() >= 0.5
        target = np.where(hit, (hit.sum() + 1) / (hit.sum() + 2), 1 / ((~hit).sum() + 2))
        sides = np.repeat([1, 0], hit.size)
        side_weights = np.concatenate([target, 1 - target]) * np.tile(weights.ravel(), 2)
        used = np.array([True, words is not None])
        slopes, bias = np.zeros(2), 0.0
        while used.any():
            fitted = LogisticRegression(C=1e6).fit(columns * used, sides, side_weights)
            slopes, bias = np.where(used, fitted.coef_[0], 0.0), float(fitted.intercept_[0])
            if (slopes >= 0).all():
                break
            used &= slopes >= 0
            slopes = np.zeros(2)
        slopes = slopes / spread
        return cls(float(slopes[0]), float(slopes[1]), bias)

    def probabilities(self, scores: NDArray[np.float32], words: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Return probabilities of the shape of `scores`."""
        odds = self.prototypes * scores + self.bias + (0.0 if words is None else self.words * words)
        probability: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-odds.clip(-60, 60)))).astype(np.float32)
        return probability


@dataclass(frozen=True)
class Learned:
    """What scores new areas: prototypes, and a linear member where one was asked for."""

    prototypes: Prototypes
    words: LinearMember | None


@dataclass(frozen=True)
class Learner:
    """Fits what scores new areas, on all papers or with some held out.

    Attributes:
        definitions: the texts of the areas' definitions.
        definition_features: their features, shape (areas, hidden).
        definition_weight: see `papertag.models.prototypes.prototypes`.
        member: settings of the linear member.
        words: a member whose words to use; None takes the words of the papers at hand.
    """

    definitions: list[str]
    definition_features: NDArray[np.float32]
    definition_weight: float
    member: MemberConfig
    words: LinearMember | None

    def fit(self, papers: Papers, features: NDArray[np.float32]) -> Learned:
        """Fit on papers and their features, shape (papers, hidden).

        Raises:
            UserError: no word occurs in as many papers as `member` asks for.
        """
        general = features[papers.examples :] if papers.examples < len(features) else features
        rows = prototypes(
            features, papers.labels, self.definition_features, general.mean(axis=0), self.definition_weight
        )
        if self.member.kind is MemberKind.none:
            return Learned(rows, None)
        # A definition is one more paper of its area, and the best one: it has the area's words and few others.
        texts = papers.texts + self.definitions
        labels = np.vstack([papers.labels, np.eye(len(self.definitions), dtype=np.float32)])
        if self.words is None:
            return Learned(rows, LinearMember.fit(texts, labels, self.member))
        return Learned(rows, self.words.fit_areas(texts, labels, self.member.c))

    def held_out(
        self, papers: Papers, features: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return scores of prototypes and words, shape (papers, areas), each paper's without having seen it."""
        scores, words = np.zeros_like(papers.labels), np.zeros_like(papers.labels)
        fold_of = _folds(papers.labels)
        for fold in range(_FOLDS):
            inside, outside = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            if not len(outside):
                continue
            learned = self.fit(papers.at(inside), features[inside])
            scores[outside] = learned.prototypes.scores(features[outside])
            if learned.words:
                words[outside] = learned.words.logits([papers.texts[i] for i in outside])
        return scores, None if self.member.kind is MemberKind.none else words


@dataclass(frozen=True)
class HeldOut:
    """How a learner does on papers that it has not seen.

    Attributes:
        learner: the learner.
        mixture: of prototypes and words, fitted on the held-out scores.
        probability: what the mixture makes of them, shape (papers, areas).
        loss: its mean log loss over all (paper, area) pairs.
    """

    learner: Learner
    mixture: Mixture
    probability: NDArray[np.float32]
    loss: float


def choose(
    learners: Sequence[Learner], papers: Papers, features: NDArray[np.float32], weights: NDArray[np.float32]
) -> HeldOut:
    """Hold papers out from each learner in turn, and return the first that no later one beats clearly.

    Args:
        learners: the preferred one first.
        papers: what there is to learn from.
        features: theirs, shape (papers, hidden).
        weights: of the (paper, area) pairs, see `pair_weights`.
    """
    tried = []
    for learner in learners:
        scores, words = learner.held_out(papers, features)
        mixture = Mixture.fit(scores, words, papers.labels, weights)
        probability = mixture.probabilities(scores, words)
        right = np.where(papers.labels > 0, probability, 1 - probability).clip(1e-6)
        tried.append(HeldOut(learner, mixture, probability, float(-np.average(np.log(right), weights=weights))))
    return min(tried, key=lambda result: result.loss if result is tried[0] else result.loss / _CLEARLY)


def _folds(labels: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return a fold for each paper: the papers of an area are dealt out one by one, and then those of none."""
    rarest_first = np.argsort(labels.sum(axis=0), kind="stable")
    of_area = [np.flatnonzero(labels[:, area] > 0) for area in rarest_first]
    order = np.concatenate([*of_area, np.arange(len(labels))])
    _, first = np.unique(order, return_index=True)
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order[np.sort(first)]] = np.arange(len(labels)) % _FOLDS
    return folds


def pair_weights(labels: NDArray[np.float32], base_rate: float) -> NDArray[np.float32]:
    """Return weights with which a share `base_rate` of each area's papers are positives."""
    rate = labels.mean(axis=0).clip(1e-6, 1 - 1e-6)
    weights: NDArray[np.float32] = np.where(labels > 0, base_rate / rate, (1 - base_rate) / (1 - rate))
    return weights
