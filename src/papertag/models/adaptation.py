"""Which parameters a fine-tuning run trains, and how its result becomes an ordinary model again."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from torch import nn

from papertag.errors import UserError
from papertag.models.anatomy import embedding_modules, head_names, in_head, transformer_layers
from papertag.models.kinds import check_read


class AdaptationKind(Enum):
    """The ways to adapt an encoder."""

    full = "full"
    head_only = "head_only"
    bitfit = "bitfit"
    lora = "lora"
    rslora = "rslora"
    dora = "dora"
    randlora = "randlora"
    vera = "vera"
    miss = "miss"
    lokr = "lokr"
    ia3 = "ia3"
    prompt_tuning = "prompt_tuning"


_READS: dict[AdaptationKind, tuple[str, ...]] = {
    AdaptationKind.full: (),
    AdaptationKind.head_only: (),
    AdaptationKind.bitfit: (),
    AdaptationKind.lora: ("rank", "alpha", "dropout"),
    AdaptationKind.rslora: ("rank", "alpha", "dropout"),
    AdaptationKind.dora: ("rank", "alpha", "dropout"),
    AdaptationKind.randlora: ("rank", "alpha", "dropout"),
    AdaptationKind.vera: ("rank", "dropout"),
    AdaptationKind.miss: ("rank", "dropout"),
    AdaptationKind.lokr: ("rank", "alpha"),
    AdaptationKind.ia3: (),
    AdaptationKind.prompt_tuning: ("num_virtual_tokens",),
}


@dataclass
class AdaptationConfig:
    """How the encoder is adapted; the head trains in every kind.

    Attributes:
        kind: full trains everything, head_only nothing but the head, bitfit the biases (Ben Zaken et al. 2022,
            arXiv 2106.10199), prompt_tuning vectors put before every text (`papertag.models.prompt`), and the
            others what `papertag.models.peft_methods` says.
        rank: of the update matrices.
        alpha: scale of the updates: they are multiplied by alpha / rank, for rslora by alpha / sqrt(rank).
        dropout: probability on the inputs of the updates.
        num_virtual_tokens: prompt_tuning: vectors put before every text; they count into model.max_length.
        freeze_embeddings: full: the embeddings do not train.
        freeze_layers: full: so many of the encoder's lowest layers do not train. Together with frozen embeddings
            nothing below the first trained layer needs a backward pass.
    """

    kind: AdaptationKind = AdaptationKind.full
    rank: int | None = None
    alpha: int | None = None
    dropout: float | None = None
    num_virtual_tokens: int | None = None
    freeze_embeddings: bool = False
    freeze_layers: int = 0

    def __post_init__(self) -> None:
        check_read("adaptation", self, _READS[self.kind])
        for name in ("rank", "alpha", "num_virtual_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"adaptation.{name}={value} must be at least 1")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise UserError(f"adaptation.dropout={self.dropout} must be at least 0 and less than 1")
        if self.freeze_layers < 0:
            raise UserError(f"adaptation.freeze_layers={self.freeze_layers} must not be negative")
        if self.kind is not AdaptationKind.full and (self.freeze_embeddings or self.freeze_layers):
            raise UserError(
                "adaptation.freeze_embeddings and adaptation.freeze_layers belong to adaptation=full: "
                f"{self.kind.value} freezes the encoder's own weights anyway"
            )


def adapt(model: Any, tokenizer: Any, config: AdaptationConfig) -> tuple[Any, Any]:
    """Return `model` with what the chosen kind trains trainable and the rest frozen, and the tokenizer for it.

    The tokenizer is another one after prompt tuning only, which gives the vocabulary tokens of its own. `merge`
    makes the model an ordinary one again.

    Raises:
        UserError: the encoder lacks what the kind trains or freezes, or has it at a place that is not known.
    """
    kind = config.kind
    if kind is AdaptationKind.full:
        _freeze(model, config)
        return model, tokenizer
    if kind is AdaptationKind.head_only:
        model.requires_grad_(False)
    elif kind is AdaptationKind.bitfit:
        _train_biases(model)
    elif kind is AdaptationKind.prompt_tuning:
        from papertag.models.prompt import add_prompt

        assert config.num_virtual_tokens is not None
        model, tokenizer = add_prompt(model, tokenizer, config.num_virtual_tokens)
    else:
        from papertag.models.peft_methods import add_updates

        model = add_updates(model, kind.value, rank=config.rank, alpha=config.alpha, dropout=config.dropout)
    heads = head_names(model)
    for name, parameter in model.named_parameters():
        if in_head(name, heads):
            parameter.requires_grad = True
    return model, tokenizer


def merge(model: Any) -> Any:
    """Return an ordinary transformers model: updates folded into the weights, any other model as it is."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def trainable(model: nn.Module) -> tuple[int, int]:
    """Return the number of trained and of all parameters."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, train in sizes if train), sum(n for n, _ in sizes)


def _freeze(model: Any, config: AdaptationConfig) -> None:
    encoder = type(model).__name__
    if config.freeze_embeddings:
        embeddings = embedding_modules(model)
        if not embeddings:
            raise UserError(f"adaptation.freeze_embeddings=true: it is not known where {encoder} keeps its embeddings")
        for module in embeddings:
            module.requires_grad_(False)
    if config.freeze_layers:
        layers = transformer_layers(model)
        if not layers:
            raise UserError(
                f"adaptation.freeze_layers={config.freeze_layers}: it is not known where {encoder} keeps its layers"
            )
        if config.freeze_layers > len(layers):
            raise UserError(
                f"adaptation.freeze_layers={config.freeze_layers}, but the encoder has {len(layers)} layers"
            )
        for layer in layers[: config.freeze_layers]:
            layer.requires_grad_(False)


def _train_biases(model: Any) -> None:
    heads = head_names(model)
    biases = {name for name, _ in model.named_parameters() if name.endswith(".bias") and not in_head(name, heads)}
    if not biases:
        raise UserError(f"adaptation=bitfit trains biases, and the encoder of {type(model).__name__} has none")
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in biases
