"""The trackers of accelerate, chosen by configuration; several may run at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from papertag.errors import UserError


class WandbMode(Enum):
    """Whether Weights & Biases is asked."""

    online = "online"
    offline = "offline"
    disabled = "disabled"


@dataclass
class WandbConfig:
    """Weights & Biases.

    Attributes:
        name: of the run; null lets wandb invent one.
        mode: null is online where a key is set, else offline.
    """

    name: str | None = None
    mode: WandbMode | None = None


@dataclass
class TensorboardConfig:
    """TensorBoard.

    Attributes:
        flush_secs: seconds between writes of the event file.
    """

    flush_secs: int = 30


@dataclass
class TrackerConfig:
    """Which trackers run: those that are not null.

    Attributes:
        project: the name that trackers file the run under.
    """

    project: str = "papertag"
    wandb: WandbConfig | None = None
    tensorboard: TensorboardConfig | None = None


def tracker_names(config: TrackerConfig) -> list[str]:
    """Return accelerate's names of the chosen trackers."""
    return [name for name in ("wandb", "tensorboard") if getattr(config, name) is not None]


def start_trackers(accelerator: Any, config: TrackerConfig, run_folder: Path, settings: Mapping[str, Any]) -> None:
    """Start the chosen trackers, with their files in `run_folder` and `settings` as the run's configuration.

    Weights & Biases stays offline unless a key is set (``WANDB_API_KEY`` or ``wandb login``) or
    ``tracker.wandb.mode`` or ``WANDB_MODE`` says otherwise.

    Raises:
        UserError: Weights & Biases cannot start.
    """
    arguments: dict[str, Any] = {}
    if config.wandb is not None:
        arguments["wandb"] = {
            "name": config.wandb.name,
            "dir": str(run_folder),
            "mode": _wandb_mode(config.wandb),
        }
    if config.tensorboard is not None:
        arguments["tensorboard"] = {"flush_secs": config.tensorboard.flush_secs}
    if not arguments:
        return
    try:
        accelerator.init_trackers(config.project, config=_flat(settings), init_kwargs=arguments)
    except Exception as error:
        # wandb's own errors, unless wandb is not what failed.
        if not type(error).__module__.startswith("wandb"):
            raise
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"tracker=wandb cannot start: {first}; tracker.wandb.mode=offline needs no account") from None


def _wandb_mode(config: WandbConfig) -> str:
    import wandb

    if config.mode is not None:
        return config.mode.value
    return os.environ.get("WANDB_MODE") or ("online" if wandb.api.api_key else "offline")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, int | float | str | bool]:
    """Flatten to ``a.b: value``: TensorBoard takes neither nested values nor None."""
    flat: dict[str, int | float | str | bool] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value if isinstance(value, int | float | str | bool) else str(value)
    return flat
