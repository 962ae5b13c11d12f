"""What a run costs: parameters, time and memory."""

import contextlib
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from papertag.files import whole_file
from papertag.models.adaptation import trainable

COST_FILE = "cost.json"
_LINUX_STATUS, _LINUX_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Cost:
    """What ``cost.json`` holds.

    Attributes:
        papers: in the training split.
        trained_parameters: those that training changes, the head's among them.
        parameters: all of them, those of updates that are merged in the end among them.
        minutes: of training steps and of fitting the linear member, over all parts of a resumed run; validation
            does not count.
        cpu_minutes: of processor time in the same steps, in the main process: other work on the machine stretches
            it less.
        peak_memory_mb: the most memory that training held at once, in the main process: on a GPU what torch had
            allocated there, else all the process's resident memory.
        papers_per_second: through training steps, by all processes together; 0 where nothing was timed.
    """

    papers: int
    trained_parameters: int
    parameters: int
    minutes: float
    cpu_minutes: float
    peak_memory_mb: float
    papers_per_second: float


@dataclass
class Spent:
    """Wall-clock and processor seconds, and the peak of memory in MB, summed over the parts of a run."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_mb: float = 0.0


class Meter:
    """Adds what passes between `start` and `stop` to a `Spent`."""

    def __init__(self, spent: Spent, device: Any) -> None:
        """Forget the peak of memory so far: in a sweep it is that of an earlier run in the same process."""
        self._spent, self._cuda = spent, device.type == "cuda"
        if self._cuda:
            import torch

            torch.cuda.reset_peak_memory_stats()
        elif _LINUX_RESET.exists():
            _reset_peak()
        self.start()

    def start(self) -> None:
        """Leave out what has passed since the last `stop`."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Add what has passed since the last `start` or `stop`."""
        wall, cpu = self._wall, self._cpu
        self.start()
        self._spent.seconds += self._wall - wall
        self._spent.cpu_seconds += self._cpu - cpu
        self._spent.peak_memory_mb = max(self._spent.peak_memory_mb, self._peak_memory_mb())

    def _peak_memory_mb(self) -> float:
        if self._cuda:
            import torch

            return torch.cuda.max_memory_allocated() / 1e6
        if _LINUX_STATUS.exists():
            # Not getrusage: on Linux it starts from the peak of the process that started this one.
            lines = _LINUX_STATUS.read_text(encoding="utf-8").splitlines()
            return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def write_cost(folder: Path, model: Any, papers: int, spent: Spent, papers_per_second: float) -> None:
    """Write ``cost.json`` of a run that has trained `model`, not yet merged, on so many papers."""
    trained, everything = trainable(model)
    cost = Cost(
        papers=papers,
        trained_parameters=trained,
        parameters=everything,
        minutes=round(spent.seconds / 60, 5),
        cpu_minutes=round(spent.cpu_seconds / 60, 5),
        peak_memory_mb=round(spent.peak_memory_mb, 1),
        papers_per_second=round(papers_per_second, 2),
    )
    with whole_file(folder / COST_FILE) as temporary:
        temporary.write_text(json.dumps(asdict(cost), indent=2) + "\n", encoding="utf-8")


def _reset_peak() -> None:
    # Some containers forbid it; the peak is then that of the whole process.
    with contextlib.suppress(OSError):
        _LINUX_RESET.write_text("5", encoding="ascii")
