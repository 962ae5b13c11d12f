"""The keys that decide which areas a tagged paper carries."""

from dataclasses import dataclass

from papertag.errors import UserError
from papertag.models.decision import Policy


@dataclass(frozen=True)
class DecisionConfig:
    """How probabilities become areas.

    Attributes:
        policy: precise (few wrong areas), balanced (best F1) or sensitive (few missed ones).
        top_k: at most so many areas a paper, the most probable ones; null takes all.
        min_score: no area below this probability, whatever its threshold.
    """

    policy: Policy = Policy.balanced
    top_k: int | None = None
    min_score: float = 0.0

    def __post_init__(self) -> None:
        if self.top_k is not None and self.top_k < 1:
            raise UserError(f"top_k={self.top_k} must be at least 1; top_k=null takes every area above its threshold")
        if not 0 <= self.min_score <= 1:
            raise UserError(f"min_score={self.min_score} must be a probability between 0 and 1")
