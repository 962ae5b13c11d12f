"""Checkpoints of a run: whole or not there at all, and enough to go on from the very next batch."""

import json
import re
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from papertag.training.cost import Spent

_NAME = re.compile(r"step-(\d+)\Z")


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        epoch: the epoch that the next batch belongs to, from 0.
        batch: its place in that epoch.
        step: optimizer steps done.
        loss_sum: of the epoch's batches so far.
        best: the best value of the watched metric so far, and `best_epoch` when it was reached.
        stale: epochs since then.
        stopped: early stopping has ended the run.
        mean_loss: of the last whole epoch.
        spent: time and memory of the training steps so far.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    best: float = -1.0
    best_epoch: int = -1
    stale: int = 0
    stopped: bool = False
    mean_loss: float = 0.0
    spent: Spent = field(default_factory=Spent)


def save_checkpoint(accelerator: Any, folder: Path, progress: Progress, keep: int) -> None:
    """Save weights, optimizer, schedule, random states and `progress`; then drop all but the newest `keep`."""
    final = folder / f"step-{progress.step}"
    partial = folder / f".step-{progress.step}"
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(partial))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (partial / "progress.json").write_text(json.dumps(asdict(progress)), encoding="utf-8")
        if final.exists():
            # The same step again, at the end of an epoch; the old one goes only when the new one is in place.
            final.replace(folder / f".old-{progress.step}")
        partial.replace(final)
        shutil.rmtree(folder / f".old-{progress.step}", ignore_errors=True)
        for old in checkpoints(folder)[:-keep]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def load_checkpoint(accelerator: Any, folder: Path) -> Progress | None:
    """Load the newest checkpoint of `folder` into what `accelerator` prepared; None where there is none."""
    found = checkpoints(folder)
    if not found:
        return None
    accelerator.load_state(str(found[-1]))
    saved = json.loads((found[-1] / "progress.json").read_text(encoding="utf-8"))
    return Progress(**saved | {"spent": Spent(**saved.get("spent", {}))})


def checkpoints(folder: Path) -> list[Path]:
    """Return the whole checkpoints of a run, oldest first."""
    named = [(int(match.group(1)), path) for path in folder.glob("step-*") if (match := _NAME.match(path.name))]
    return [path for _, path in sorted(named)]
