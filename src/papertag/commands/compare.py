"""``papertag compare runs=[DIR,...] output=DIR``: finished runs in one table and one figure."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from papertag.commands.inputs import inputs_of
from papertag.commands.labelled import labelled
from papertag.config import typed
from papertag.console import note, progress, say
from papertag.errors import UserError
from papertag.sources import RejectsFile, read_papers
from papertag.tagging.engine import EngineConfig

if TYPE_CHECKING:
    from papertag.report.runs import FinishedRun

# The name under which scores on data= stand beside those on the splits.
_DATA = "data"


class View(Enum):
    """What runs are compared by."""

    settings = "settings"
    papers = "papers"


class Split(Enum):
    """Where the metrics that a run has kept come from."""

    test = "test"
    validation = "validation"


@dataclass
class CompareConfig:
    """What `papertag compare` takes."""

    runs: Any
    output: str
    x: View = View.settings
    split: Split | None = None
    data: Any = None
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    engine: EngineConfig = field(default_factory=EngineConfig)

    def __post_init__(self) -> None:
        if self.split is not None and self.data is not None:
            raise UserError(f"split={self.split.value} and data= exclude each other: leave one of them out")


def main(config: DictConfig) -> None:
    """Print the table; write it as ``table.md`` and ``comparison.json``, and the figure as ``comparison.png``."""
    settings = typed(config, CompareConfig)
    from papertag.report.comparison import compare
    from papertag.report.curve import learning_curves
    from papertag.report.runs import finished_runs
    from papertag.report.write import FIGURE, NUMBERS, TABLE, write_report

    output = Path(settings.output)
    runs, unfinished = finished_runs(inputs_of(settings.runs, "runs") or "")
    if unfinished:
        note(f"left out: {len(unfinished)} unfinished, {', '.join(map(str, unfinished[:3]))}")
    split = settings.split.value if settings.split else None
    if (data := inputs_of(settings.data, "data")) is not None:
        runs, split = _scored(runs, data, settings, output), _DATA
    result = learning_curves(runs, split) if settings.x is View.papers else compare(runs, split)
    write_report(result, output)
    say(f"{len(runs)} runs, measured on {result.split}\n\n{result.markdown()}")
    say(f"table    {output / TABLE}\nnumbers  {output / NUMBERS}\nfigure   {output / FIGURE}")


def _scored(
    runs: list["FinishedRun"], data: str | list[str], settings: CompareConfig, output: Path
) -> list["FinishedRun"]:
    from papertag.report.scoring import scored, taxonomy_of

    with RejectsFile(output / "data") as rejects:
        records = read_papers(data, format=settings.format, columns=settings.columns)
        papers = labelled(rejects.papers(records), taxonomy_of(runs), str(data))
    if rejects.count:
        say(f"rejected  {rejects.count:,}, each with its reason, in {rejects.path}")
    with progress() as bar:
        task = bar.add_task("scoring", total=len(runs) * len(papers), note="")
        return scored(runs, papers, _DATA, settings.engine, lambda n: bar.step(task, n))
