import numpy as np
import pytest

from papertag.models.folder import Calibration
from papertag.training.calibrate import Thresholds, fit_calibration, fit_thresholds
from papertag.training.metrics import expected_calibration_error

RNG = np.random.default_rng(0)


def overconfident(papers=2000, areas=5):
    """Logits that are three times too large and shifted, with the labels they were drawn from."""
    honest = RNG.normal(-1.5, 1.5, (papers, areas)).astype(np.float32)
    truth = (RNG.random(honest.shape) < 1 / (1 + np.exp(-honest))).astype(np.float32)
    return 3 * honest + 1, truth


def test_calibration_finds_the_temperature_and_bias_that_logits_were_distorted_by():
    logits, truth = overconfident()
    fitted = fit_calibration(logits, truth)
    assert fitted.temperature == pytest.approx(3, rel=0.1)
    assert fitted.bias == pytest.approx(-1 / 3, abs=0.1)
    before = expected_calibration_error(Calibration().probabilities(logits).astype(float), truth > 0)
    after = expected_calibration_error(fitted.probabilities(logits).astype(float), truth > 0)
    assert after < 0.02 < 0.08 < before


def test_a_model_that_knows_nothing_is_left_as_it_is():
    logits = np.zeros((10, 3), dtype=np.float32)
    assert fit_calibration(logits, np.zeros((10, 3), dtype=np.float32)) == Calibration()


def test_one_threshold_is_shared_and_per_area_ones_follow_their_own_area():
    truth = np.zeros((1000, 2), dtype=np.float32)
    truth[:300] = 1
    probability = np.full((1000, 2), 0.05, dtype=np.float32)
    probability[:300, 0], probability[300:, 0] = 0.35, 0.25
    probability[:300, 1], probability[300:, 1] = 0.85, 0.75
    one = fit_thresholds(probability, truth, Thresholds["global"])
    assert one[0] == one[1]
    own = fit_thresholds(probability, truth, Thresholds.per_area)
    assert 0.25 < own[0] <= 0.36
    assert 0.74 < own[1] <= 0.85


def test_an_area_with_few_positives_stays_near_the_global_threshold():
    truth = np.zeros((1000, 2), dtype=np.float32)
    truth[:300, 0], truth[0, 1] = 1, 1
    probability = np.zeros((1000, 2), dtype=np.float32)
    probability[:300, 0], probability[0, 1] = 0.5, 0.9
    probability[1:, 1] = 0.8
    own = fit_thresholds(probability, truth, Thresholds.per_area)
    assert own[1] < 0.5


def test_the_threshold_is_never_in_a_valley_between_two_equally_good_ones():
    # By hand: F1 is 2/3 at thresholds up to 0.2 and again above 0.6, and 1/2 in between.
    probability = np.array([[0.9, 0], [0.2, 0], [0.6, 0], [0.6, 0]], dtype=np.float32)
    truth = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=np.float32)
    (chosen, _) = fit_thresholds(probability, truth, Thresholds["global"])
    found = probability[:, 0] >= chosen
    f1 = 2 * (found & (truth[:, 0] > 0)).sum() / (found.sum() + 2)
    assert f1 == pytest.approx(2 / 3)
