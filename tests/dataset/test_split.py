import numpy as np
import pytest
from numpy.typing import NDArray

from papertag.dataset.split import Assignment, EvaluateOn, Method, SplitConfig, assign
from papertag.errors import UserError


def run(labels: NDArray[np.bool_], annotated: NDArray[np.bool_] | None = None, dates: list[str] | None = None,
        holdout: list[str | None] | None = None, **config: object) -> Assignment:  # fmt: skip
    n = len(labels)
    return assign(
        labels,
        np.zeros(n, bool) if annotated is None else annotated,
        dates or [""] * n,
        holdout or [None] * n,
        SplitConfig(**config),  # type: ignore[arg-type]
    )


def random_labels(n: int, seed: int = 0) -> NDArray[np.bool_]:
    rng = np.random.default_rng(seed)
    return rng.random((n, 8)) < np.array([0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01])


def test_every_paper_stands_in_one_split_and_every_area_keeps_its_share() -> None:
    labels = random_labels(4000)
    splits = run(labels).splits
    assert np.array_equal(np.sort(np.concatenate(list(splits.values()))), np.arange(4000))
    assert abs(len(splits["test"]) - 400) <= 8
    for name, share in {"train": 0.8, "validation": 0.1, "test": 0.1}.items():
        found = labels[splits[name]].sum(axis=0)
        assert np.all(np.abs(found - share * labels.sum(axis=0)) <= np.maximum(2, 0.1 * share * labels.sum(axis=0)))


def test_test_papers_come_from_all_over_the_listing() -> None:
    test = run(random_labels(1000)).splits["test"]
    assert 350 < np.median(test) < 650


def test_a_seed_gives_one_split_and_another_seed_another() -> None:
    labels = random_labels(500)
    first, again, other = (run(labels, seed=seed).splits["test"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_validation_and_test_hold_annotated_papers_alone_where_there_are_any() -> None:
    labels = random_labels(1000)
    annotated = np.arange(1000) % 5 == 0
    result = run(labels, annotated)
    assert result.among_annotated
    assert annotated[result.splits["validation"]].all()
    assert annotated[result.splits["test"]].all()
    assert abs(len(result.splits["test"]) - 20) <= 4
    assert sum(map(len, result.splits.values())) == 1000
    everyone = run(labels, annotated, evaluate_on=EvaluateOn.all)
    assert not annotated[everyone.splits["test"]].all()
    assert not run(labels).among_annotated


def test_by_date_the_latest_papers_are_test_and_the_undated_are_trained_on() -> None:
    dates = ["2024-01-01", "", "2025-01-01", "2025-05-31", "2025-06-01", "2025-12-31"]
    splits = run(random_labels(6), dates=dates, method=Method.date, validation_from="2025-01-01",
                 test_from="2025-06-01").splits  # fmt: skip
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [0, 1], "validation": [2, 3], "test": [4, 5],
    }  # fmt: skip


def test_by_date_unannotated_papers_of_the_future_are_neither_trained_nor_measured_on() -> None:
    dates = ["2024-01-01", "2025-07-01", "2025-07-02", "2024-02-02"]
    annotated = np.array([False, True, False, True])
    result = run(random_labels(4), annotated, dates, method=Method.date, test_from="2025-06-01")
    assert {name: rows.tolist() for name, rows in result.splits.items()} == {"train": [0, 3], "test": [1]}
    assert result.left_out.tolist() == [2]


def test_by_date_a_year_or_a_month_counts_as_its_last_day() -> None:
    dates = ["2024", "2024-05", "2024-06", "2023", "2024-06-14"]
    splits = run(random_labels(5), dates=dates, method=Method.date, test_from="2024-06-15").splits
    assert {name: rows.tolist() for name, rows in splits.items()} == {"train": [1, 3, 4], "test": [0, 2]}


@pytest.mark.parametrize(
    ("dates", "settings", "message"),
    [
        (["2024-01-01", "2024-03-02"], {"test_from": "2025-01-01"},
         r"split\.test_from=2025-01-01: no paper is that late \(the latest is 2024-03-02\)"),
        (["2024-01-01", "2025-03-02"], {"validation_from": "2024-05-01", "test_from": "2025-01-01"},
         r"split\.validation_from=2024-05-01: no paper lies between it and split\.test_from=2025-01-01"),
        (["", ""], {"validation_from": "2024-05-01"}, r"split\.validation_from=2024-05-01: no paper has a date"),
    ],
)  # fmt: skip
def test_a_date_that_leaves_its_split_empty_is_an_error(
    dates: list[str], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run(random_labels(2), dates=dates, method=Method.date, **settings)


def test_a_date_that_no_annotated_paper_reaches_is_an_error() -> None:
    dates = ["2024-01-01", "2025-03-02"]
    with pytest.raises(UserError, match=r"no annotated paper is that late \(the latest is 2024-01-01\)"):
        run(random_labels(2), np.array([True, False]), dates, method=Method.date, test_from="2025-01-01")


def test_a_holdout_is_its_split_and_nothing_else_joins_it() -> None:
    labels = random_labels(200)
    holdout: list[str | None] = ["test" if i < 7 else None for i in range(200)]
    splits = run(labels, holdout=holdout, test="dev.jsonl").splits
    assert splits["test"].tolist() == list(range(7))
    assert abs(len(splits["validation"]) - 19) <= 3
    both: list[str | None] = ["test", "validation", *[None] * 198]
    splits = run(labels, holdout=both, test="a", validation="b").splits
    assert [len(splits[name]) for name in ("test", "validation", "train")] == [1, 1, 198]


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(UserError, match="no paper is left to train on"):
        run(random_labels(2), holdout=["test", "test"], test="dev.jsonl")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test_fraction": 1.0}, "split.test_fraction=1.0 must be at least 0 and below 1"),
        ({"validation_fraction": 0.5, "test_fraction": 0.5}, "leave nothing to train on"),
        ({"method": Method.date}, "split.method=date needs split.validation_from or split.test_from"),
        ({"test_from": "2025-01-01"}, "split.test_from needs split.method=date"),
        ({"method": Method.date, "test_from": "May 2025"}, "split.test_from=May 2025 must be an ISO date"),
        ({"method": Method.date, "test_from": "2024-13-45"}, "split.test_from=2024-13-45 must be an ISO date"),
        (
            {"method": Method.date, "validation_from": "2025-02-01", "test_from": "2025-01-01"},
            "split.validation_from=2025-02-01 must be before split.test_from=2025-01-01",
        ),
        ({"method": Method.date, "test_from": "2025-01-01", "test": "x"}, "split.test or split.test_from, not both"),
        ({"seed": -1}, "split.seed=-1"),
    ],
)
def test_senseless_settings_are_errors_that_name_the_key(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SplitConfig(**settings)  # type: ignore[arg-type]
