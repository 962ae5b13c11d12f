"""What turns texts into logits, behind one interface."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from papertag.errors import UserError


class EngineKind(Enum):
    """The engines to choose from."""

    torch = "torch"


@dataclass
class EngineConfig:
    """How a model is run.

    Attributes:
        kind: torch.
        batch_size: papers in one forward pass; on CPUs small batches of like length waste least.
        device: cpu, cuda, mps or another of torch's names; null takes a CUDA device where there is one.
    """

    kind: EngineKind = EngineKind.torch
    batch_size: int = 8
    device: str | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UserError(f"engine.batch_size={self.batch_size} must be at least 1")


class Engine(Protocol):
    """Texts to logits."""

    def logits(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
        """Yield positions in `texts` with their logits, shape (positions, areas), each position once."""
        ...


def build_engine(folder: Path, config: EngineConfig) -> Engine:
    """Load the model folder into the chosen engine.

    Raises:
        UserError: the folder cannot be loaded or the device is not there.
    """
    from papertag.tagging.torch_engine import TorchEngine

    return TorchEngine(folder, batch_size=config.batch_size, device=config.device)
