"""TF-IDF with logistic regressions: the linear member of `papertag.models.linear`, alone."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papertag.models.linear import LinearMember, MemberConfig, MemberKind


class TfIdf:
    """The linear member with the settings that it has beside a transformer."""

    def __init__(self) -> None:
        self._member: LinearMember | None = None

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Fit vocabulary and weights; see `papertag.models.baselines.base.Baseline`."""
        self._member = LinearMember.fit(texts, labels, MemberConfig(kind=MemberKind.linear))
        return len(texts)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the member's logits, shape (texts, areas)."""
        assert self._member is not None
        return self._member.logits(texts)

    @property
    def size_bytes(self) -> int:
        """Of the member's files."""
        assert self._member is not None
        with tempfile.TemporaryDirectory() as folder:
            self._member.save(Path(folder))
            return sum(path.stat().st_size for path in Path(folder).iterdir())
