"""What `papertag train` takes, checked before any work starts."""

from dataclasses import dataclass, field
from enum import Enum

from papertag.errors import UserError
from papertag.models.adaptation import AdaptationConfig
from papertag.models.losses import LossConfig
from papertag.models.pretrained import ModelConfig
from papertag.training.calibrate import Thresholds
from papertag.training.optim import Schedule


class Precision(Enum):
    """The number format of the forward and backward pass."""

    auto = "auto"
    no = "no"
    fp16 = "fp16"
    bf16 = "bf16"
    fp8 = "fp8"


class Metric(Enum):
    """The metrics that early stopping can watch; larger is better."""

    map = "map"
    macro_f1 = "macro_f1"
    micro_f1 = "micro_f1"
    lrap = "lrap"


@dataclass
class DatasetConfig:
    """Which dataset, and how its labels are read.

    Attributes:
        path: a folder made by `papertag build`.
        hard_labels: round soft labels to 0 or 1.
        annotated_only: leave papers without an annotation out of training.
    """

    path: str
    hard_labels: bool = False
    annotated_only: bool = False


@dataclass
class TrainingConfig:
    """The training loop's settings.

    Attributes:
        epochs: passes over the training split, at most.
        batch_size: papers in one forward pass of one process.
        accumulate: forward passes that make one optimizer step.
        learning_rate: of the last encoder layer, at its peak.
        head_learning_rate: of pooler and classifier.
        layer_decay: learning rate of a layer over that of the layer above it.
        weight_decay: AdamW's, for weights of two dimensions or more.
        warmup: share of the steps in which the learning rate rises.
        schedule: how it falls afterwards.
        clip: the gradient's norm at most; 0 does not clip.
        metric: what early stopping watches on validation.
        patience: epochs without a better metric after which training stops; 0 never stops early.
        thresholds: fitted on validation for one threshold or per area.
        precision: auto takes bf16 where the device computes in it, else fp16 on a GPU, else none.
        checkpoint_every: optimizer steps between checkpoints; 0 makes one an epoch.
        keep: checkpoints that stay.
        seed: of weights, order and dropout.
    """

    epochs: int = 5
    batch_size: int = 16
    accumulate: int = 1
    learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    layer_decay: float = 0.85
    weight_decay: float = 0.01
    warmup: float = 0.06
    schedule: Schedule = Schedule.cosine
    clip: float = 1.0
    metric: Metric = Metric.map
    patience: int = 0
    thresholds: Thresholds = Thresholds.per_area
    precision: Precision = Precision.auto
    checkpoint_every: int = 0
    keep: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "accumulate", "keep"):
            if getattr(self, name) < 1:
                raise UserError(f"training.{name}={getattr(self, name)} must be at least 1")
        for name in ("learning_rate", "head_learning_rate"):
            if getattr(self, name) <= 0:
                raise UserError(f"training.{name}={getattr(self, name)} must be more than 0")
        for name in ("weight_decay", "clip", "patience", "checkpoint_every", "seed"):
            if getattr(self, name) < 0:
                raise UserError(f"training.{name}={getattr(self, name)} must not be negative")
        if not 0 <= self.warmup <= 1:
            raise UserError(f"training.warmup={self.warmup} must be a share between 0 and 1")
        if not 0 < self.layer_decay <= 1:
            raise UserError(f"training.layer_decay={self.layer_decay} must be more than 0 and at most 1")


@dataclass
class DebugConfig:
    """Cuts that make a run fast.

    Attributes:
        max_papers: papers of each split; 0 takes all.
    """

    max_papers: int = 0

    def __post_init__(self) -> None:
        if self.max_papers < 0:
            raise UserError(f"debug.max_papers={self.max_papers} must not be negative")


@dataclass
class TrainConfig:
    """Everything a run needs; `output` is its folder."""

    output: str
    dataset: DatasetConfig
    model: ModelConfig = field(default_factory=ModelConfig)
    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    debug: DebugConfig = field(default_factory=DebugConfig)
    network: bool = False
