"""``papertag evaluate data=PATH [model=DIR]``: a model's scores on labelled papers."""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from papertag.commands.inputs import inputs_of
from papertag.commands.labelled import labelled
from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import out, progress, say
from papertag.files import whole_file
from papertag.models.decision import Policy
from papertag.paper import Paper
from papertag.sources import RejectsFile, read_papers
from papertag.tagging.decision import DecisionConfig
from papertag.tagging.engine import EngineConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from papertag.tagging import Tagger


@dataclass
class EvaluateConfig:
    """What `papertag evaluate` takes."""

    data: Any
    output: str
    model: ModelFolder = field(default_factory=ModelFolder)
    format: str = "auto"
    columns: dict[str, str | None] = field(default_factory=dict)
    engine: EngineConfig = field(default_factory=EngineConfig)
    policy: Policy = Policy.balanced
    checks: bool = False


def main(config: DictConfig) -> None:
    """Score the model, print a table an area, and write ``metrics.json``, ``areas.csv`` and ``reliability.svg``."""
    settings = typed(config, EvaluateConfig)
    from papertag.report.reliability import reliability_figure
    from papertag.tagging import Tagger
    from papertag.tagging.score import score
    from papertag.training.bootstrap import f1_intervals
    from papertag.training.metrics import area_table, overall_table

    decision = DecisionConfig(policy=settings.policy)
    tagger = Tagger.from_folder(settings.model.resolve(), settings.engine, decision)
    taxonomy = tagger.metadata.taxonomy
    output, data = Path(settings.output), inputs_of(settings.data, "data") or ""
    with RejectsFile(output / "data") as rejects:
        records = read_papers(data, format=settings.format, columns=settings.columns, key="data")
        papers = labelled(rejects.papers(records), taxonomy, str(data))
    with progress() as bar:
        task = bar.add_task("evaluating", total=len(papers), note="")
        metrics, probability, truth = score(tagger, papers, lambda n: bar.step(task, n))
    overall = {key: value for key, value in metrics.items() if key != "areas"}
    metrics["intervals"] = f1_intervals(truth, tagger.decide(probability))
    if settings.checks:
        metrics["checks"] = _checks(tagger, papers, probability, truth)
    with whole_file(output / "metrics.json") as temporary:
        temporary.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with whole_file(output / "areas.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        rows = metrics["areas"]
        table.writerow(["area", *next(iter(rows.values()))])
        table.writerows([area, *row.values()] for area, row in rows.items())
    reliability_figure(probability, truth, output / "reliability.svg")
    out.print(area_table(metrics))
    names = ", ".join(Path(name).name for name in ([data] if isinstance(data, str) else data))
    out.print(overall_table({names: overall}))
    for name, (low, high) in metrics["intervals"].items():
        interval = f"95% interval {low:.3f} to {high:.3f} (bootstrap over papers)"
        say(f"{name.replace('_f1', '-F1')}  {metrics[name]:.3f}, {interval}")
    if settings.checks:
        _print_checks(**metrics["checks"])
    if rejects.count:
        say(f"rejected  {rejects.count:,}, each with its reason, in {rejects.path}")
    say(f"metrics   {output / 'metrics.json'}\nareas     {output / 'areas.csv'}")
    say(f"figure    {output / 'reliability.svg'}")


def _checks(
    tagger: "Tagger", papers: list[Paper], probability: "NDArray[np.float32]", truth: "NDArray[np.float32]"
) -> dict[str, Any]:
    """Measure what the scores depend on beside the subject, and how far thresholds would move with other papers."""
    from papertag.tagging.probes import VARIANTS, probe_languages, probe_variants
    from papertag.training.bootstrap import threshold_stability

    with progress("texts") as bar:
        task = bar.add_task("checking", total=len(VARIANTS) * sum(bool(p.abstract) for p in papers), note="")
        variants = probe_variants(tagger, papers, lambda n: bar.step(task, n))
    return {
        "variants": variants,
        "languages": probe_languages(tagger),
        "thresholds": threshold_stability(probability, truth),
    }


def _print_checks(variants: dict[str, Any], languages: dict[str, Any], thresholds: dict[str, dict[str, float]]) -> None:
    from papertag.tagging.probes import probe_table

    for title, rows in (("The same papers, changed", variants), ("Parallel papers", languages)):
        if rows:
            out.print(probe_table(title, rows))
    if thresholds:
        say("macro-F1 of thresholds fitted on bootstrap resamples, on the papers left out:")
    for name, row in thresholds.items():
        spread = f"{row['mean']:.3f} +- {row['std']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        say(f"  {name.replace('_', ' '):<10}  {spread}")
