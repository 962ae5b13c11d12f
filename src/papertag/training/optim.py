"""AdamW with a learning rate that falls from the head down to the embeddings, and its schedule."""

import re
from enum import Enum
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from papertag.models.anatomy import head_names

_LAYER = re.compile(r"\.(?:layers?|h|block)\.(\d+)\.")


class Schedule(Enum):
    """How the learning rate falls after the warmup."""

    cosine = "cosine"
    linear = "linear"


def build_optimizer(
    model: torch.nn.Module,
    *,
    learning_rate: float,
    head_learning_rate: float,
    layer_decay: float,
    weight_decay: float,
) -> torch.optim.AdamW:
    """Return AdamW over the trainable parameters.

    The last encoder layer learns at `learning_rate`, every layer below at `layer_decay` times the one
    above it, the embeddings one step below the first layer, the head at `head_learning_rate` (layer-wise
    decay as in ULMFiT, Howard and Ruder 2018, arXiv 1801.06146). Biases and norms do not decay.
    """
    heads = set(head_names(model))
    depth = 1 + max((int(m.group(1)) for n, _ in model.named_parameters() if (m := _LAYER.search(n))), default=0)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = _LAYER.search(name)
        if heads.intersection(name.split(".")):
            rate = head_learning_rate
        else:
            below = depth - int(layer.group(1)) - 1 if layer else depth
            rate = learning_rate * layer_decay**below
        # The scales of (IA)3 are vectors too, though of shape (n, 1) or (1, n).
        decay = weight_decay if parameter.squeeze().ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": params, "lr": rate, "weight_decay": decay} for (rate, decay), params in groups.items()],
        fused=True,
    )


def build_schedule(optimizer: Any, kind: Schedule, *, steps: int, warmup: float) -> LRScheduler:
    """Return a schedule over `steps` optimizer steps that rises for the share `warmup`, then falls to 0."""
    from transformers import get_scheduler

    schedule: LRScheduler = get_scheduler(
        kind.value, optimizer, num_warmup_steps=round(warmup * steps), num_training_steps=steps
    )
    return schedule
