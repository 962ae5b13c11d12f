import numpy as np
import pytest

from papertag.models.decision import decide, taxonomy_fit

PROBABILITY = np.array([[0.9, 0.5, 0.6], [0.3, 0.3, 0.0], [1.0, 0.0, 0.7]], dtype=np.float32)
THRESHOLDS = np.array([0.5, 0.4, 0.65], dtype=np.float32)


def test_fit_is_the_probability_of_at_least_one_area():
    # By hand: 1 - 0.1 * 0.5 * 0.4, 1 - 0.7 * 0.7, and certainty.
    assert taxonomy_fit(PROBABILITY) == pytest.approx([0.98, 0.51, 1.0], abs=1e-6)
    assert taxonomy_fit(np.zeros((1, 3), dtype=np.float32)) == pytest.approx([0])


def chosen(**limits):
    return [np.flatnonzero(row).tolist() for row in decide(PROBABILITY, THRESHOLDS, **limits)]


def test_areas_at_or_above_their_threshold_are_chosen():
    assert chosen() == [[0, 1], [], [0, 2]]


def test_no_area_below_the_least_score_even_above_its_threshold():
    assert chosen(min_score=0.8) == [[0], [], [0]]


def test_the_most_probable_of_the_chosen_areas_stay():
    assert chosen(top_k=1) == [[0], [], [0]]
    # The first paper's second best area, number 2, is below its threshold; number 1 is not among the best two.
    assert chosen(top_k=2) == [[0], [], [0, 2]]


def test_a_paper_that_fits_too_little_carries_no_area_even_above_a_threshold():
    low = np.array([0.2, 0.2, 0.2], dtype=np.float32)
    assert decide(PROBABILITY, low)[1].any()
    strict = decide(PROBABILITY, low, fit_threshold=0.6)
    assert not strict[1].any()
    assert strict[0].all()
