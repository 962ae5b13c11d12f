"""How `papertag train` learns: by fine-tuning, or from a few papers an area."""

from dataclasses import dataclass
from enum import Enum

from papertag.errors import UserError
from papertag.models.kinds import check_read


class MethodKind(Enum):
    """The ways to learn areas."""

    fine_tune = "fine_tune"
    few_shot = "few_shot"


_READS: dict[MethodKind, tuple[str, ...]] = {
    MethodKind.fine_tune: (),
    MethodKind.few_shot: ("definition_weight", "base_rate"),
}


@dataclass
class MethodConfig:
    """How areas are learned.

    Attributes:
        kind: fine_tune trains weights by gradient descent; few_shot sets rows of the last layer and nothing else
            (`papertag.training.few_shot`).
        base: few_shot: a finished model whose areas stay as they are; None takes the one that ships.
        definition_weight: few_shot: of an area's definition against the mean of its papers.
        base_rate: few_shot: share of papers that carry an area, as calibration and thresholds assume. The examples
            cannot tell it, because they were picked.
    """

    kind: MethodKind = MethodKind.fine_tune
    base: str | None = None
    definition_weight: float | None = None
    base_rate: float | None = None

    def __post_init__(self) -> None:
        # The base may be null for few_shot too.
        base = ("base",) if self.kind is MethodKind.few_shot and self.base is not None else ()
        check_read("method", self, (*_READS[self.kind], *base))
        if self.definition_weight is not None and self.definition_weight < 0:
            raise UserError(f"method.definition_weight={self.definition_weight} must not be negative")
        if self.base_rate is not None and not 0 < self.base_rate < 1:
            raise UserError(f"method.base_rate={self.base_rate} must be a share between 0 and 1")
