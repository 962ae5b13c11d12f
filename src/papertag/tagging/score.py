"""A tagger's metrics on labelled papers, of exactly what it would decide."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.models.decision import taxonomy_fit
from papertag.paper import Paper
from papertag.tagging.tagger import Tagger
from papertag.taxonomy import Taxonomy
from papertag.training.metrics import compute


def label_matrix(papers: Sequence[Paper], taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Return 1 where a paper carries an area, shape (papers, areas)."""
    truth = np.zeros((len(papers), len(taxonomy.areas)), dtype=np.float32)
    for row, paper in enumerate(papers):
        truth[row, [taxonomy.index[area] for area in paper.areas or ()]] = 1
    return truth


def score(
    tagger: Tagger, papers: list[Paper], on_progress: Callable[[int], None] | None = None
) -> tuple[dict[str, Any], NDArray[np.float32], NDArray[np.float32]]:
    """Return the metrics of labelled papers, their probabilities and their labels; both shape (papers, areas).

    Beside those of `papertag.training.metrics.compute`: ``mean_fit``, and ``abstained``, the share of the papers
    with areas that got none. Where some papers are labelled as fitting no area (``"areas": []``), also
    ``abstained_outside``, the share of these that got none, and ``fit_auroc``: how well `fit` tells the two apart.

    Args:
        tagger: makes the decisions.
        papers: labelled; ``areas`` None counts as none.
        on_progress: called with the number of papers just done.
    """
    truth = label_matrix(papers, tagger.metadata.taxonomy)
    probability = tagger.probabilities(papers, on_progress)
    chosen = tagger.decide(probability)
    metrics = compute(probability, truth, tagger.metadata.taxonomy.areas, tagger.thresholds, chosen)
    fit = taxonomy_fit(probability)
    abstained, inside = chosen.sum(axis=1) == 0, truth.sum(axis=1) > 0
    metrics["mean_fit"] = float(fit.mean())
    if inside.any():
        metrics["abstained"] = float(abstained[inside].mean())
    if not inside.all():
        metrics["abstained_outside"] = float(abstained[~inside].mean())
    if 0 < inside.sum() < len(inside):
        from sklearn.metrics import roc_auc_score

        metrics["fit_auroc"] = float(roc_auc_score(inside, fit))
    return metrics, probability, truth
