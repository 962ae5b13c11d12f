"""Macro-F1 by the number of annotations, for the linear member alone and for finished runs: docs/learning_curve.md.

python scripts/learning_curve.py DATASET DEV.jsonl OUTPUT [RUNS ...]

The linear member is fitted on parts of DATASET's training papers, each part inside the next larger one, three parts of
every size; calibration and thresholds on its validation papers. RUNS are run folders of `papertag train` on parts of
the same dataset (dataset.train_papers=N). All are scored on the labelled papers of DEV.
"""

import sys
from pathlib import Path

from papertag.commands.labelled import labelled
from papertag.console import note, say
from papertag.dataset import load_folder
from papertag.models.baselines.tfidf import TfIdf
from papertag.paper import Paper
from papertag.report.comparison import Estimate, estimate
from papertag.report.curve import LearningCurves, learning_curves
from papertag.report.runs import finished_runs
from papertag.report.scoring import scored
from papertag.report.write import write_report
from papertag.sources import read_papers
from papertag.tagging.method_table import fit_baseline
from papertag.tagging.score import score
from papertag.taxonomy import Taxonomy
from papertag.training.data import draw, labels_of_split, texts_of_split

SIZES = (500, 1_000, 2_000, 4_000, 8_000)
SEEDS = (0, 1, 2)


def main(dataset: str, dev: str, output: str, *runs: str) -> None:
    """Fit, score, and write table, numbers and figure into the folder `output`."""
    splits, about = load_folder(dataset)
    taxonomy = Taxonomy(about["taxonomy"]["groups"])
    papers = labelled((paper for paper in read_papers(dev) if isinstance(paper, Paper)), taxonomy, dev)
    name = Path(dev).stem
    curves = {"TF-IDF, logistic regressions": _linear(splits, taxonomy, papers)}
    if runs:
        curves |= learning_curves(scored(finished_runs(runs)[0], papers, name), name).curves
    result = LearningCurves(f"{len(papers):,} papers of {name}", curves)
    write_report(result, Path(output))
    say(result.markdown())


def _linear(splits: dict, taxonomy: Taxonomy, papers: list[Paper]) -> dict[int, Estimate]:  # type: ignore[type-arg]
    everything = len(splits["train"])
    validation = _texts_and_labels(splits["validation"])
    curve = {}
    for size in sorted({min(size, everything) for size in (*SIZES, everything)}):
        scores = []
        # All papers are the same part under every seed.
        for seed in SEEDS if size < everything else SEEDS[:1]:
            train = _texts_and_labels(draw(splits["train"], size, seed))
            tagger, _ = fit_baseline(TfIdf(), train, validation, taxonomy)
            scores.append(score(tagger, papers)[0]["macro_f1"])
            note(f"linear, {size:,} papers, seed {seed}: macro-F1 {scores[-1]:.3f}")
        curve[size] = estimate(scores)
    return curve


def _texts_and_labels(split):  # type: ignore[no-untyped-def]
    return texts_of_split(split), labels_of_split(split, hard_labels=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
