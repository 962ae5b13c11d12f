import io
import json
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from papertag.config import typed
from papertag.errors import UserError
from papertag.labeling import LabelingConfig, Vote, build_labelers, combine, measure
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = Taxonomy({"g": {"cats": "Cats.", "dogs": "Dogs."}})


def vote(area: str, probability: float, labeler: str = "rules") -> Vote:
    return Vote(area, probability, labeler, "because")


def test_votes_combine_by_noisy_or_within_and_across_labelers() -> None:
    soft = combine(
        {
            "rules": [[vote("cats", 0.5), vote("cats", 0.4)], [vote("dogs", 0.3)], None],
            "keywords": [[vote("cats", 0.2)], None, None],
        },
        TAXONOMY,
    )
    expected = [[1 - 0.5 * 0.6 * 0.8, 0], [0, 0.3], [0, 0]]
    np.testing.assert_allclose(soft.labels, expected, atol=1e-6)
    assert soft.labels.dtype == np.float32
    assert not soft.annotated.any()


def test_annotations_win_outright_even_where_they_name_no_area() -> None:
    soft = combine(
        {
            "annotations": [[vote("dogs", 1.0)], [], None],
            "rules": [[vote("cats", 0.9)], [vote("cats", 0.9)], [vote("cats", 1.0)]],
        },
        TAXONOMY,
    )
    assert soft.labels.tolist() == [[0, 1], [0, 0], [1, 0]]
    assert soft.annotated.tolist() == [True, True, False]


def test_no_label_is_a_negative_zero() -> None:
    soft = combine({"annotations": [[vote("dogs", 1.0)], None], "rules": [None, [vote("cats", 0.9)]]}, TAXONOMY)
    assert not np.signbit(soft.labels).any()


def test_nothing_combines_to_nothing() -> None:
    assert combine({}, TAXONOMY).labels.shape == (0, 2)
    assert combine({"rules": []}, TAXONOMY).labels.shape == (0, 2)


def test_labelers_must_have_seen_the_same_papers() -> None:
    with pytest.raises(ValueError, match="different numbers"):
        combine({"rules": [None], "keywords": [None, None]}, TAXONOMY)


def test_measures_are_those_of_a_small_case_by_hand() -> None:
    votes = {
        "annotations": [[vote("cats", 1.0)], [vote("cats", 1.0)], [], None],
        "rules": [[vote("cats", 0.8)], [vote("cats", 0.2)], [vote("cats", 0.9)], [vote("cats", 0.9)]],
        "keywords": [None, [vote("cats", 0.7)], None, [vote("dogs", 0.6)]],
    }
    report = measure(votes, combine(votes, TAXONOMY), TAXONOMY)
    assert (report.papers, report.annotated) == (4, 3)
    rules = report.areas["rules"]["cats"]
    assert (rules.coverage, rules.overlap, rules.support) == (1.0, 0.75, 2)
    assert rules.conflict == pytest.approx(2 / 3)
    assert (rules.precision, rules.recall, rules.f1) == (0.5, 0.5, 0.5)
    keywords = report.areas["keywords"]["cats"]
    assert (keywords.coverage, keywords.overlap, keywords.conflict) == (0.25, 0.25, 1.0)
    assert (keywords.precision, keywords.recall) == (1.0, 0.5)
    dogs = report.areas["keywords"]["dogs"]
    assert (dogs.coverage, dogs.overlap, dogs.conflict) == (0.25, 0.0, None)
    assert (dogs.precision, dogs.recall, dogs.f1) == (None, None, None)
    annotations = report.areas["annotations"]["cats"]
    assert (annotations.coverage, annotations.precision) == (0.75, None)
    combined = report.areas["combined"]["cats"]
    assert (combined.precision, combined.recall) == (2 / 3, 1.0)
    assert report.overall["rules"].f1 == 0.5
    assert report.overall["keywords"].coverage == 0.5


def test_without_annotations_there_is_no_accuracy() -> None:
    votes = {"annotations": [None], "rules": [[vote("cats", 0.9)]]}
    report = measure(votes, combine(votes, TAXONOMY), TAXONOMY)
    assert report.overall["rules"].precision is None
    assert report.overall["rules"].conflict is None


def test_the_report_is_json_and_its_tables_fit_110_columns() -> None:
    taxonomy = load_taxonomy()
    papers = [
        Paper(id="1", title="Pruning a spiking network", areas=("pruning-sparsity",), keywords=("pruning",)),
        Paper(id="2", title="Robots that walk", keywords=("legged robots",)),
    ]
    votes = {labeler.name: labeler.label(papers) for labeler in build_labelers(LabelingConfig(), taxonomy)}
    report = measure(votes, combine(votes, taxonomy), taxonomy)
    data = json.loads(json.dumps(report.to_json()))
    assert data["areas"]["rules"]["robotics"]["coverage"] == 0.5
    screen = Console(file=io.StringIO(), width=110)
    for table in report.tables():
        screen.print(table)
        assert Console(width=400).measure(table).maximum <= 110
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(area in shown for area in taxonomy.areas)
    assert "…" not in shown


def test_the_configuration_names_the_labelers(tmp_path: Path) -> None:
    config = typed(OmegaConf.create({"rules": None}), LabelingConfig)
    assert [labeler.name for labeler in build_labelers(config, TAXONOMY)] == ["annotations", "keywords"]
    with pytest.raises(UserError, match=r"labeling\.rules is empty"):
        LabelingConfig(rules="")
    with pytest.raises(UserError, match="does not exist"):
        build_labelers(LabelingConfig(annotations=[str(tmp_path / "no.csv")]), TAXONOMY)


@pytest.mark.parametrize(
    ("given", "names"), [("a.csv", ["a.csv"]), (["a.csv", "b.csv"], ["a.csv", "b.csv"]), (None, []), ([], [])]
)
def test_annotations_are_one_file_or_several_or_none(given: object, names: list[str]) -> None:
    assert typed(OmegaConf.create({"annotations": given}), LabelingConfig).annotations == names


@pytest.mark.parametrize("given", ["", [""], [3], 3])
def test_annotations_that_name_no_files_are_a_mistake(given: object) -> None:
    with pytest.raises(UserError, match=r"labeling\.annotations=.* must be the name of a file, or a list"):
        typed(OmegaConf.create({"annotations": given}), LabelingConfig)


def test_rules_reach_their_mark_on_real_papers(shared: Path) -> None:
    lines = (shared / "gold" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    papers = [Paper(id=r["id"], title=r["title"], abstract=r["abstract"], areas=tuple(r["areas"])) for r in records]
    taxonomy = load_taxonomy()
    votes = {labeler.name: labeler.label(papers) for labeler in build_labelers(LabelingConfig(), taxonomy)}
    f1 = measure(votes, combine(votes, taxonomy), taxonomy).overall["rules"].f1
    assert f1 is not None
    assert f1 >= 0.70
