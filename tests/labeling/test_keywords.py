from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.labeling.keywords import KeywordLabeler, fold_keyword, load_keywords
from papertag.labeling.vote import Vote
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = Taxonomy({"g": {"cats": "Cats.", "dogs": "Dogs."}})


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("House-Cats", "house cat"),
        ("  house   cats. ", "House Cat"),
        ("Animals (A): House Cats", "house cat"),
        ("time series", "Time-Series"),
        ("ＳＬＡＭ", "slam"),
    ],
)
def test_spellings_of_one_keyword_are_equal(written: str, same: str) -> None:
    assert fold_keyword(written) == fold_keyword(same)


@pytest.mark.parametrize(("one", "other"), [("analysis", "analysi"), ("bus", "bu"), ("loss", "los"), ("gas", "ga")])
def test_an_s_that_makes_no_plural_stays(one: str, other: str) -> None:
    assert fold_keyword(one) != fold_keyword(other)


def test_only_whole_keywords_vote(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text("keywords:\n  house cat: {cats: 0.9, dogs: 0.1}\n", encoding="utf-8")
    labeler = KeywordLabeler.from_file(str(path), TAXONOMY)
    exact, longer, none = labeler.label(
        [
            Paper(id="1", title="t", keywords=("House Cats", "house-cat")),
            Paper(id="2", title="t", keywords=("wild house cats",)),
            Paper(id="3", title="house cat"),
        ]
    )
    assert exact == [
        Vote("cats", 0.9, "keywords", "keyword: house cat"),
        Vote("dogs", 0.1, "keywords", "keyword: house cat"),
    ]
    assert longer is None
    assert none is None


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("keywords:\n  a cat: {cast: 0.5}\n", 2, "did you mean 'cats'"),
        ("keywords:\n  a cat: {cats: 2}\n", 2, "from 0 to 1"),
        ("keywords:\n  a cat: {cats: 1}\n  A-Cats: {cats: 1}\n", 3, "first on line 2"),
        ("keywords:\n  '--': {cats: 1}\n", 2, "no word"),
        ("keywords:\n  2024: {cats: 1}\n", 2, "quotes"),
        ("keywords:\n  a cat: cats\n", 2, "must map areas"),
        ("keywords:\n", 1, "mapping"),
    ],
)
def test_a_mistake_in_the_file_names_its_line(content: str, line: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_keywords(str(path), TAXONOMY)
    assert f"{path}:{line}: " in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("keyword", "area"),
    [
        ("Deep Learning for Visual Perception", "robotics"),
        ("Reinforcement Learning", "reinforcement-learning"),
        ("SLAM", "robotics"),
        ("Graph Neural Networks", "graph-learning"),
        ("Machine Learning (ML): Federated Learning", "federated-learning"),
        ("Time-Series Forecasting", "time-series-tabular"),
    ],
)
def test_the_default_keywords_know_what_people_write(keyword: str, area: str) -> None:
    (votes,) = KeywordLabeler.from_file("default", load_taxonomy()).label(
        [Paper(id="1", title="t", keywords=(keyword,))]
    )
    assert votes
    assert max(votes, key=lambda vote: vote.probability).area == area


def test_the_default_keywords_pass_over_areas_of_another_taxonomy() -> None:
    keywords = load_keywords("default", Taxonomy({"g": {"robotics": "Robots."}}))
    assert {vote.area for votes in keywords.values() for vote in votes} == {"robotics"}
