"""A model folder put to work: papers in, tagged papers out, in the same order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papertag.models.decision import decide, taxonomy_fit
from papertag.models.folder import Metadata, load_metadata
from papertag.models.linear import LinearMember, MemberKind
from papertag.paper import Paper
from papertag.tagging.decision import DecisionConfig
from papertag.tagging.engine import Engine, EngineConfig, build_engine

# Papers sorted by length at a time: enough for even batches, few enough to keep memory flat.
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class TaggedPaper:
    """A paper with its areas.

    Attributes:
        paper: as it came.
        areas: best first; empty where the tagger abstained.
        scores: every area's calibrated probability, best first.
        fit: probability that any area holds, from 0 to 1; see `papertag.models.decision.taxonomy_fit`.
        abstained: true exactly where `areas` is empty: `fit` is below the model's threshold, or no area passes.
    """

    paper: Paper
    areas: tuple[str, ...]
    scores: dict[str, float]
    fit: float
    abstained: bool


class Tagger:
    """Tags papers with the areas of a model folder."""

    def __init__(
        self,
        engine: Engine,
        metadata: Metadata,
        linear: LinearMember | None = None,
        decision: DecisionConfig | None = None,
    ) -> None:
        """Join an engine, what it must know beside the weights, and the linear member; see `from_folder`."""
        self.engine = engine
        self.linear = linear
        self.metadata = metadata
        self.decision = decision or DecisionConfig()
        self._areas = metadata.taxonomy.areas
        self.thresholds = metadata.threshold_array(self.decision.policy)

    @classmethod
    def from_folder(
        cls, folder: str | Path, config: EngineConfig | None = None, decision: DecisionConfig | None = None
    ) -> "Tagger":
        """Load a model folder.

        Raises:
            UserError: the folder lacks something, such as thresholds for the policy of `decision`, or is damaged.
        """
        folder = Path(folder)
        metadata = load_metadata(folder)
        metadata.threshold_array((decision or DecisionConfig()).policy)  # refuses before the weights are loaded
        linear = (
            LinearMember.load(folder, len(metadata.taxonomy.areas)) if metadata.member is MemberKind.linear else None
        )
        return cls(build_engine(folder, config or EngineConfig()), metadata, linear, decision)

    def probabilities(
        self, papers: list[Paper], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities, shape (papers, areas).

        Args:
            papers: any number of them.
            on_progress: called with the number of papers just done.
        """
        logits = np.zeros((len(papers), len(self._areas)), dtype=np.float32)
        texts = [paper.text for paper in papers]
        for positions, values in self.engine.logits(texts):
            logits[list(positions)] = values
            if on_progress:
                on_progress(len(positions))
        return self.metadata.calibration.probabilities(logits, self.linear.logits(texts) if self.linear else None)

    def tag(self, papers: Iterable[Paper], on_progress: Callable[[int], None] | None = None) -> Iterator[TaggedPaper]:
        """Yield every paper tagged, in the order in which they come, holding a few thousand at a time."""
        stream = iter(papers)
        while chunk := list(islice(stream, _CHUNK)):
            probability = self.probabilities(chunk, on_progress)
            rows = zip(chunk, probability, self.decide(probability), taxonomy_fit(probability), strict=True)
            for paper, values, chosen, fit in rows:
                yield self._tagged(paper, values, chosen, float(fit))

    def decide(self, probability: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Return which areas papers with these probabilities carry; both have the shape (papers, areas)."""
        return decide(
            probability,
            self.thresholds,
            fit_threshold=self.metadata.fit_threshold,
            top_k=self.decision.top_k,
            min_score=self.decision.min_score,
        )

    def _tagged(
        self, paper: Paper, probability: NDArray[np.float32], chosen: NDArray[np.bool_], fit: float
    ) -> TaggedPaper:
        order = np.argsort(-probability, kind="stable")
        return TaggedPaper(
            paper=paper,
            areas=tuple(self._areas[i] for i in order if chosen[i]),
            scores={self._areas[i]: round(float(probability[i]), 4) for i in order},
            fit=round(fit, 4),
            abstained=not chosen.any(),
        )
