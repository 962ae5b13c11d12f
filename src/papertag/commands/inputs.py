"""What commands read: the value of ``input=`` or ``data=``, and the source that their settings name."""

from collections.abc import Iterator
from typing import Any, Protocol

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources import SourceConfig, Tally, open_source


class ReadsSource(Protocol):
    """The settings of a command that reads a source and writes an output."""

    source: SourceConfig
    input: Any
    output: str
    format: str
    columns: dict[str, str | None]
    network: bool


def records_of(settings: ReadsSource, tally: Tally | None = None) -> Iterator[Paper | Reject]:
    """Return the records of the source that `settings` name; see `papertag.sources.open_source`."""
    return open_source(
        settings.source,
        inputs_of(settings.input),
        settings.format,
        settings.columns,
        settings.network,
        output=settings.output,
        tally=tally,
    )


def inputs_of(value: Any, key: str = "input") -> str | list[str] | None:
    """Return a name, a list of names, or None.

    Raises:
        UserError: the value is something else; the message names `key`.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{key}={value} is not a name or a list of names")
