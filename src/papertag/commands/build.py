"""``papertag build input=PATH output=DIR``: listings, taxonomy and labelers to a dataset folder."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import MISSING, DictConfig
from rich import box
from rich.table import Table

from papertag.commands.inputs import records_of
from papertag.config import typed
from papertag.console import out, say
from papertag.dataset.dedup import DedupConfig
from papertag.dataset.split import SplitConfig
from papertag.labeling import LabelingConfig
from papertag.sources import SourceConfig
from papertag.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from papertag.dataset import Built


@dataclass
class TaxonomyConfig:
    """Which areas there are; see `papertag.taxonomy.load_taxonomy`."""

    path: str | None = None
    extend: str | None = None


@dataclass
class BuildConfig:
    """What ``papertag build`` takes; configs/build.yaml says what each key means."""

    source: SourceConfig = field(default_factory=SourceConfig)
    input: Any = None
    output: str = MISSING
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    network: bool = False
    taxonomy: TaxonomyConfig = field(default_factory=TaxonomyConfig)
    labeling: LabelingConfig = field(default_factory=LabelingConfig)
    dedup: DedupConfig = field(default_factory=DedupConfig)
    split: SplitConfig = field(default_factory=SplitConfig)


def main(config: DictConfig) -> None:
    """Build the dataset, and print what came in, what became of it and where it lies."""
    settings = typed(config, BuildConfig)
    from papertag.dataset import build_dataset

    taxonomy = load_taxonomy(settings.taxonomy.path, settings.taxonomy.extend)
    records = records_of(settings)
    built = build_dataset(
        records,
        settings.output,
        taxonomy=taxonomy,
        labeling=settings.labeling,
        dedup=settings.dedup,
        split=settings.split,
    )
    _report(built, Path(settings.output))


def _report(built: "Built", output: Path) -> None:
    for table in built.labeling.tables():
        out.print(table)
    about = built.metadata
    splits = Table(title="Splits", title_justify="left", box=box.SIMPLE_HEAD)
    splits.add_column("split")
    for heading in ("papers", "annotated"):
        splits.add_column(heading, justify="right")
    for name, split in about["splits"].items():
        splits.add_row(name, f"{split['papers']:,}", f"{split['annotated']:,}")
    out.print(splits)
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in about["duplicates_by_reason"].items())
    say(f"records      {about['records']:,}")
    for name, what in (
        ("rejects", "rejected    "),
        ("duplicates", "duplicates  "),
        ("renamed", "renamed     "),
        ("left_out", "left out    "),
        ("unmatched_annotations", "unmatched   "),
        ("annotation_conflicts", "conflicts   "),
    ):
        if about[name]:
            more = f" merged ({reasons})" if name == "duplicates" else ""
            say(f"{what} {about[name]:,}{more}, see {output / name}.jsonl")
        elif name in {"rejects", "duplicates"}:
            say(f"{what} 0")
    say(f"chosen       {about['method']}")
    say(f"fingerprint  {about['fingerprint']}")
    say(f"card         {output / 'README.md'}\ndataset      {output}")
