"""The run folder: what was asked for, by which versions, and whether work found there may be continued."""

import json
import sys
from dataclasses import asdict
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from papertag import __version__
from papertag.errors import UserError
from papertag.training.config import TrainConfig

_LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "peft", "tokenizers")


def library_versions() -> dict[str, str]:
    """Return the versions of papertag and of the libraries that shape a result."""
    return {"papertag": __version__, **{name: version(name) for name in _LIBRARIES}}


def settings_of(config: Any) -> dict[str, Any]:
    """Return a configuration dataclass as plain JSON values."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def open_run(folder: Path, config: TrainConfig, fingerprint: str) -> None:
    """Make the run folder and write ``run.json``, or check that the work found there is the same run.

    Raises:
        UserError: the folder holds a finished run, a run of other settings or data, or something else.
    """
    record = {
        "settings": settings_of(config),
        "dataset_fingerprint": fingerprint,
        "versions": library_versions(),
        "command": sys.argv,
    }
    path = folder / "run.json"
    if (folder / "model" / "config.json").is_file():
        raise UserError(f"output={folder} holds a finished run: name another folder, or remove that one")
    if path.is_file():
        differing = _differences(json.loads(path.read_text(encoding="utf-8")), record)
        if differing:
            raise UserError(
                f"output={folder} holds an unfinished run with other settings ({', '.join(differing)}): "
                "repeat its command to go on, or name another folder"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before, now = _flat(old["settings"]), _flat(new["settings"])
    keys = [k for k in sorted(before.keys() | now.keys()) if before.get(k) != now.get(k) and k != "output"]
    if old["dataset_fingerprint"] != new["dataset_fingerprint"]:
        keys.append("the dataset's content")
    return keys


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
