import numpy as np
import pytest
from sklearn.metrics import f1_score

from papertag.training.bootstrap import f1_intervals, threshold_stability


def labels(papers=200, areas=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((papers, areas)) < 0.3).astype(np.float32)
    flipped = rng.random(truth.shape) < 0.15
    return truth, np.where(flipped, 1 - truth, truth) > 0.5


def test_intervals_are_the_percentiles_of_scikit_learns_f1_on_resamples():
    truth, predicted = labels()
    rng = np.random.default_rng(1)
    draws = [rng.integers(0, len(truth), len(truth)) for _ in range(400)]
    found = f1_intervals(truth, predicted)
    for average in ("micro", "macro"):
        scores = [f1_score(truth[i], predicted[i], average=average) for i in draws]
        assert found[f"{average}_f1"] == pytest.approx(np.quantile(scores, (0.025, 0.975)), abs=0.01)


def test_the_interval_of_four_times_the_papers_is_about_half_as_wide():
    few, many = (f1_intervals(*labels(papers))["macro_f1"] for papers in (200, 800))
    assert (many[1] - many[0]) / (few[1] - few[0]) == pytest.approx(0.5, abs=0.15)


def test_an_area_that_a_resample_lacks_does_not_count_against_it():
    truth = np.zeros((30, 2), dtype=np.float32)
    truth[:, 0], truth[0, 1] = 1, 1
    # A third of the resamples lack the only paper of the second area; nothing is ever wrong.
    assert f1_intervals(truth, truth > 0)["macro_f1"] == pytest.approx((1, 1))


def test_an_area_that_no_paper_carries_counts_0_as_in_the_metric():
    truth = np.zeros((30, 2), dtype=np.float32)
    truth[:, 0] = 1
    assert f1_intervals(truth, truth > 0)["macro_f1"] == pytest.approx((0.5, 0.5))


def test_thresholds_of_areas_that_differ_beat_a_shared_one_on_papers_left_out():
    rng = np.random.default_rng(0)
    truth = (rng.random((4000, 2)) < 0.4).astype(np.float32)
    # The first area's probabilities lie around 0.2, the second's around 0.7.
    probability = np.clip(np.array([0.2, 0.7]) + 0.1 * (2 * truth - 1) + rng.normal(0, 0.05, truth.shape), 0.01, 0.99)
    found = threshold_stability(probability.astype(np.float32), truth, resamples=10)
    assert found["difference"]["low"] > 0.05
    assert found["per_area"]["mean"] > 0.9 > found["global"]["mean"]
    assert found["per_area"]["std"] < 0.05
    assert found["difference"]["mean"] == pytest.approx(found["per_area"]["mean"] - found["global"]["mean"])


def test_too_few_papers_give_no_check():
    assert threshold_stability(np.zeros((9, 2), dtype=np.float32), np.zeros((9, 2), dtype=np.float32)) == {}
