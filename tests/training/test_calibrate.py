import numpy as np
import pytest
from sklearn.metrics import f1_score, fbeta_score

from papertag.models.decision import Policy, taxonomy_fit
from papertag.models.folder import Calibration
from papertag.training.calibrate import Thresholds, fit_abstention, fit_calibration, fit_decisions, fit_thresholds
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
    truth = np.zeros((8000, 2), dtype=np.float32)
    truth[:2400] = 1
    probability = np.full((8000, 2), 0.05, dtype=np.float32)
    probability[:2400, 0], probability[2400:, 0] = 0.35, 0.25
    probability[:2400, 1], probability[2400:, 1] = 0.85, 0.75
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


def ragged(papers, seed):
    """Honest probabilities of one area and labels drawn from them."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.5, 2, (papers, 1)).astype(np.float32)
    return probability, (rng.random(probability.shape) < probability).astype(np.float32)


def test_thresholds_spread_less_between_samples_than_the_peaks_of_their_f1():
    grid = np.linspace(0.02, 0.98, 97)
    fitted, peaks = [], []
    for seed in range(30):
        probability, truth = ragged(300, seed)
        fitted.append(float(fit_thresholds(probability, truth, Thresholds["global"])[0]))
        curve = [f1_score(truth[:, 0], probability[:, 0] >= t, zero_division=0) for t in grid]
        peaks.append(grid[int(np.argmax(curve))])
    assert np.std(fitted) < 0.75 * np.std(peaks)
    # And they lie where the best F1 of very many papers is.
    many, hits = ragged(20_000, 100)
    curve = [f1_score(hits[:, 0], many[:, 0] >= t, zero_division=0) for t in grid]
    assert np.mean(fitted) == pytest.approx(grid[int(np.argmax(curve))], abs=0.05)


def test_fitting_twice_gives_the_same_thresholds():
    probability, truth = ragged(200, 0)
    first, second = (fit_thresholds(probability, truth, Thresholds.per_area) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_without_positives_the_threshold_is_a_half():
    nothing = np.zeros((20, 2), dtype=np.float32)
    for kind in Thresholds:
        assert fit_thresholds(nothing, nothing, kind).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kind", list(Thresholds))
def test_policies_trade_precision_for_recall_and_nest(kind):
    columns = [ragged(1500, seed) for seed in range(4)]
    probability, truth = (np.concatenate([c[i] for c in columns], axis=1) for i in (0, 1))
    areas = ["a", "b", "c", "d"]
    decisions = fit_decisions(probability, truth, areas, kind)
    fitted = {**decisions["policies"], Policy.balanced: decisions["thresholds"]}
    arrays = {policy: np.array([named[a] for a in areas]) for policy, named in fitted.items()}
    assert (arrays[Policy.precise] >= arrays[Policy.balanced]).all()
    assert (arrays[Policy.balanced] >= arrays[Policy.sensitive]).all()
    for beta, best in ((0.5, Policy.precise), (1, Policy.balanced), (2, Policy.sensitive)):
        scores = {
            policy: fbeta_score(truth, probability >= thresholds, beta=beta, average="macro")
            for policy, thresholds in arrays.items()
        }
        assert max(scores, key=scores.__getitem__) is best


def test_abstention_costs_a_fiftieth_of_the_papers_that_carry_an_area():
    rng = np.random.default_rng(0)
    probability = rng.random((1000, 3)).astype(np.float32)
    truth = np.ones((1000, 3), dtype=np.float32)
    # Papers outside the taxonomy do not move the threshold, however many there are.
    outside = np.full((500, 3), 0.01, dtype=np.float32)
    threshold = fit_abstention(np.concatenate([probability, outside]), np.concatenate([truth, 0 * outside]))
    assert (taxonomy_fit(probability) < threshold).mean() == pytest.approx(0.02, abs=0.002)
    assert (taxonomy_fit(outside) < threshold).all()
    assert fit_abstention(outside, 0 * outside) == 0
