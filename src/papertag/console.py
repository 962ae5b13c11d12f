"""What a person sees: one console for results, one for errors, and one kind of progress bar."""

import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

# Where output goes to a file or a pipe, there is no width to fit: tables get room.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)

_HEARTBEAT_SECONDS = 30.0


class RateColumn(ProgressColumn):
    """Units done a second, such as ``21.4 papers/s``."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Return the rate as text, empty until it is known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f} {self.unit}/s" if speed else "", style="progress.data.speed")


class Bar(Progress):
    """A progress display that also leaves a line now and then where no bar can be seen."""

    _said: float | None = None

    def step(self, task: TaskID, done: int) -> None:
        """Advance a task, with a heartbeat."""
        self.advance(task, done)
        self.heartbeat(task)

    def heartbeat(self, task: TaskID) -> None:
        """Print where a task stands, at most twice a minute, if standard error is a file or a pipe."""
        now = time.monotonic()
        if self._said is None:
            self._said = now
        if self.console.is_terminal or now - self._said < _HEARTBEAT_SECONDS:
            return
        self._said = now
        state = next(t for t in self.tasks if t.id == task)
        rate = f", {state.speed:,.1f} a second" if state.speed else ""
        left = f", {state.time_remaining / 60:.1f} min left" if state.time_remaining is not None else ""
        of = f" of {state.total:,.0f}" if state.total else ""
        text = f"{state.description}: {state.completed:,.0f}{of}{rate}{left}"
        note(f"{text}, {state.fields['note']}" if state.fields["note"] else text)


def progress(unit: str = "papers", *, transient: bool = False) -> Bar:
    """Return a progress display, on standard error, with a rate in `unit`/s and the time left.

    Tasks carry a text field ``note``, shown last; give ``note=""`` where there is none.
    """
    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(unit),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}"),
        console=err,
        transient=transient,
    )


def say(text: str) -> None:
    """Print a line of the result on standard output, as it is: no markup, no wrapping."""
    out.print(text, markup=False, soft_wrap=True)


def note(text: str) -> None:
    """Print a line about the work on standard error, as it is."""
    err.print(text, markup=False, soft_wrap=True)
