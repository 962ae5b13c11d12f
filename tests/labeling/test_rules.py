from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.labeling.combine import probabilities
from papertag.labeling.rules import Rule, RuleLabeler, load_rules
from papertag.labeling.vote import Vote
from papertag.paper import Paper
from papertag.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = Taxonomy({"g": {"cats": "Cats.", "dogs": "Dogs."}})


def votes(rules: list[Rule], title: str, abstract: str = "") -> list[Vote] | None:
    return RuleLabeler(rules).label([Paper(id="1", title=title, abstract=abstract)])[0]


def fires(phrase: str, text: str, tmp_path: Path) -> bool:
    path = tmp_path / "rules.yaml"
    path.write_text(f"rules:\n  cats:\n    {phrase!r}: 0.5\n", encoding="utf-8")
    labeler = RuleLabeler.from_file(path, TAXONOMY)
    in_title, in_abstract = labeler.label(
        [Paper(id="1", title=text), Paper(id="2", title="Nothing here", abstract=text)]
    )
    assert bool(in_title) == bool(in_abstract)
    return bool(in_title)


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("tabby cat", "A Tabby Cat sleeps", True),
        ("tabby cat", "tabby-cat", True),
        ("tabby-cat", "the tabby cat", True),
        ("tabby cat", "a tabby\n  cat", True),
        ("tabby cat", "tabby–cat, asleep", True),
        ("tabby cat", "(tabby cat)", True),
        ("tabby cat", "It is a tabby. Cat food is dear", False),
        ("tabby cat", "tabby cats", False),
        ("cat", "concatenation", False),
        ("cat*", "Catnip is cheap", True),
        ("cat*", "educated", False),
        ("LoRA", "we use LoRA-based tuning", True),
        ("LoRA", "LORA and lora radios", False),
        ("3d cat", "A 3D cat", True),
        ("émigré cat", "the Émigré cat", True),
        ("office cat", "the oﬃce cat", True),
    ],
)
def test_a_phrase_matches_whole_words(phrase: str, text: str, expected: bool, tmp_path: Path) -> None:
    assert fires(phrase, text, tmp_path) is expected


def test_a_phrase_does_not_reach_from_the_title_into_the_abstract() -> None:
    assert votes([Rule("cats", "tabby cat", 0.5, 0.5)], "A tabby", "cat food") is None


def test_title_and_abstract_have_their_own_weight_and_the_title_wins() -> None:
    rules = [Rule("cats", "cat", 0.9, 0.4)]
    assert votes(rules, "A cat") == [Vote("cats", 0.9, "rules", "title: cat")]
    assert votes(rules, "Pets", "a cat and a cat") == [Vote("cats", 0.4, "rules", "abstract: cat")]
    assert votes(rules, "A cat", "a cat") == [Vote("cats", 0.9, "rules", "title: cat")]


def test_a_paper_without_any_phrase_gets_none() -> None:
    assert votes([Rule("cats", "cat", 0.9, 0.4)], "Stars", "and planets") is None


def test_votes_are_shared_between_papers() -> None:
    papers = [Paper(id=str(i), title=f"A cat, number {i}") for i in range(3)]
    first, *others = RuleLabeler([Rule("cats", "cat", 0.9, 0.4)]).label(papers)
    assert first
    assert all(other and other[0] is first[0] for other in others)


def test_one_phrase_may_speak_for_several_areas() -> None:
    found = votes([Rule("cats", "pet", 0.5, 0.5), Rule("dogs", "pet", 0.4, 0.4)], "A pet")
    assert found
    assert {(vote.area, vote.probability) for vote in found} == {("cats", 0.5), ("dogs", 0.4)}


class TestAPhraseInsideALongerOne:
    rules = (
        Rule("cats", "cat*", 0.9, 0.6),
        Rule("cats", "cat burglar", 0.0, 0.0),
        Rule("dogs", "cat*", 0.2, 0.2),
    )

    def test_does_not_count(self) -> None:
        found = votes(list(self.rules), "The cat burglar")
        assert found
        assert [vote.area for vote in found] == ["dogs"]

    def test_counts_where_it_also_stands_alone(self) -> None:
        found = votes(list(self.rules), "The cat burglar", "Of a cat.")
        assert found
        assert {(vote.area, vote.evidence) for vote in found} == {
            ("cats", "abstract: cat*"),
            ("dogs", "title: cat*"),
        }

    def test_of_another_case(self) -> None:
        rules = [Rule("cats", "MATH", 0.8, 0.8), Rule("cats", "math", 0.3, 0.3)]
        found = votes(rules, "On MATH")
        assert found
        assert [vote.probability for vote in found] == [0.8]


def test_damping_takes_its_share_and_a_veto_everything() -> None:
    cat = Rule("cats", "cat", 0.75, 0.75)
    damped = votes([cat, Rule("cats", "toy", damp=0.5)], "A toy cat")
    assert damped
    assert damped[0].probability == pytest.approx(0.375)
    assert "toy" in damped[0].evidence
    assert votes([cat, Rule("cats", "toy", damp=1.0)], "A toy cat") is None
    kept = votes([cat, Rule("dogs", "toy", damp=1.0)], "A toy cat")
    assert kept
    assert kept[0].probability == 0.75


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("rules:\n  cast:\n    x: 0.5\n", 2, "did you mean 'cats'"),
        ("rules:\n  cats:\n    x: 0.5\n    y: 1.5\n", 4, "from 0 to 1"),
        ("rules:\n  cats:\n    x: [0.5, high]\n", 3, "from 0 to 1"),
        ("rules:\n  cats:\n    x: [0.5, 0.4, 0.3]\n", 3, "two weights"),
        ("rules:\n  cats:\n    x: true\n", 3, "from 0 to 1"),
        ("rules:\n  cats:\n    x: {weight: 1}\n", 3, "damp"),
        ("rules:\n  cats:\n    '*': 0.5\n", 3, "no word"),
        ("rules:\n  cats:\n    ' ': 0.5\n", 3, "no word"),
        ("rules:\n  cats:\n    'ca*t': 0.5\n", 3, "at the end alone"),
        ("rules:\n  cats:\n    7: 0.5\n", 3, "quotes"),
        ("rules:\n  cats:\n    big cat: 0.5\n    Big-Cat: 0.5\n    big-cat: 0.6\n", 5, "first on line 3"),
        ("rules:\n  cats:\n    x: 0.5\n    x: 0.6\n", 4, "duplicate"),
        ("rules:\n  cats: [x]\n", 2, "must map phrases"),
        ("rules: []\n", 1, "mapping"),
        ("rulse: {}\n", 1, "'rules'"),
        ("rules:\n  cats: {x: 0.5}\nother: 1\n", 3, "unknown key 'other'"),
        ("version: 9\nrules:\n  cats: {x: 0.5}\n", 1, "version 9"),
        ("rules:\n  cats: {x: 0.5\n", 3, "expected"),
    ],
)
def test_a_mistake_in_the_file_names_its_line(content: str, line: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_rules(str(path), TAXONOMY)
    assert f"{path}:{line}: " in str(error.value)
    assert words in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml does not exist"):
        load_rules(str(tmp_path / "nowhere.yaml"), TAXONOMY)


def test_the_default_rules_serve_every_area_and_know_their_field() -> None:
    taxonomy = load_taxonomy()
    rules = load_rules("default", taxonomy)
    of_area = {area: [rule for rule in rules if rule.area == area] for area in taxonomy.areas}
    assert min(len(of) for of in of_area.values()) >= 10
    papers = [
        Paper(id="1", title="Four-bit post-training quantization", abstract="Weights are quantized to INT4."),
        Paper(id="2", title="Learning to grasp with a two-armed robot", abstract="A policy moves the gripper."),
        Paper(id="3", title="A graph neural network for node classification", abstract="GNNs pass messages."),
    ]
    soft = probabilities(RuleLabeler(rules).label(papers), taxonomy)
    best = [taxonomy.areas[i] for i in soft.argmax(axis=1)]
    assert best == ["quantization", "robotics", "graph-learning"]


def test_the_default_rules_pass_over_areas_of_another_taxonomy() -> None:
    smaller = Taxonomy({"g": {"robotics": "Robots.", "knitting": "Yarn."}})
    assert {rule.area for rule in load_rules("default", smaller)} == {"robotics"}
