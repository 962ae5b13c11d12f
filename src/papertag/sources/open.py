"""One door to all sources, for the commands."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.read import read_papers
from papertag.sources.tally import Tally


def open_source(
    config: SourceConfig,
    input: str | Sequence[str] | None,
    format: str = "auto",
    columns: Mapping[str, str | None] | None = None,
    network: bool = False,
    *,
    output: str | Path | None = None,
    tally: Tally | None = None,
) -> Iterator[Paper | Reject]:
    """Return the papers and rejects of the source that `config` names.

    Args:
        config: the kind of source, and what a live one is asked for.
        input: see `read_papers`; None for live sources.
        format: see `read_papers`.
        columns: see `read_papers`.
        network: whether a live source may use the network.
        output: see `read_papers`.
        tally: counts by format (by kind, for a live source), filled in as the iterator runs.

    Raises:
        UserError: `input` is missing, or given to a live source; a live source without `network`; and what
            `read_papers` raises.
    """
    if config.kind is SourceKind.files:
        if not input:
            raise UserError("input= is missing: name a file, a glob, a folder, a list of these, or - for stdin")
        return read_papers(input, format=format, columns=columns, output=output, tally=tally)
    if input:
        raise UserError(f"input= is for files, and source={config.kind.name} reads none: leave one of them out")
    from papertag.sources.live import open_live

    return (Tally() if tally is None else tally).watch(config.kind.name, open_live(config, network=network))
