"""``papertag tag input=PATH output=PATH [model=DIR]``: a listing to tagged papers."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig
from rich import box
from rich.markup import escape
from rich.table import Table

from papertag.commands.inputs import records_of
from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import out, progress, say
from papertag.errors import UserError
from papertag.models.decision import Policy
from papertag.paper import Paper
from papertag.sources import RejectsFile, SourceConfig
from papertag.tagging.decision import DecisionConfig
from papertag.tagging.engine import EngineConfig

if TYPE_CHECKING:
    from papertag.tagging import TaggedPaper


@dataclass
class TagConfig:
    """What `papertag tag` takes."""

    input: Any
    output: str
    model: ModelFolder = field(default_factory=ModelFolder)
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    source: SourceConfig = field(default_factory=SourceConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    policy: Policy = Policy.balanced
    top_k: int | None = None
    min_score: float = 0.0
    show: int = 10
    network: bool = False

    def __post_init__(self) -> None:
        if self.show < 0:
            raise UserError(f"show={self.show} must not be negative")
        self.decision()

    def decision(self) -> DecisionConfig:
        """Return the keys that decide which areas a paper carries, checked."""
        return DecisionConfig(policy=self.policy, top_k=self.top_k, min_score=self.min_score)


def main(config: DictConfig) -> None:
    """Tag every paper of the source and write one row a paper, in input order."""
    settings = typed(config, TagConfig)
    folder = settings.model.resolve()
    from papertag.tagging import Tagger, open_writer
    from papertag.tagging.writers import check_suffix

    output = Path(settings.output)
    check_suffix(output)
    records = records_of(settings)
    tagger = Tagger.from_folder(folder, settings.engine, settings.decision())
    areas: Counter[str] = Counter()
    first: list[TaggedPaper] = []
    started = time.perf_counter()
    count = abstained = 0
    with (
        RejectsFile(output) as rejects,
        open_writer(output, tagger.metadata.taxonomy.areas) as write,
        progress(transient=True) as bar,
    ):
        task = bar.add_task("tagging", total=None, note="")

        def counted() -> Iterator[Paper]:
            read = 0
            for paper in rejects.papers(records, may_be_empty=settings.source.is_live):
                read += 1
                yield paper
            bar.update(task, total=read)

        for tagged in tagger.tag(counted(), lambda n: bar.step(task, n)):
            write(tagged)
            count += 1
            abstained += tagged.abstained
            areas.update(tagged.areas)
            if len(first) < settings.show:
                first.append(tagged)
    seconds = time.perf_counter() - started
    if first:
        out.print(_table(first, count))
    say("areas     " + ", ".join(f"{area} {n}" for area, n in areas.most_common(12)))
    say(f"no area   {abstained:,} papers")
    say(f"papers    {count:,} tagged in {seconds:.1f} s ({count / seconds:,.1f} papers/s)")
    if rejects.count:
        say(f"rejected  {rejects.count:,}, each with its reason, in {rejects.path}")
    say(f"output    {output}")


def _table(tagged: list["TaggedPaper"], total: int) -> Table:
    table = Table(title=f"Tagged papers ({len(tagged)} of {total:,})", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("title", overflow="fold", ratio=3)
    table.add_column("areas, with their probability", ratio=2)
    for row in tagged:
        areas = ", ".join(f"{area} {row.scores[area]:.2f}" for area in row.areas)
        table.add_row(escape(row.paper.title), areas or "-")
    return table
