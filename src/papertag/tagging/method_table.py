"""Taggers side by side: what each scores on the same papers, and what it costs."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table

from papertag.errors import UserError
from papertag.models.baselines import Baseline
from papertag.models.folder import Metadata
from papertag.paper import Paper
from papertag.tagging.score import score
from papertag.tagging.tagger import Tagger
from papertag.taxonomy import Taxonomy
from papertag.training.calibrate import Thresholds, fit_abstention, fit_calibration, fit_thresholds
from papertag.training.cost import COST_FILE

_REPEATS = 3


@dataclass(frozen=True)
class Learned:
    """What learning took.

    Attributes:
        papers: labelled papers that were learned from; thresholds are fitted on validation besides. None where it
            is not known, and so for the others.
        minutes: of wall-clock time.
        cpu_minutes: of processor time: other work on the machine stretches it less.
    """

    papers: int | None = None
    minutes: float | None = None
    cpu_minutes: float | None = None


@dataclass(frozen=True)
class Scored:
    """One tagger's row.

    Attributes:
        macro_f1: mean F1 of the areas.
        micro_f1: F1 of all (paper, area) pairs.
        map: mean average precision of the areas, which needs no thresholds.
        learned: what learning took.
        papers_per_second: tagging, the median of three passes after one to warm up.
        papers_per_cpu_second: the same by processor time, which other work on the machine hardly changes.
        megabytes: on the disk.
        areas: area to its F1.
        remark: what the reader has to know beside, or nothing.
    """

    macro_f1: float
    micro_f1: float
    map: float
    learned: Learned
    papers_per_second: float
    papers_per_cpu_second: float
    megabytes: float
    areas: dict[str, float]
    remark: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Scored":
        """Return what `to_json` was called on."""
        return cls(**document | {"learned": Learned(**document["learned"])})


class BaselineEngine:
    """A baseline in the place of a transformer."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def logits(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
        """Yield all positions with their logits at once."""
        yield range(len(texts)), self._baseline.logits(texts)


def fit_baseline(
    baseline: Baseline,
    train: tuple[Sequence[str], NDArray[np.float32]],
    validation: tuple[Sequence[str], NDArray[np.float32]],
    taxonomy: Taxonomy,
) -> tuple[Tagger, Learned]:
    """Fit a baseline on `train`, and on `validation` what `papertag train` fits there: calibration and thresholds.

    Args:
        baseline: not fitted yet.
        train: input texts and labels of shape (texts, areas).
        validation: the same.
        taxonomy: the areas.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    papers = baseline.fit(*train)
    learned = Learned(papers, (time.perf_counter() - wall) / 60, (time.process_time() - cpu) / 60)
    logits = baseline.logits(validation[0])
    truth = (validation[1] >= 0.5).astype(np.float32)
    calibration = fit_calibration(logits, truth)
    probability = calibration.probabilities(logits)
    thresholds = fit_thresholds(probability, truth, Thresholds.per_area)
    metadata = Metadata(
        taxonomy,
        dict(zip(taxonomy.areas, thresholds.tolist(), strict=True)),
        fit_threshold=fit_abstention(probability, truth),
        calibration=calibration,
    )
    return Tagger(BaselineEngine(baseline), metadata), learned


def learned_in_run(run: Path) -> Learned:
    """Return what a run of `papertag train` took, by its ``cost.json``; nothing is known where it has none."""
    try:
        cost = json.loads((run / COST_FILE).read_text(encoding="utf-8"))
        return Learned(cost["papers"], cost["minutes"], cost["cpu_minutes"])
    except FileNotFoundError:
        return Learned()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"run={run}: {COST_FILE} cannot be read ({error})") from None


def measure(tagger: Tagger, papers: list[Paper], learned: Learned, size_bytes: int, speed_papers: int) -> Scored:
    """Measure what `papertag tag` would decide by default on labelled papers, and how fast.

    Args:
        tagger: of the taxonomy that the papers' areas are from.
        papers: with areas.
        learned: for the row.
        size_bytes: for the row.
        speed_papers: papers that one timed pass tags, evenly taken from `papers`.
    """
    metrics = score(tagger, papers)[0]
    by_wall, by_cpu = _rates(tagger, papers, speed_papers)
    return Scored(
        macro_f1=metrics["macro_f1"],
        micro_f1=metrics["micro_f1"],
        map=metrics["map"],
        learned=learned,
        papers_per_second=by_wall,
        papers_per_cpu_second=by_cpu,
        megabytes=size_bytes / 1e6,
        areas={area: row["f1"] for area, row in metrics["areas"].items()},
    )


def _rates(tagger: Tagger, papers: list[Paper], sample: int) -> tuple[float, float]:
    """Return papers a second of wall-clock and of processor time."""
    chosen = papers[:: max(1, len(papers) // sample)][:sample]
    wall, cpu = [], []
    for _ in range(1 + _REPEATS):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        for _ in tagger.tag(chosen):
            pass
        wall.append(time.perf_counter() - wall_before)
        cpu.append(time.process_time() - cpu_before)
    return len(chosen) / median(wall[1:]), len(chosen) / median(cpu[1:])


_COLUMNS = (
    "method",
    "learned from",
    "macro-F1",
    "micro-F1",
    "mAP",
    "minutes",
    "CPU min",
    "papers/s",
    "papers/CPU s",
    "MB",
)


def rich_table(rows: dict[str, Scored], title: str) -> Table:
    """Return the rows, method to its figures, for the console."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for i, name in enumerate(_COLUMNS):
        table.add_column(name, justify="right" if i else "left", no_wrap=True)
    for cells in _cells(rows):
        table.add_row(*cells)
    return table


def markdown_table(rows: dict[str, Scored]) -> str:
    """Return the rows, method to its figures, as a Markdown table."""
    lines = [_COLUMNS, ("---", *["---:"] * (len(_COLUMNS) - 1)), *_cells(rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def remarks(rows: dict[str, Scored]) -> list[str]:
    """Return a sentence for each row that has one."""
    return [f"{method}: {row.remark}" for method, row in rows.items() if row.remark]


def _cells(rows: dict[str, Scored]) -> Iterator[tuple[str, ...]]:
    for method, row in rows.items():
        took = row.learned
        yield (
            method,
            "-" if took.papers is None else f"{took.papers:,}",
            *(f"{value:.3f}" for value in (row.macro_f1, row.micro_f1, row.map)),
            *("-" if value is None else f"{value:.1f}" for value in (took.minutes, took.cpu_minutes)),
            *(
                f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
                for rate in (row.papers_per_second, row.papers_per_cpu_second)
            ),
            f"{row.megabytes:.1f}" if row.megabytes >= 0.1 else f"{row.megabytes:.4f}",
        )
