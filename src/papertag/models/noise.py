"""Noise-augmented embeddings: uniform noise on the embedded tokens while a model trains."""

from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle


def neftune(model: Any, alpha: float) -> RemovableHandle:
    """Add noise to what the input embeddings of `model` return, in training mode only.

    NEFTune (Jain et al. 2023, arXiv 2310.05914): every value of a text of L tokens in d dimensions gets uniform noise
    between -alpha / sqrt(L d) and alpha / sqrt(L d). Padding counts not into L and gets none.

    Args:
        model: a transformers or peft model, not yet wrapped for several processes.
        alpha: the strength; the authors use 5 to 15.

    Returns:
        A handle: ``handle.remove()`` or the end of ``with neftune(...)`` stops the noise.
    """
    padding = model.config.pad_token_id

    def add_noise(module: Any, inputs: tuple[Tensor, ...], embedded: Tensor) -> Tensor:
        if not module.training:
            return embedded
        tokens = torch.ones_like(inputs[0]) if padding is None else inputs[0] != padding
        tokens = tokens.to(embedded.dtype).unsqueeze(-1)
        strength = alpha / (tokens.sum(dim=1, keepdim=True).clamp(min=1) * embedded.shape[-1]).sqrt()
        return embedded + torch.empty_like(embedded).uniform_(-1, 1) * strength * tokens

    handle: RemovableHandle = model.get_input_embeddings().register_forward_hook(add_noise)
    return handle
