"""Multi-label metrics as one `evaluate` metric, and the table an area of what it returns."""

from collections.abc import Sequence
from typing import Any

import datasets
import evaluate
import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table

_DESCRIPTION = "F1, precision and recall (micro, macro, weighted, per sample), ranking and calibration of areas."
_INPUTS = """
predictions: probabilities, one list of floats a paper. references: 0 or 1 for the same areas.
thresholds: from which probability on an area counts as predicted, one for each area.
predicted: which areas count instead, where more than a threshold decides.
"""


class MultiLabelMetric(evaluate.Metric):  # type: ignore[misc]
    """The metric that training and `papertag evaluate` share.

    It lives in the package because `evaluate.load` asks the network even for scikit-learn's own metrics.
    """

    def _info(self) -> evaluate.MetricInfo:
        values = datasets.Sequence(datasets.Value("float32"))
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features({"predictions": values, "references": values}),
        )

    def _compute(
        self,
        predictions: Sequence[Sequence[float]],
        references: Sequence[Sequence[float]],
        *,
        areas: Sequence[str],
        thresholds: Sequence[float],
        predicted: Sequence[Sequence[bool]] | None = None,
    ) -> dict[str, Any]:
        from sklearn.metrics import (
            average_precision_score,
            coverage_error,
            label_ranking_average_precision_score,
            precision_recall_fscore_support,
        )

        probability = np.asarray(predictions, dtype=np.float64)
        truth = np.asarray(references, dtype=np.float64) >= 0.5
        found = probability >= np.asarray(thresholds) if predicted is None else np.asarray(predicted, dtype=bool)
        result: dict[str, Any] = {"papers": len(truth)}
        for average in ("micro", "macro", "weighted", "samples"):
            p, r, f, _ = precision_recall_fscore_support(truth, found, average=average, zero_division=0)
            result |= {f"{average}_f1": f, f"{average}_precision": p, f"{average}_recall": r}
        present = truth.any(axis=0)
        average_precision = np.full(len(areas), np.nan)
        for i in np.flatnonzero(present):
            average_precision[i] = average_precision_score(truth[:, i], probability[:, i])
        result["map"] = float(np.nanmean(average_precision)) if present.any() else 0.0
        labelled = truth.any(axis=1)
        result |= {"lrap": 0.0, "coverage_error": 0.0}
        if labelled.any():
            result["lrap"] = label_ranking_average_precision_score(truth[labelled], probability[labelled])
            result["coverage_error"] = coverage_error(truth[labelled], probability[labelled])
        result["subset_accuracy"] = float((truth == found).all(axis=1).mean())
        result["ece"] = expected_calibration_error(probability, truth)
        result = {key: value if key == "papers" else float(value) for key, value in result.items()}
        p, r, f, support = precision_recall_fscore_support(truth, found, average=None, zero_division=0)
        result["areas"] = {
            area: {
                "f1": float(f[i]),
                "precision": float(p[i]),
                "recall": float(r[i]),
                "average_precision": None if np.isnan(average_precision[i]) else float(average_precision[i]),
                "support": int(support[i]),
                "predicted": int(found[:, i].sum()),
                "threshold": float(thresholds[i]),
            }
            for i, area in enumerate(areas)
        }
        return result


def compute(
    probability: NDArray[np.float32],
    truth: NDArray[np.float32],
    areas: Sequence[str],
    thresholds: NDArray[np.float32],
    predicted: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Return every metric of probabilities and 0/1 labels, both of shape (papers, areas).

    `predicted`, of the same shape, says which areas were chosen; None takes those at or above their threshold.

    Keys: ``{micro,macro,weighted,samples}_{f1,precision,recall}``, ``map`` (mean average precision over the
    areas that occur), ``lrap``, ``coverage_error``, ``subset_accuracy``, ``ece``, ``papers``, and ``areas``:
    area to its own figures.
    """
    metric = MultiLabelMetric(keep_in_memory=True)
    result: dict[str, Any] = metric.compute(
        predictions=probability.tolist(),
        references=truth.tolist(),
        areas=list(areas),
        thresholds=thresholds.tolist(),
        predicted=None if predicted is None else predicted.tolist(),
    )
    return result


def expected_calibration_error(probability: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 15) -> float:
    """Return the expected calibration error over all (paper, area) pairs, in equal-width bins.

    Guo et al. 2017, arXiv 1706.04599, applied to each area as a decision of its own.
    """
    flat, hit = probability.ravel(), truth.ravel()
    which = np.minimum((flat * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    gap = np.abs(np.bincount(which, flat, bins) - np.bincount(which, hit, bins))
    return float(gap[count > 0].sum() / max(len(flat), 1))


def overall_table(results: dict[str, dict[str, Any]]) -> Table:
    """Return a table of overall metrics: a row a metric, a column a split."""
    table = Table(title="Metrics", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("metric")
    for split in results:
        table.add_column(split, justify="right")
    for metric in next(iter(results.values())):
        if metric != "areas":
            table.add_row(metric.replace("_", " "), *(_cell(metrics.get(metric)) for metrics in results.values()))
    return table


def area_table(metrics: dict[str, Any]) -> Table:
    """Return a table an area, best F1 first."""
    table = Table(title="Areas", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("area", no_wrap=True)
    columns = {
        "f1": "F1", "precision": "prec.", "recall": "recall", "average_precision": "AP", "support": "papers",
        "predicted": "found", "threshold": "thresh.",
    }  # fmt: skip
    for heading in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for area, row in sorted(metrics["areas"].items(), key=lambda item: -item[1]["f1"]):
        table.add_row(area, *(_cell(row[column]) for column in columns))
    return table


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
