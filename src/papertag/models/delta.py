"""A fine-tuned model as the difference from its pretrained encoder: a tenth of the size, merged back on first use.

Rows of a matrix move little in fine-tuning, so the difference fits in eight bits a weight, one scale a row;
tensors that did not move are left out, and the head, which the encoder does not have, is kept in half precision.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.errors import UserError
from papertag.files import whole_folder
from papertag.models.folder import METADATA_FILE, load_metadata
from papertag.models.linear import VOCABULARY_FILE, WEIGHTS_FILE
from papertag.models.pretrained import ModelConfig, locate

DELTA_FILE = "delta.safetensors"
_RECIPE_FILE = "delta.json"
_INT8 = 127
_BESIDE = ("config.json", METADATA_FILE, "README.md", WEIGHTS_FILE, VOCABULARY_FILE)


def pack(folder: Path, encoder: ModelConfig, output: Path) -> None:
    """Write the difference between a model folder and its pretrained encoder.

    Args:
        folder: a finished model folder.
        encoder: what the model was fine-tuned from; it must come from a package, so that its weights are known.
        output: the folder to write: ``delta.safetensors``, ``delta.json`` and what stood beside the weights.

    Raises:
        UserError: the folder is no finished model, or the encoder cannot be found.
    """
    from safetensors.numpy import load_file, save_file

    load_metadata(folder)
    if encoder.package is None or encoder.sha256 is None:
        raise UserError(f"model={encoder.name} is not known by a package and a checksum, so no difference can be kept")
    tuned = load_file(folder / "model.safetensors")
    base = _base_weights(_place(encoder), tuned)
    kept: dict[str, NDArray[Any]] = {}
    for name, tensor in tuned.items():
        if name not in base or base[name].shape != tensor.shape:
            kept[name] = tensor.astype(np.float16)
        elif not np.array_equal(tensor, base[name]):
            kept |= _quantized(name, tensor - base[name])
    recipe = {"encoder": asdict(encoder), "max_length": _max_length(folder), "tensors": sorted(tuned)}
    with whole_folder(output) as temporary:
        save_file(kept, temporary / DELTA_FILE)
        (temporary / _RECIPE_FILE).write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
        for file in _BESIDE:
            if (folder / file).is_file():
                shutil.copyfile(folder / file, temporary / file)


def unpack(delta: Path, output: Path) -> None:
    """Merge what `pack` wrote with its pretrained encoder into an ordinary model folder.

    Raises:
        UserError: a file is missing or damaged, or the encoder is not the one that the difference was taken from.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save_file
    from transformers import AutoTokenizer

    try:
        recipe = json.loads((delta / _RECIPE_FILE).read_text(encoding="utf-8"))
        encoder = ModelConfig(**recipe["encoder"])
        kept = load_file(delta / DELTA_FILE)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise UserError(f"{delta} is damaged: {error}") from None
    place = _place(encoder)
    base = _base_weights(place, recipe["tensors"])
    weights = {name: _merged(name, base, kept) for name in recipe["tensors"]}
    tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    tokenizer.model_max_length = recipe["max_length"]
    with whole_folder(output) as folder:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        tokenizer.save_pretrained(folder)
        for file in _BESIDE:
            if (delta / file).is_file():
                shutil.copyfile(delta / file, folder / file)


def _place(encoder: ModelConfig) -> Path:
    return Path(locate(encoder, network=False).location)


def _base_weights(place: Path, tuned: Any) -> dict[str, NDArray[np.float32]]:
    """Return the encoder's weights under the names that they have in the classifier."""
    from safetensors.numpy import load_file

    weights = load_file(place / "model.safetensors")
    named = {}
    for name in tuned:
        # A classifier keeps its encoder under one more name, such as "bert.".
        inner = name if name in weights else name.partition(".")[2]
        if inner in weights:
            named[name] = weights[inner].astype(np.float32)
    return named


def _quantized(name: str, difference: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    if difference.ndim < 2:
        return {f"{name}.difference": difference.astype(np.float16)}
    scale = np.maximum(np.abs(difference).max(axis=1, keepdims=True), 1e-12) / _INT8
    return {
        f"{name}.int8": np.rint(difference / scale).astype(np.int8),
        f"{name}.scale": scale.astype(np.float32),
    }


def _merged(name: str, base: dict[str, NDArray[np.float32]], kept: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    weights: NDArray[np.float32]
    if name in kept:
        weights = kept[name].astype(np.float32)
    elif f"{name}.int8" in kept:
        weights = base[name] + kept[f"{name}.int8"].astype(np.float32) * kept[f"{name}.scale"]
    elif f"{name}.difference" in kept:
        weights = base[name] + kept[f"{name}.difference"].astype(np.float32)
    else:
        weights = base[name]
    return weights


def _max_length(folder: Path) -> int:
    document = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return int(document["model_max_length"])
