from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import f1_score

from papertag.training.metrics import area_table, compute, overall_table

AREAS = ["a", "b", "c"]
TRUTH = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=np.float32)
PROBABILITY = np.array([[0.9, 0.6, 0.1], [0.8, 0.3, 0.2], [0.1, 0.9, 0.0], [0.2, 0.1, 0.7]], dtype=np.float32)
THRESHOLDS = np.array([0.5, 0.5, 0.5], dtype=np.float32)


@pytest.fixture(scope="module")
def metrics():
    return compute(PROBABILITY, TRUTH, AREAS, THRESHOLDS)


def test_counts_by_hand(metrics):
    # Predicted: a b | a | b | c. True: a | a b | b | nothing. So 3 right, 2 too many, 1 missed.
    assert metrics["micro_precision"] == pytest.approx(3 / 5)
    assert metrics["micro_recall"] == pytest.approx(3 / 4)
    assert metrics["subset_accuracy"] == pytest.approx(1 / 4)
    assert metrics["papers"] == 4
    assert metrics["areas"]["a"] == {
        "f1": 1.0, "precision": 1.0, "recall": 1.0, "average_precision": 1.0, "support": 2, "predicted": 2,
        "threshold": 0.5,
    }  # fmt: skip
    assert metrics["areas"]["c"]["average_precision"] is None


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", "samples"])
def test_f1_agrees_with_scikit_learn(metrics, average):
    expected = f1_score(TRUTH, PROBABILITY >= 0.5, average=average, zero_division=0)
    assert metrics[f"{average}_f1"] == pytest.approx(expected)


def test_ranking_metrics_by_hand(metrics):
    assert metrics["map"] == pytest.approx((1.0 + (1 + 2 / 3) / 2) / 2)
    assert metrics["lrap"] == pytest.approx(1.0)
    assert metrics["coverage_error"] == pytest.approx(4 / 3)


def test_calibration_error_is_0_for_honest_and_large_for_certain_and_wrong():
    honest = np.full((4, 2), 0.25, dtype=np.float32)
    truth = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], dtype=np.float32)
    half = np.array([0.5, 0.5], dtype=np.float32)
    assert compute(honest, truth, ["a", "b"], half)["ece"] == pytest.approx(0, abs=1e-6)
    assert compute(1 - truth, truth, ["a", "b"], half)["ece"] == pytest.approx(1)


def test_thresholds_are_applied_area_by_area():
    strict = compute(PROBABILITY, TRUTH, AREAS, np.array([0.85, 0.5, 0.5], dtype=np.float32))
    assert strict["areas"]["a"]["recall"] == pytest.approx(0.5)


def test_tables_show_every_split_and_area_best_first(metrics):
    console = Console(width=160, record=True, file=StringIO())
    console.print(overall_table({"dev": metrics}), area_table(metrics))
    text = console.export_text()
    assert "dev" in text
    assert text.index(" a ") < text.index(" b ") < text.index(" c ")
