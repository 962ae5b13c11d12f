"""A classifier's last layer row by row: what goes into it, and other rows in its place.

An area is one row of that layer, so areas can be added, taken over or dropped without touching the encoder.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from papertag.errors import UserError
from papertag.models.forward import collate, sorted_batches
from papertag.taxonomy import Taxonomy

_BATCH = 8


def last_layer(model: Any) -> torch.nn.Linear:
    """Return the linear layer whose outputs are the logits.

    Raises:
        UserError: the classifier does not end in one.
    """
    for name in ("classifier", "score"):
        layers = [m for m in getattr(model, name, torch.nn.Identity()).modules() if isinstance(m, torch.nn.Linear)]
        if layers and layers[-1].bias is not None:
            return layers[-1]
    raise UserError(f"it is not known where {type(model).__name__} keeps the layer that gives its logits")


def layer_inputs(model: Any, tokenizer: Any, texts: Sequence[str], device: Any) -> NDArray[np.float32]:
    """Return what `last_layer` reads of each text, shape (texts, hidden)."""
    layer, seen = last_layer(model), []
    token_ids = tokenizer(list(texts), truncation=True)["input_ids"]
    lengths = np.array([len(ids) for ids in token_ids], dtype=np.int64)
    rows = np.zeros((len(texts), layer.in_features), dtype=np.float32)
    hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model.eval()
    try:
        with torch.inference_mode():
            for positions in sorted_batches(lengths, _BATCH):
                model(**collate([token_ids[i] for i in positions], tokenizer, device))
                rows[positions] = seen.pop().float().cpu().numpy()
    finally:
        hook.remove()
    return rows


def replace_rows(model: Any, taxonomy: Taxonomy, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    """Give `model` the areas of `taxonomy`: `weight` of shape (areas, hidden) and `bias` of shape (areas,)."""
    layer = last_layer(model)
    layer.weight = torch.nn.Parameter(torch.from_numpy(weight).to(layer.weight))
    layer.bias = torch.nn.Parameter(torch.from_numpy(bias).to(layer.bias))
    layer.out_features = len(taxonomy.areas)
    model.num_labels = model.config.num_labels = len(taxonomy.areas)
    model.config.id2label = dict(enumerate(taxonomy.areas))
    model.config.label2id = taxonomy.index
