"""The linear member: it learns telling words, survives its eight bits, and says what each word adds."""

import numpy as np
import pytest

from papertag.errors import UserError
from papertag.models.linear import LinearMember, MemberConfig, MemberKind

TOPICS = {
    0: ["quantization of weights", "integer arithmetic", "four bit number formats", "rounding of activations"],
    1: ["robot arms grasp objects", "manipulation policies", "a gripper that learns", "mobile robots plan paths"],
}
CONFIG = MemberConfig(kind=MemberKind.linear, min_df=1)


def corpus(repeat: int = 6) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for i in range(repeat * 8):
        topic = i % 2
        first, second = rng.permutation(TOPICS[topic])[:2]
        texts.append(f"A study of {first}\nWe consider {second} and report results, paper number {i}.")
        labels.append([1 - topic, topic])
    return texts, np.array(labels, dtype=np.float32)


@pytest.fixture(scope="module")
def member() -> LinearMember:
    return LinearMember.fit(*corpus(), CONFIG)


def test_it_ranks_unseen_papers_by_their_words(member):
    logits = member.logits(["Rounding of weights\nInteger arithmetic.", "Robots plan\nA gripper grasps objects."])
    assert logits.shape == (2, 2)
    assert logits[0, 0] > 0 > logits[0, 1]
    assert logits[1, 1] > 0 > logits[1, 0]


def test_the_title_weighs_more_than_the_abstract(member):
    in_title, in_abstract = member.logits(["Quantization\nOf robots.", "Robots\nOf quantization."])
    assert in_title[0] > in_abstract[0]


def test_contributions_add_up_to_the_logit(member):
    text = "Quantization of robots\nWe consider integer arithmetic and a gripper that learns."
    nothing = member.logits(["zzz"])[0]
    for area in (0, 1):
        parts = member.contributions(text, area)
        assert sum(parts.values()) + nothing[area] == pytest.approx(float(member.logits([text])[0, area]), abs=1e-4)
    assert member.contributions(text, 0)["integer"] > 0 > member.contributions(text, 0)["gripper"]


def test_it_comes_back_from_its_files_the_same(member, tmp_path):
    member.save(tmp_path)
    texts, _ = corpus(1)
    again = LinearMember.load(tmp_path, 2)
    assert np.array_equal(again.logits(texts), member.logits(texts))


def test_max_features_keeps_those_that_weigh_most():
    small = LinearMember.fit(*corpus(), MemberConfig(kind=MemberKind.linear, min_df=1, max_features=12))
    assert len(small.vocabulary) == 12
    assert not {"paper", "number", "report"} & set(small.vocabulary)


def test_an_area_without_positives_keeps_a_low_base_rate():
    texts, labels = corpus()
    labels = np.column_stack([labels, np.zeros(len(labels), dtype=np.float32)])
    logits = LinearMember.fit(texts, labels, CONFIG).logits(texts)
    assert (logits[:, 2] < -3).all()


@pytest.mark.parametrize("damage", ["truncated", "vocabulary", "missing"])
def test_damaged_files_are_named(member, tmp_path, damage):
    member.save(tmp_path)
    weights, vocabulary = tmp_path / "linear.safetensors", tmp_path / "linear_vocabulary.txt"
    if damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:100])
    elif damage == "vocabulary":
        vocabulary.write_text("one\nword\n")
    else:
        weights.unlink()
    with pytest.raises(UserError, match=str(tmp_path)):
        LinearMember.load(tmp_path, 2)


def test_a_word_must_occur_often_enough():
    with pytest.raises(UserError, match="min_df"):
        LinearMember.fit(["one two", "three four", "five six"], np.eye(3, dtype=np.float32), MemberConfig(min_df=3))
