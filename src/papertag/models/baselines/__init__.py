"""What a fine-tuned transformer has to beat: methods from no learning at all to few-shot fine-tuning, one file each.

Public: `Baseline`, which all of them are.
"""

from papertag.models.baselines.base import Baseline

__all__ = ["Baseline"]
