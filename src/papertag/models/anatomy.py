"""Where the encoders of transformers keep their embeddings, their layers and their head."""

from typing import Any

from torch import nn

# What the encoders of transformers call the layers between the last hidden state and the logits.
HEAD_MODULES = ("pooler", "classifier", "score", "pre_classifier", "head")


def head_names(model: nn.Module) -> list[str]:
    """Return the names of the modules between the encoder and the logits."""
    found = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    return [name for name in HEAD_MODULES if name in found]


def in_head(name: str, heads: list[str]) -> bool:
    """Return whether the module or parameter called `name` belongs to one of the `heads`."""
    return not set(heads).isdisjoint(name.split("."))


def embedding_modules(model: Any) -> list[nn.Module]:
    """Return what turns token ids into the first layer's input: two modules for ELECTRA, none where unknown."""
    return [module for name, module in model.base_model.named_children() if name.startswith("embeddings")]


def transformer_layers(model: Any) -> list[nn.Module]:
    """Return the encoder's layers, lowest first: the one list as long as its configuration says, else nothing."""
    count = getattr(model.config, "num_hidden_layers", None)
    for module in model.base_model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return list(module)
    return []
