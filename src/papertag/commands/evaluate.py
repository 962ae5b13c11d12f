"""``papertag evaluate model=DIR data=PATH``: a model's scores on labelled papers."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from papertag.commands.inputs import inputs_of
from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import note, out, progress, say
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.paper import Paper
from papertag.sources import RejectsFile, read_papers
from papertag.tagging.engine import EngineConfig
from papertag.taxonomy import Taxonomy


@dataclass
class EvaluateConfig:
    """What `papertag evaluate` takes."""

    data: Any
    output: str
    model: ModelFolder = field(default_factory=ModelFolder)
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    engine: EngineConfig = field(default_factory=EngineConfig)


def main(config: DictConfig) -> None:
    """Score the model, print a table an area, and write ``metrics.json`` and ``areas.csv``."""
    settings = typed(config, EvaluateConfig)
    import numpy as np

    from papertag.tagging import Tagger
    from papertag.training.metrics import area_table, compute, overall_table

    tagger = Tagger.from_folder(settings.model.required(), settings.engine)
    taxonomy = tagger.metadata.taxonomy
    output, data = Path(settings.output), inputs_of(settings.data, "data") or ""
    with RejectsFile(output / "data") as rejects:
        records = read_papers(data, format=settings.format, columns=settings.columns)
        papers = _labelled(rejects.papers(records), taxonomy, str(data))
    truth = np.zeros((len(papers), len(taxonomy.areas)), dtype=np.float32)
    for row, paper in enumerate(papers):
        truth[row, [taxonomy.index[area] for area in paper.areas or ()]] = 1
    with progress() as bar:
        task = bar.add_task("evaluating", total=len(papers), note="")
        probability = tagger.probabilities(papers, lambda n: bar.step(task, n))
    metrics = compute(probability, truth, taxonomy.areas, tagger.metadata.threshold_array())
    with whole_file(output / "metrics.json") as temporary:
        temporary.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with whole_file(output / "areas.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        rows = metrics["areas"]
        table.writerow(["area", *next(iter(rows.values()))])
        table.writerows([area, *row.values()] for area, row in rows.items())
    out.print(area_table(metrics))
    out.print(overall_table({Path(str(data)).name: metrics}))
    if rejects.count:
        say(f"rejected  {rejects.count:,}, each with its reason, in {rejects.path}")
    say(f"metrics   {output / 'metrics.json'}\nareas     {output / 'areas.csv'}")


def _labelled(stream: Iterable[Paper], taxonomy: Taxonomy, data: str) -> list[Paper]:
    papers = []
    unlabelled = 0
    for paper in stream:
        if paper.areas is None:
            unlabelled += 1
            continue
        taxonomy.check(paper.areas, f"data={data}: paper {paper.id}")
        papers.append(paper)
    if not papers:
        raise UserError(f"data={data} has no labelled papers: each needs a list 'areas' (unlabelled: {unlabelled})")
    if unlabelled:
        note(f"{unlabelled:,} papers without areas are left out of the evaluation")
    return papers
