"""The run folder: what was asked for, by which versions, and whether work found there may be continued."""

import json
import sys
from dataclasses import asdict, dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from papertag import __version__
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.training.config import TrainConfig

_RECORD = "run.json"
# What a record holds that changes nothing in the result.
_WITHOUT_EFFECT = ("settings.output", "settings.network", "settings.tracker", "versions", "command")
_LIBRARIES = ("torch", "transformers", "datasets", "accelerate", "peft", "tokenizers")


def library_versions() -> dict[str, str]:
    """Return the versions of papertag and of the libraries that shape a result."""
    return {"papertag": __version__, **{name: version(name) for name in _LIBRARIES}}


def settings_of(config: Any) -> dict[str, Any]:
    """Return a configuration dataclass as plain JSON values."""
    return {key: _plain(value) for key, value in asdict(config).items()}


@dataclass(frozen=True)
class Run:
    """What decides a run's result.

    Attributes:
        config: its settings.
        fingerprint: of its dataset.
        processes: that share each step.
        mixed_precision: as resolved for the device.
    """

    config: TrainConfig
    fingerprint: str
    processes: int = 1
    mixed_precision: str = "no"

    def record(self) -> dict[str, Any]:
        """Return what ``run.json`` holds."""
        return {
            "settings": settings_of(self.config),
            "dataset_fingerprint": self.fingerprint,
            "processes": self.processes,
            "mixed_precision": self.mixed_precision,
            "versions": library_versions(),
            "command": sys.argv,
        }


def finished(folder: Path) -> bool:
    """Return whether `folder` holds a finished run."""
    return (folder / "model" / "config.json").is_file()


def open_run(folder: Path, run: Run) -> None:
    """Make the run folder and write ``run.json``, or check that the unfinished work found there is the same run.

    Raises:
        UserError: the folder cannot be made, or holds a finished run, a run of other settings, data, processes or
            precision, or files that are no run's.
    """
    if finished(folder):
        raise UserError(f"output={folder} holds a finished run: name another folder, or remove that one")
    if (folder / _RECORD).is_file():
        differing = differences(folder, run)
        if differing:
            raise UserError(
                f"output={folder} holds an unfinished run with other settings ({', '.join(differing)}): "
                "repeat its command to go on, or name another folder"
            )
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise UserError(f"output={folder} cannot be made a run folder: {error.strerror}") from None
    if strangers:
        raise UserError(f"output={folder} is no run folder and not empty (it has {strangers[0]}): name another one")
    with whole_file(folder / _RECORD) as temporary:
        temporary.write_text(json.dumps(run.record(), indent=2) + "\n", encoding="utf-8")


def differences(folder: Path, run: Run) -> list[str]:
    """Return the keys in which the run recorded in `folder` would give another result than `run`.

    Raises:
        UserError: the record is damaged.
    """
    try:
        before = flat(json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / _RECORD} cannot be read ({error}): name another folder") from None
    now = flat(run.record())
    keys = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    return [key.removeprefix("settings.") for key in keys if not key.startswith(_WITHOUT_EFFECT)]


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings under dotted keys."""
    result: dict[str, Any] = {}
    for key, value in settings.items():
        result |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
