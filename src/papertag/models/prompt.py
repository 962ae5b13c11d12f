"""Prompt tuning whose result is an ordinary model folder: the prompt is a few tokens of the vocabulary's own.

peft's prompt tuning puts its vectors before the embedded text, so they cannot be folded into the weights. Here every
vector is the embedding of a new token, and the tokenizer puts these tokens into every text as it puts the special
ones: the same computation, done by weights and tokenizer alone, which any program loads.
"""

from typing import Any

import torch

from papertag.errors import UserError
from papertag.models.peft_methods import wrapped


def add_prompt(model: Any, tokenizer: Any, count: int) -> tuple[Any, Any]:
    """Put `count` virtual tokens after the first special token of every text, and train their embeddings alone.

    Prompt tuning (Lester et al. 2021, arXiv 2104.08691), started at embeddings of words drawn from the vocabulary as
    its authors advise. The prompt stands after ``[CLS]`` and not before it, because heads read the first position.

    Returns:
        A peft model and the tokenizer that goes with it; the one given stays as it was.

    Raises:
        UserError: the prompt leaves no room for text, or the tokenizer is not one of the library tokenizers.
    """
    from peft import TrainableTokensConfig

    if count + tokenizer.num_special_tokens_to_add() >= tokenizer.model_max_length:
        raise UserError(
            f"adaptation.num_virtual_tokens={count} leaves no room for text: "
            f"the model reads {tokenizer.model_max_length} tokens"
        )
    words = len(tokenizer)
    tokenizer, ids = _with_prompt(tokenizer, count)
    embeddings = model.get_input_embeddings().weight
    start = embeddings[torch.randperm(words)[:count].to(embeddings.device)].detach().clone()
    if max(ids) >= len(embeddings):
        model.resize_token_embeddings(max(ids) + 1, mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight[ids] = start
    return wrapped(model, TrainableTokensConfig(token_indices=ids)), tokenizer


def _with_prompt(tokenizer: Any, count: int) -> tuple[Any, list[int]]:
    """Return a tokenizer that adds `count` tokens of its own to every text, and their ids."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    if not getattr(tokenizer, "is_fast", False):
        raise UserError("adaptation=prompt_tuning needs a tokenizer with a tokenizer.json")
    prompt = [f"[PROMPT{i}]" for i in range(count)]
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.add_special_tokens(prompt)
    ids = backend.get_vocab()
    single = _pieces(tokenizer("a"))
    pair = _pieces(tokenizer("a", "a"))
    special = {token for piece in pair if (token := piece.rpartition(":")[0]) not in ("$A", "$B")} | set(prompt)
    backend.post_processor = TemplateProcessing(
        single=single[:1] + [f"{token}:0" for token in prompt] + single[1:],
        pair=pair[:1] + [f"{token}:0" for token in prompt] + pair[1:],
        special_tokens=[(token, ids[token]) for token in sorted(special)],
    )
    # A family's own tokenizer class makes its template anew when it is loaded; the general one keeps the saved one.
    kept = {name: getattr(tokenizer, name) for name in ("model_max_length", "padding_side", "model_input_names")}
    general = PreTrainedTokenizerFast(tokenizer_object=backend, **kept, **tokenizer.special_tokens_map)
    return general, [ids[token] for token in prompt]


def _pieces(encoded: Any) -> list[str]:
    """Return the template behind an encoded text or pair of texts, such as ``[CLS]:0``, ``$A:0``, ``[SEP]:0``."""
    [encoding] = encoded.encodings
    pieces: list[str] = []
    for token, sequence, kind in zip(encoding.tokens, encoding.sequence_ids, encoding.type_ids, strict=True):
        piece = f"{token if sequence is None else ('$A', '$B')[sequence]}:{kind}"
        if sequence is None or piece not in pieces:
            pieces.append(piece)
    return pieces
