"""Papers with all that a dataset says of them, and counts of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.labeling import Vote
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class LabeledPapers:
    """Papers, their labels and where these come from; every member has one entry a paper.

    Attributes:
        papers: the papers.
        merged: the ids of the records merged into each.
        labels: soft labels of shape (papers, areas).
        annotated: of shape (papers,).
        votes: labeler to its votes on each paper, None where it has nothing to say.
    """

    papers: Sequence[Paper]
    merged: Sequence[tuple[str, ...]]
    labels: NDArray[np.float32]
    annotated: NDArray[np.bool_]
    votes: Mapping[str, Sequence[list[Vote] | None]]

    def votes_on(self, i: int) -> list[Vote]:
        """Return all labelers' votes on paper `i`."""
        return [vote for of_all in self.votes.values() for vote in of_all[i] or ()]


def hard(labels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which areas soft labels stand for: those of at least 0.5."""
    return labels >= 0.5


def count(data: LabeledPapers, rows: NDArray[np.int64], taxonomy: Taxonomy) -> dict[str, Any]:
    """Return how many of the papers at `rows` there are, are annotated, and stand in every area and source."""
    labels = hard(data.labels[rows])
    annotated = data.annotated[rows]
    sources = Counter(data.papers[i].source for i in rows.tolist())
    return {
        "papers": len(rows),
        "annotated": int(annotated.sum()),
        "areas": dict(zip(taxonomy.areas, labels.sum(axis=0).tolist(), strict=True)),
        "annotated_areas": dict(zip(taxonomy.areas, labels[annotated].sum(axis=0).tolist(), strict=True)),
        "sources": dict(sorted(sources.items(), key=lambda item: (-item[1], item[0]))),
    }
