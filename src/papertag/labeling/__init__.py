"""Papers in, votes with their provenance out, combined into soft labels: weak supervision for training.

Public: `LabelingConfig`, `build_labelers`, `Labeler`, `Vote`, `combine`, `SoftLabels`, `measure`,
`LabelingReport`; each labeler has a module of its own name.
"""

from papertag.labeling.combine import SoftLabels, combine
from papertag.labeling.config import LabelingConfig, build_labelers
from papertag.labeling.measure import LabelingReport, measure
from papertag.labeling.vote import Labeler, Vote, Votes

__all__ = [
    "Labeler",
    "LabelingConfig",
    "LabelingReport",
    "SoftLabels",
    "Vote",
    "Votes",
    "build_labelers",
    "combine",
    "measure",
]
