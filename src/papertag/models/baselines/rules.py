"""The packaged rules: weighted phrases, combined by noisy-or, without any training here."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from papertag.labeling.areafile import DEFAULT, locate
from papertag.labeling.combine import probabilities
from papertag.labeling.rules import RuleLabeler
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy

# No phrase at all is weak evidence, not certainty.
_LEAST = 1e-3


class Rules:
    """Votes of the packaged rules; areas that they do not know get none."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._labeler = RuleLabeler.from_file(DEFAULT, taxonomy)

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Learn nothing."""
        return 0

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the log-odds of the votes, shape (texts, areas)."""
        papers = []
        for text in texts:
            title, _, abstract = text.partition("\n")
            papers.append(Paper(id="", title=title, abstract=abstract))
        probability = np.clip(probabilities(self._labeler.label(papers), self._taxonomy), _LEAST, 1 - _LEAST)
        result: NDArray[np.float32] = np.log(probability) - np.log1p(-probability)
        return result

    @property
    def size_bytes(self) -> int:
        """Of the rules file."""
        return locate(DEFAULT, "rules.yaml").stat().st_size
