"""Logits of a split, computed by one process or shared among several."""

from typing import Any

import numpy as np
from accelerate.utils import gather_object
from numpy.typing import NDArray

from papertag.models.forward import forward, sorted_batches
from papertag.training.data import EncodedSplit


def predict(accelerator: Any, model: Any, tokenizer: Any, split: EncodedSplit, batch_size: int) -> NDArray[np.float32]:
    """Return the logits of every paper once, in the split's order, shape (papers, areas), in every process."""
    # Ranks may have different numbers of batches, and a distributed model's forward pass waits for all of them.
    model = accelerator.unwrap_model(model)
    was_training = model.training
    model.eval()
    batches = sorted_batches(split.lengths, batch_size)[accelerator.process_index :: accelerator.num_processes]
    parts = list(forward(model, tokenizer, split.token_ids, batches, accelerator.device))
    model.train(was_training)
    logits = np.zeros(split.labels.shape, dtype=np.float32)
    for positions, values in gather_object(parts):
        logits[positions] = values
    return logits
