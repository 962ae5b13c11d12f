"""Which parameters a fine-tuning run trains: all of them, low-rank updates, or the head alone."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from torch import nn

from papertag.errors import UserError

# What the encoders of transformers call the layers between the last hidden state and the logits.
HEAD_MODULES = ("pooler", "classifier", "score", "pre_classifier", "head")


class AdaptationKind(Enum):
    """The ways to adapt an encoder."""

    full = "full"
    lora = "lora"
    head_only = "head_only"


@dataclass
class AdaptationConfig:
    """How the encoder is adapted.

    Attributes:
        kind: full trains everything; lora trains low-rank updates of every linear layer and the head;
            head_only trains the head.
        rank: of LoRA's update matrices.
        alpha: LoRA's scale; updates are multiplied by alpha / rank.
        dropout: probability on LoRA's inputs.
    """

    kind: AdaptationKind = AdaptationKind.full
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise UserError(f"adaptation.rank={self.rank} must be at least 1")
        if not 0 <= self.dropout < 1:
            raise UserError(f"adaptation.dropout={self.dropout} must be at least 0 and less than 1")


def adapt(model: Any, config: AdaptationConfig) -> Any:
    """Return `model` with the parameters of the chosen adaptation trainable and all others frozen.

    LoRA (Hu et al. 2021, arXiv 2106.09685) comes from peft; `merge` folds it back into the weights.
    """
    if config.kind is AdaptationKind.full:
        return model
    heads = head_names(model)
    if config.kind is AdaptationKind.head_only:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = any(part in heads for part in name.split("."))
        return model
    from peft import LoraConfig, TaskType, get_peft_model

    return get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules="all-linear",
            exclude_modules=rf"(.*\.)?({'|'.join(heads)})(\..*)?",
            modules_to_save=heads,
        ),
    )


def merge(model: Any) -> Any:
    """Return an ordinary transformers model: LoRA's updates folded in, any other model as it is."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def head_names(model: nn.Module) -> list[str]:
    """Return the names of the modules between the encoder and the logits."""
    found = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    return [name for name in HEAD_MODULES if name in found]


def trainable(model: nn.Module) -> tuple[int, int]:
    """Return the number of trained and of all parameters."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, train in sizes if train), sum(n for n, _ in sizes)
