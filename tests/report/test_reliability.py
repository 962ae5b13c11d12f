"""The reliability diagram and its bins."""

import numpy as np
import pytest

from papertag.errors import UserError
from papertag.report.reliability import reliability, reliability_figure
from papertag.training.metrics import expected_calibration_error

RNG = np.random.default_rng(0)
PROBABILITY = RNG.random((500, 7)).astype(np.float32)
TRUTH = (RNG.random((500, 7)) < PROBABILITY**2).astype(np.float32)


def test_bins_hold_every_pair_and_say_how_often_it_is_true():
    bins = reliability(np.array([[0.05, 0.05, 1.0]], dtype=np.float32), np.array([[0, 1, 1]], dtype=np.float32))
    assert bins.count.tolist() == [2, *[0] * 13, 1]
    assert bins.frequency[[0, 14]].tolist() == [0.5, 1.0]
    assert bins.confidence[[0, 14]] == pytest.approx([0.05, 1.0])
    assert np.isnan(bins.frequency[1:14]).all()


def test_the_figure_carries_the_error_of_the_metrics_and_is_the_same_every_time(tmp_path):
    for name in ("one.svg", "two.svg"):
        reliability_figure(PROBABILITY, TRUTH, tmp_path / name, "Shipped model on dev")
    text = (tmp_path / "one.svg").read_text()
    assert text == (tmp_path / "two.svg").read_text()
    # matplotlib draws text as paths and leaves it readable in comments.
    ece = expected_calibration_error(PROBABILITY.astype(np.float64), TRUTH >= 0.5)
    assert f"<!-- Shipped model on dev, ECE {ece:.3f} -->" in text
    reliability_figure(PROBABILITY, TRUTH, tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_another_format_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.png or \.svg"):
        reliability_figure(PROBABILITY, TRUTH, tmp_path / "figure.jpeg")
