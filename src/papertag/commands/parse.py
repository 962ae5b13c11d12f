"""papertag parse input=PATH output=papers.jsonl: any known listing to one JSON object a line."""

import json
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, DictConfig
from rich.table import Table

from papertag.commands.inputs import records_of
from papertag.config import typed
from papertag.console import out, progress
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.sources import RejectsFile, SourceConfig, Tally

_UPDATE_EVERY = 512


@dataclass
class ParseConfig:
    """What ``papertag parse`` takes; configs/parse.yaml says what each key means."""

    source: SourceConfig = field(default_factory=SourceConfig)
    input: Any = None
    output: str = MISSING
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    network: bool = False

    def __post_init__(self) -> None:
        if self.output != MISSING and not self.output.endswith(".jsonl"):
            raise UserError(f"output={self.output}: parse writes JSON lines; end the name with .jsonl")


def main(config: DictConfig) -> None:
    """Parse the inputs, write papers and rejects, and print how many there were of each."""
    settings = typed(config, ParseConfig)
    tally = Tally()
    records = records_of(settings, tally)
    written = 0
    with (
        RejectsFile(settings.output) as rejects,
        whole_file(settings.output) as path,
        path.open("w", encoding="utf-8") as file,
        progress(transient=True) as bar,
    ):
        task = bar.add_task("parsing", total=None, note="")
        for paper in rejects.papers(records, may_be_empty=settings.source.is_live):
            file.write(json.dumps(paper.to_json(), ensure_ascii=False, default=str) + "\n")
            written += 1
            if written % _UPDATE_EVERY == 0:
                bar.update(task, completed=written)
    out.print(_table(tally))
    out.print(f"{written:,} papers in {settings.output}", soft_wrap=True)
    if rejects.count:
        out.print(f"{rejects.count:,} rejected records, each with its reason, in {rejects.path}", soft_wrap=True)


def _table(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("format")
    for heading in ("files", "parsed", "rejected"):
        table.add_column(heading, justify="right")
    for format, count in tally.by_format.items():
        table.add_row(format, f"{count.files:,}", f"{count.papers:,}", f"{count.rejects:,}")
    return table
