"""Is a paper judged by its subject alone? Scores of the same papers cut, padded, folded and translated."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from itertools import cycle, islice
from typing import Any

from rich import box
from rich.table import Table

from papertag.paper import Paper
from papertag.tagging.score import score
from papertag.tagging.tagger import Tagger

# What surrounds abstracts in the wild and says nothing of the subject.
_BOILERPLATE = (
    "This is the accepted version of an article that will appear after final corrections. All rights remain with the "
    "authors. Please cite the published version where it is available. Supplementary files can be found on the page "
    "of the publisher. The authors thank the reviewers for their comments and declare no competing interests. "
    "Correspondence should be sent to the first author at the address that is given below. Received in spring, "
    "revised in summer, accepted in autumn."
)


def _padded(paper: Paper) -> Paper:
    words = len(paper.abstract.split())
    padding = islice(cycle(_BOILERPLATE.split()), words)
    return replace(paper, abstract=f"{paper.abstract} {' '.join(padding)}")


def _first_half(paper: Paper) -> Paper:
    words = paper.abstract.split()
    return replace(paper, abstract=" ".join(words[: (len(words) + 1) // 2]))


VARIANTS: Mapping[str, Callable[[Paper], Paper]] = {
    "as it is": lambda paper: paper,
    "title only": lambda paper: replace(paper, abstract=""),
    "abstract only": lambda paper: replace(paper, title=""),
    "first half of the abstract": _first_half,
    "abstract twice": lambda paper: replace(paper, abstract=f"{paper.abstract} {paper.abstract}"),
    "as much boilerplate again": _padded,
    "lower case": lambda paper: replace(paper, title=paper.title.lower(), abstract=paper.abstract.lower()),
}
_SHOWN = ("papers", "macro_f1", "micro_f1", "micro_precision", "micro_recall", "map", "mean_fit", "abstained")
# Of eight papers most areas are absent, and a mean over areas would say little.
_SHOWN_OF_FEW = tuple(metric for metric in _SHOWN if metric not in {"macro_f1", "map"})


def probe_variants(
    tagger: Tagger, papers: list[Paper], on_progress: Callable[[int], None] | None = None
) -> dict[str, dict[str, Any]]:
    """Return some metrics of each of `VARIANTS` of the labelled papers that have an abstract.

    Args:
        tagger: makes the decisions.
        papers: labelled.
        on_progress: called with the number of texts just done; every paper counts once a variant.
    """
    whole = [paper for paper in papers if paper.abstract]
    if not whole:
        return {}
    return {
        name: _row(score(tagger, [change(paper) for paper in whole], on_progress)[0], _SHOWN)
        for name, change in VARIANTS.items()
    }


def probe_languages(tagger: Tagger) -> dict[str, dict[str, Any]]:
    """Return some metrics of the packaged parallel papers, language by language, English first.

    They are few and invented: the rows tell whether a language is understood at all. Empty for a tagger of another
    taxonomy, which has not their areas.
    """
    text = (files("papertag") / "data" / "probes" / "languages.jsonl").read_text(encoding="utf-8")
    papers: dict[str, list[Paper]] = {}
    for line in text.splitlines():
        paper = Paper.from_json(json.loads(line))
        papers.setdefault(paper.extra["language"], []).append(paper)
    known = tagger.metadata.taxonomy.index
    if any(area not in known for group in papers.values() for paper in group for area in paper.areas or ()):
        return {}
    return {language: _row(score(tagger, group)[0], _SHOWN_OF_FEW) for language, group in papers.items()}


def probe_table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of what `probe_variants` or `probe_languages` measured: a row a variant."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    metrics = list(next(iter(rows.values())))
    for metric in metrics:
        table.add_column(metric.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{v:,}" if isinstance(v, int) else f"{v:.3f}" for v in row.values()))
    return table


def _row(metrics: Mapping[str, Any], shown: tuple[str, ...]) -> dict[str, Any]:
    return {metric: metrics[metric] for metric in shown if metric in metrics}
