"""An encoder with a head over areas, and the tokenizer that goes with it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from papertag.errors import UserError
from papertag.models.pretrained import ModelConfig, locate
from papertag.taxonomy import Taxonomy

# What transformers and the libraries below it raise for missing and for damaged files.
_LOADING_ERRORS = (OSError, ValueError, KeyError, RuntimeError, SafetensorError)
# The names under which the configurations of encoders keep the dropout of hidden states.
_HIDDEN_DROPOUT = ("hidden_dropout_prob", "dropout", "embedding_dropout", "mlp_dropout")


def build_model(
    config: ModelConfig, taxonomy: Taxonomy, positive_rate: NDArray[np.float32], *, network: bool
) -> tuple[Any, Any]:
    """Load an encoder, put a fresh head over the taxonomy's areas on it, and load its tokenizer.

    The head's bias starts at the log-odds of `positive_rate`, shape (areas,): a model that knows nothing
    then predicts how frequent each area is, which saves the first steps (as for focal loss, arXiv 1708.02002).

    Returns:
        A transformers sequence classifier with ``problem_type="multi_label_classification"``, and a tokenizer.

    Raises:
        UserError: the encoder cannot be found or is not one that classifies sequences.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    _quiet()
    place = locate(config, network=network)
    common = {
        "revision": place.revision or "main",
        "local_files_only": place.local,
        "trust_remote_code": False,
    }
    settings = dict.fromkeys(("attention_probs_dropout_prob", "attention_dropout"), config.attention_dropout)
    if config.dropout is not None:
        settings |= dict.fromkeys(_HIDDEN_DROPOUT, config.dropout)
    try:
        encoder = AutoConfig.from_pretrained(place.location, **common)
        for name, value in settings.items():
            if hasattr(encoder, name):
                setattr(encoder, name, value)
        encoder.num_labels = len(taxonomy.areas)
        encoder.id2label = dict(enumerate(taxonomy.areas))
        encoder.label2id = taxonomy.index
        encoder.problem_type = "multi_label_classification"
        model = AutoModelForSequenceClassification.from_pretrained(
            place.location, config=encoder, use_safetensors=True, dtype=torch.float32, **common
        )
        tokenizer = AutoTokenizer.from_pretrained(place.location, **common)
    except _LOADING_ERRORS as error:
        raise UserError(f"model={config.name}: {place.location} cannot be loaded: {_first_line(error)}") from None
    _check_tokenizer(tokenizer, place.location)
    positions = getattr(encoder, "max_position_embeddings", None) or config.max_length
    tokenizer.model_max_length = min(config.max_length, positions, tokenizer.model_max_length)
    _set_bias(model, positive_rate)
    return model, tokenizer


def load_classifier(folder: Path) -> tuple[Any, Any]:
    """Load a finished model folder: the classifier, ready to predict, and its tokenizer.

    Raises:
        UserError: the folder's weights or tokenizer are missing or damaged.
    """
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    _quiet()
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except _LOADING_ERRORS as error:
        raise UserError(f"model={folder} cannot be loaded: {_first_line(error)}") from None
    _check_tokenizer(tokenizer, str(folder))
    return model.eval(), tokenizer


def _check_tokenizer(tokenizer: Any, location: str) -> None:
    # Where the files are missing transformers makes up a tokenizer that knows no word.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise UserError(f"{location} has no tokenizer: copy tokenizer.json and tokenizer_config.json into it")
    if tokenizer.pad_token_id is None:
        raise UserError(f"{location} has no padding token: take an encoder, such as BERT, and no decoder-only model")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _set_bias(model: Any, positive_rate: NDArray[np.float32]) -> None:
    rate = torch.tensor(positive_rate, dtype=torch.float32).clamp(1e-3, 1 - 1e-3)
    for name in ("classifier", "score"):
        # Some heads are one linear layer, some a small stack that ends in one.
        layers = [m for m in getattr(model, name, torch.nn.Identity()).modules() if isinstance(m, torch.nn.Linear)]
        if layers and layers[-1].bias is not None:
            with torch.no_grad():
                layers[-1].bias.copy_(torch.logit(rate))


def _quiet() -> None:
    """Silence what transformers prints for every load: a fresh head is meant to be fresh."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
