"""A model folder put to work: papers in, tagged papers out, in the same order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from papertag.models.folder import Metadata, load_metadata
from papertag.paper import Paper
from papertag.tagging.engine import Engine, EngineConfig, build_engine

# Papers sorted by length at a time: enough for even batches, few enough to keep memory flat.
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class TaggedPaper:
    """A paper with its areas, best first, and the calibrated probability of every area, best first."""

    paper: Paper
    areas: tuple[str, ...]
    scores: dict[str, float]


class Tagger:
    """Tags papers with the areas of a model folder."""

    def __init__(self, engine: Engine, metadata: Metadata) -> None:
        """Join an engine and what it must know beside the weights; see `from_folder`."""
        self.engine = engine
        self.metadata = metadata
        self._areas = metadata.taxonomy.areas
        self._thresholds = metadata.threshold_array()

    @classmethod
    def from_folder(cls, folder: str | Path, config: EngineConfig | None = None) -> "Tagger":
        """Load a model folder.

        Raises:
            UserError: the folder lacks something or is damaged.
        """
        folder = Path(folder)
        metadata = load_metadata(folder)
        return cls(build_engine(folder, config or EngineConfig()), metadata)

    def probabilities(
        self, papers: list[Paper], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities, shape (papers, areas).

        Args:
            papers: any number of them.
            on_progress: called with the number of papers just done.
        """
        logits = np.zeros((len(papers), len(self._areas)), dtype=np.float32)
        for positions, values in self.engine.logits([paper.text for paper in papers]):
            logits[list(positions)] = values
            if on_progress:
                on_progress(len(positions))
        return self.metadata.calibration.probabilities(logits)

    def tag(self, papers: Iterable[Paper], on_progress: Callable[[int], None] | None = None) -> Iterator[TaggedPaper]:
        """Yield every paper tagged, in the order in which they come, holding a few thousand at a time."""
        stream = iter(papers)
        while chunk := list(islice(stream, _CHUNK)):
            for paper, row in zip(chunk, self.probabilities(chunk, on_progress), strict=True):
                yield self._decide(paper, row)

    def _decide(self, paper: Paper, probability: NDArray[np.float32]) -> TaggedPaper:
        order = np.argsort(-probability, kind="stable")
        chosen = probability >= self._thresholds
        return TaggedPaper(
            paper=paper,
            areas=tuple(self._areas[i] for i in order if chosen[i]),
            scores={self._areas[i]: round(float(probability[i]), 4) for i in order},
        )
