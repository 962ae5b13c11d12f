"""The adaptation methods that come from peft: frozen weights with small trained updates beside them.

All but (IA)3 update every linear layer of the encoder. All fold into the weights: the merged model costs nothing
extra and has the encoder's own shape.
"""

import warnings
from typing import Any

from torch import nn

from papertag.errors import UserError
from papertag.models.anatomy import head_names, in_head

# What encoders call the projections to keys and to values; ModernBERT makes queries, keys and values in one.
_KEYS_AND_VALUES = ("key", "value", "k", "v", "k_lin", "v_lin", "key_proj", "value_proj", "k_proj", "v_proj", "Wqkv")


def add_updates(model: Any, kind: str, *, rank: int | None, alpha: int | None, dropout: float | None) -> Any:
    """Return a peft model around `model` in which the updates of the method `kind` train and nothing else.

    Raises:
        UserError: peft cannot adapt this encoder with these settings.
    """
    try:
        with warnings.catch_warnings():
            # Random matrices that are not saved are drawn again from their seed, which is what is wanted.
            warnings.filterwarnings("ignore", message="Specified to not save")
            peft_config = _peft_config(_linear_layers(model), kind, rank, alpha, dropout)
        return wrapped(model, peft_config)
    except ValueError as error:
        raise UserError(f"adaptation={kind} cannot adapt {type(model).__name__}: {error}") from None


def wrapped(model: Any, peft_config: Any) -> Any:
    """Return peft's model around `model`, without the warnings that concern peft's own files and developers."""
    from peft import get_peft_model

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        return get_peft_model(model, peft_config)


def _peft_config(
    layers: dict[str, nn.Linear], kind: str, rank: int | None, alpha: int | None, dropout: float | None
) -> Any:
    """Return peft's settings for the encoder's linear `layers`.

    lora (Hu et al. 2021, arXiv 2106.09685), rslora (Kalajdzievski 2023, arXiv 2312.03732) and dora (Liu et al. 2024,
    arXiv 2402.09353) train a product of two matrices of low rank; dora the weights' column norms beside it.
    randlora (Albert et al. 2025, arXiv 2502.00987) and vera (Kopiczko et al. 2023, arXiv 2310.11454) train scales of
    fixed random matrices, drawn from a seed and therefore not in checkpoints. miss (Kang and Yin 2024, arXiv
    2409.15371, first named Bone) trains one small matrix that is repeated along the inputs; lokr (Yeh et al. 2023,
    arXiv 2309.14859) a Kronecker product; ia3 (Liu et al. 2022, arXiv 2205.05638) scales of keys, values and of the
    feed-forward layers' inner activations.
    """
    import peft

    targets = list(layers)
    if kind in ("lora", "rslora", "dora"):
        return peft.LoraConfig(
            target_modules=targets,
            r=rank,
            lora_alpha=alpha,
            lora_dropout=dropout,
            use_rslora=kind == "rslora",
            use_dora=kind == "dora",
        )
    if kind == "randlora":
        return peft.RandLoraConfig(
            target_modules=targets, r=rank, randlora_alpha=alpha, randlora_dropout=dropout, save_projection=False
        )
    if kind == "vera":
        return peft.VeraConfig(target_modules=targets, r=rank, vera_dropout=dropout, save_projection=False)
    if kind == "miss":
        return peft.MissConfig(target_modules=targets, r=rank, miss_dropout=dropout)
    if kind == "lokr":
        return peft.LoKrConfig(target_modules=targets, r=rank, alpha=alpha)
    attention = [name for name in layers if name.rpartition(".")[2] in _KEYS_AND_VALUES]
    feed_forward = [name for name, layer in layers.items() if layer.in_features > layer.out_features]
    if not attention or not feed_forward:
        raise ValueError("it is not known where it makes keys, values and inner activations")
    return peft.IA3Config(target_modules=attention + feed_forward, feedforward_modules=feed_forward)


def _linear_layers(model: Any) -> dict[str, nn.Linear]:
    """Return the encoder's linear layers by name, the head's left out."""
    heads = head_names(model)
    return {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear) and not in_head(n, heads)}
