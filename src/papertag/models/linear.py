"""The linear member: TF-IDF of words and word pairs, one logistic regression per area, kept as int8.

It sees single telling words in rare areas where a small transformer has too few examples, and costs next to
nothing: the two together beat either (docs/LOG.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.errors import UserError

WEIGHTS_FILE = "linear.safetensors"
VOCABULARY_FILE = "linear_vocabulary.txt"
_INT8 = 127
# The title says most in the fewest words.
_TITLE_TIMES = 2


class MemberKind(Enum):
    """What stands beside the transformer."""

    none = "none"
    linear = "linear"


@dataclass
class MemberConfig:
    """What stands beside the transformer, its logits added to the transformer's.

    Attributes:
        kind: none, or linear: TF-IDF with one logistic regression per area.
        max_features: words and word pairs kept, those that weigh most.
        min_df: papers that a word or pair must occur in.
        c: inverse of the strength of the L2 penalty.
    """

    kind: MemberKind = MemberKind.none
    max_features: int = 40_000
    min_df: int = 3
    c: float = 8.0

    def __post_init__(self) -> None:
        for name in ("max_features", "min_df"):
            if getattr(self, name) < 1:
                raise UserError(f"member.{name}={getattr(self, name)} must be at least 1")
        if self.c <= 0:
            raise UserError(f"member.c={self.c} must be more than 0")


class LinearMember:
    """Logits of areas from the words of a paper.

    Attributes:
        vocabulary: words and word pairs, in the order of the weights' rows.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        idf: NDArray[np.float32],
        weights: NDArray[np.int8],
        scale: NDArray[np.float32],
        intercept: NDArray[np.float32],
    ) -> None:
        """Join the parts.

        Args:
            vocabulary: words and word pairs.
            idf: inverse document frequency of each, shape (features,).
            weights: shape (features, areas); a weight is its integer times its area's `scale`.
            scale: shape (areas,).
            intercept: shape (areas,).
        """
        self.vocabulary = list(vocabulary)
        self._idf, self._weights, self._scale, self._intercept = idf, weights, scale, intercept
        self._dense = weights.astype(np.float32) * scale
        self._vectorizer = _vectorizer(vocabulary=self.vocabulary)
        self._vectorizer.idf_ = idf

    @classmethod
    def fit(cls, texts: Sequence[str], labels: NDArray[np.float32], config: MemberConfig) -> "LinearMember":
        """Fit on input texts (`papertag.paper.input_text`) and labels of shape (texts, areas), cut at 0.5.

        Raises:
            UserError: no word occurs in `config.min_df` texts.
        """
        vectorizer = _vectorizer(min_df=min(config.min_df, len(texts)))
        try:
            features = vectorizer.fit_transform(list(texts))
        except ValueError:
            raise UserError(
                f"member.min_df={config.min_df}: no word occurs in so many papers: lower it, or take member=none"
            ) from None
        weights, intercept = _logistic_regressions(features, labels >= 0.5, config.c)
        strength = np.abs(weights).max(axis=1) * vectorizer.idf_
        kept = np.sort(np.argsort(-strength, kind="stable")[: config.max_features])
        weights = weights[kept]
        quantized, scale = _quantized(weights)
        names = vectorizer.get_feature_names_out()[kept].tolist()
        return cls(names, vectorizer.idf_[kept].astype(np.float32), quantized, scale, intercept)

    def fit_areas(self, texts: Sequence[str], labels: NDArray[np.float32], c: float) -> "LinearMember":
        """Return a member of other areas on the same words, fitted as by `fit` with the penalty `c`."""
        weights, intercept = _logistic_regressions(self.features(texts), labels >= 0.5, c)
        quantized, scale = _quantized(weights)
        return LinearMember(self.vocabulary, self._idf, quantized, scale, intercept)

    def with_areas(self, columns: Sequence[tuple["LinearMember", int, float] | None]) -> "LinearMember":
        """Return a member on the same words whose area i is the area ``j`` of ``member``, its logit times ``factor``.

        Args:
            columns: for each area ``(member, j, factor)``, where ``member`` has the words of this one; None is an
                area whose logit is always 0. A factor of 1 keeps an area to the bit.
        """
        shape = (len(self.vocabulary), len(columns))
        weights, scale = np.zeros(shape, dtype=np.int8), np.ones(shape[1], dtype=np.float32)
        intercept = np.zeros(shape[1], dtype=np.float32)
        for i, column in enumerate(columns):
            if column is not None:
                member, j, factor = column
                weights[:, i] = member._weights[:, j]
                scale[i], intercept[i] = member._scale[j] * factor, member._intercept[j] * factor
        return LinearMember(self.vocabulary, self._idf, weights, scale, intercept)

    def features(self, texts: Sequence[str]) -> Any:
        """Return the TF-IDF rows of input texts, a sparse matrix of shape (texts, features)."""
        return self._vectorizer.transform(list(texts))

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return logits, shape (texts, areas)."""
        result: NDArray[np.float32] = np.asarray(self.features(texts) @ self._dense + self._intercept, dtype=np.float32)
        return result

    def contributions(self, text: str, area: int) -> dict[str, float]:
        """Return what each word or pair of `text` adds to the logit of the area number `area`."""
        row = self.features([text]).tocsr()
        return {
            self.vocabulary[j]: float(value * self._dense[j, area])
            for j, value in zip(row.indices, row.data, strict=True)
        }

    def save(self, folder: Path) -> None:
        """Write the weights and the vocabulary into a model folder."""
        from safetensors.numpy import save_file

        tensors = {
            "idf": self._idf,
            "weights": self._weights,
            "scale": self._scale,
            "intercept": self._intercept,
        }
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / WEIGHTS_FILE)
        (folder / VOCABULARY_FILE).write_text("".join(f"{name}\n" for name in self.vocabulary), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, areas: int) -> "LinearMember":
        """Read what `save` wrote.

        Raises:
            UserError: a file is missing or damaged, or is for another number of areas.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            parts = load_file(folder / WEIGHTS_FILE)
            vocabulary = (folder / VOCABULARY_FILE).read_text(encoding="utf-8").split("\n")[:-1]
            member = cls(vocabulary, parts["idf"], parts["weights"], parts["scale"], parts["intercept"])
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise UserError(f"model={folder}: its linear member is damaged: {error}") from None
        if parts["weights"].shape != (len(vocabulary), areas):
            raise UserError(
                f"model={folder}: {WEIGHTS_FILE} has the shape {parts['weights'].shape}, and {VOCABULARY_FILE} "
                f"{len(vocabulary)} lines, for {areas} areas: the folder mixes two models"
            )
        return member


def _vectorizer(**settings: Any) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        preprocessor=_emphasise_title, ngram_range=(1, 2), max_df=0.5, sublinear_tf=True, dtype=np.float32, **settings
    )


def _emphasise_title(text: str) -> str:
    title, _, abstract = text.lower().partition("\n")
    return "\n".join([title] * _TITLE_TIMES + [abstract])


def _quantized(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return weights as integers, and the scale of each column of them."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12) / _INT8
    return np.rint(weights / scale).astype(np.int8), scale.astype(np.float32)


def _logistic_regressions(
    features: Any, hits: NDArray[np.bool_], c: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights, shape (features, areas), and intercepts; an area without positives keeps its base rate."""
    from sklearn.linear_model import LogisticRegression

    areas = hits.shape[1]
    weights = np.zeros((features.shape[1], areas), dtype=np.float32)
    intercept = np.zeros(areas, dtype=np.float32)
    for area in range(areas):
        positives = int(hits[:, area].sum())
        if positives in (0, len(hits)):
            rate = (positives + 0.5) / (len(hits) + 1)
            intercept[area] = np.log(rate / (1 - rate))
            continue
        fitted = LogisticRegression(C=c, solver="liblinear", class_weight="balanced", random_state=0)
        fitted.fit(features, hits[:, area])
        weights[:, area], intercept[area] = fitted.coef_[0], fitted.intercept_[0]
    return weights, intercept
