"""What `papertag train` takes, checked before any work starts."""

from dataclasses import dataclass, field
from enum import Enum

from papertag.errors import UserError
from papertag.models.adaptation import AdaptationConfig
from papertag.models.linear import MemberConfig
from papertag.models.losses import LossConfig
from papertag.models.pretrained import ModelConfig
from papertag.training.calibrate import Thresholds
from papertag.training.method import MethodConfig
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
        train_papers: train on so many papers, drawn at random by training.seed; a smaller draw of the same seed is
            part of a larger one. None takes all.
    """

    path: str
    hard_labels: bool = False
    annotated_only: bool = False
    train_papers: int | None = None

    def __post_init__(self) -> None:
        if self.train_papers is not None and self.train_papers < 1:
            raise UserError(f"dataset.train_papers={self.train_papers} must be at least 1")


@dataclass
class TrainingConfig:
    """The training loop's settings.

    Attributes:
        epochs: passes over the training split, at most.
        batch_size: papers in one forward pass of one process.
        gradient_accumulation_steps: forward passes that make one optimizer step.
        learning_rate: of the last encoder layer, at its peak.
        head_learning_rate: of pooler and classifier.
        layer_decay: learning rate of a layer over that of the layer above it.
        weight_decay: AdamW's, for weights of two dimensions or more.
        warmup_ratio: share of the steps in which the learning rate rises.
        lr_scheduler_type: how it falls afterwards.
        max_grad_norm: the gradient's norm at most; 0 does not clip.
        max_length: tokens of a paper that a training step reads; 0 reads as many as the model.
        neftune_noise_alpha: strength of uniform noise on the embeddings (NEFTune, Jain et al. 2023, arXiv
            2310.05914); 0 adds none.
        metric_for_best_model: what early stopping watches on validation.
        early_stopping_patience: epochs without a better metric after which training stops; 0 never stops early.
        thresholds: fitted on validation: one global threshold, or one per area.
        mixed_precision: auto takes bf16 where the device computes in it, else fp16 on a GPU, else none.
        checkpointing_steps: optimizer steps between checkpoints; 0 makes one an epoch.
        save_total_limit: checkpoints that stay.
        seed: of weights, order and dropout.
    """

    epochs: int = 5
    batch_size: int = 16
    gradient_accumulation_steps: int = 1
    learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    layer_decay: float = 0.85
    weight_decay: float = 0.01
    warmup_ratio: float = 0.06
    lr_scheduler_type: Schedule = Schedule.cosine
    max_grad_norm: float = 1.0
    max_length: int = 0
    neftune_noise_alpha: float = 0.0
    metric_for_best_model: Metric = Metric.map
    early_stopping_patience: int = 0
    thresholds: Thresholds = Thresholds.per_area
    mixed_precision: Precision = Precision.auto
    checkpointing_steps: int = 0
    save_total_limit: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "gradient_accumulation_steps", "save_total_limit"):
            if getattr(self, name) < 1:
                raise UserError(f"training.{name}={getattr(self, name)} must be at least 1")
        for name in ("learning_rate", "head_learning_rate"):
            if getattr(self, name) <= 0:
                raise UserError(f"training.{name}={getattr(self, name)} must be more than 0")
        not_negative = ("weight_decay", "max_grad_norm", "max_length", "neftune_noise_alpha",
                        "early_stopping_patience", "checkpointing_steps", "seed")  # fmt: skip
        for name in not_negative:
            if getattr(self, name) < 0:
                raise UserError(f"training.{name}={getattr(self, name)} must not be negative")
        if not 0 <= self.warmup_ratio <= 1:
            raise UserError(f"training.warmup_ratio={self.warmup_ratio} must be a share between 0 and 1")
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
    method: MethodConfig = field(default_factory=MethodConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    adaptation: AdaptationConfig = field(default_factory=AdaptationConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    member: MemberConfig = field(default_factory=MemberConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    debug: DebugConfig = field(default_factory=DebugConfig)
    network: bool = False
