"""The baselines: each learns what its method can learn, from what it says that it learns from."""

import numpy as np
import pytest

from papertag.errors import UserError
from papertag.models.baselines.build import Method, MethodsConfig
from papertag.models.baselines.encoder import EncoderConfig, embed, require, sentence_transformer
from papertag.models.baselines.frozen import FrozenConfig
from papertag.models.baselines.head import LogisticHead
from papertag.models.baselines.setfit import SetFit, SetFitConfig, draw
from papertag.taxonomy import Taxonomy, load_taxonomy

TAXONOMY = Taxonomy({
    "all": {
        "robotics": "Robots: manipulation, locomotion, navigation.",
        "speech-audio": "Sound: speech recognition and synthesis, music.",
    }
})  # fmt: skip
TOPICS = [
    ["robot arms grasp objects", "a quadruped robot learns to walk", "mobile robots plan their paths"],
    ["speech recognition in noise", "music generation", "speaker verification from short utterances"],
]
UNSEEN = ["A robot hand opens doors\nGrasping with a robot.", "Speech synthesis\nWe synthesise speech and music."]


def corpus() -> tuple[list[str], np.ndarray]:
    texts = [f"On {topics[i]}\nWe study {topics[i - 1]}." for topics in TOPICS for i in range(3)] * 3
    labels = np.repeat(np.eye(2, dtype=np.float32), 3, axis=0)
    return texts, np.tile(labels, (3, 1))


def built(method: Method, encoder=None):
    path = None if encoder is None else str(encoder)
    config = MethodsConfig(encoder=EncoderConfig(path=path, max_length=32), setfit=SetFitConfig(shots=3, iterations=2))
    return config.build(method, TAXONOMY)


@pytest.mark.parametrize(
    ("method", "learned_from"),
    [(Method.rules, 0), (Method.tfidf, 18), (Method.zero_shot, 0), (Method.frozen, 18), (Method.setfit, 6)],
)
def test_a_method_tells_the_areas_of_unseen_papers_apart(method, learned_from):
    if method in {Method.zero_shot, Method.frozen, Method.setfit}:
        pytest.importorskip("setfit")
    baseline = built(method)
    assert baseline.fit(*corpus()) == learned_from
    logits = baseline.logits(UNSEEN)
    assert logits.shape == (2, 2)
    assert logits[0, 0] > logits[0, 1]
    assert logits[1, 1] > logits[1, 0]


def test_the_majority_is_the_base_rate_whatever_the_paper():
    baseline = built(Method.majority)
    labels = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], dtype=np.float32)
    assert baseline.fit(["a", "b", "c", "d"], labels) == 4
    logits = baseline.logits(UNSEEN)
    assert np.array_equal(logits[0], logits[1])
    assert logits[0] == pytest.approx(np.log([3.5 / 1.5, 0.5 / 4.5]))


def test_sizes_count_what_tagging_reads(tiny_encoder):
    pytest.importorskip("setfit")
    encoder = sum(path.stat().st_size for path in tiny_encoder.iterdir())
    sizes = {}
    for method in (Method.majority, Method.tfidf, Method.zero_shot, Method.frozen):
        baseline = built(method, tiny_encoder)
        baseline.fit(*corpus())
        sizes[method] = baseline.size_bytes
    assert sizes[Method.majority] == 2 * 4
    assert sizes[Method.majority] < sizes[Method.tfidf] < encoder
    assert sizes[Method.zero_shot] == encoder + 2 * 32 * 4
    assert sizes[Method.frozen] == encoder + (2 * 32 + 2) * 4


def test_an_encoder_reads_as_many_tokens_as_it_is_told(tiny_encoder):
    pytest.importorskip("sentence_transformers")
    texts = ["speech " * 10, "speech " * 10 + "robots " * 10]
    short = embed(sentence_transformer(EncoderConfig(path=str(tiny_encoder), max_length=8)), texts)
    long = embed(sentence_transformer(EncoderConfig(path=str(tiny_encoder), max_length=100_000)), texts)
    assert np.allclose(short[0], short[1], atol=1e-6)
    assert not np.allclose(long[0], long[1], atol=1e-3)
    assert np.linalg.norm(long, axis=1) == pytest.approx(1, abs=1e-5)


def test_many_texts_are_embedded_in_their_order(tiny_encoder):
    pytest.importorskip("sentence_transformers")
    encoder = sentence_transformer(EncoderConfig(path=str(tiny_encoder), max_length=8))
    texts = [f"{'speech ' * (i % 5)}{i}" for i in range(600)]
    together = embed(encoder, texts)
    assert np.allclose(together[[0, 511, 512, 599]], embed(encoder, [texts[i] for i in (0, 511, 512, 599)]), atol=1e-5)


def test_setfit_moves_papers_of_an_area_together(tiny_encoder):
    pytest.importorskip("setfit")
    texts, labels = corpus()
    encoder = EncoderConfig(path=str(tiny_encoder), max_length=16)
    config = SetFitConfig(shots=8, iterations=8, learning_rate=1e-3, batch_size=8)

    def margin(vectors):
        same = labels @ labels.T > 0
        cosines = vectors @ vectors.T
        return cosines[same].mean() - cosines[~same].mean()

    before = margin(embed(sentence_transformer(encoder), texts))
    baseline = SetFit(config, encoder)
    baseline.fit(texts, labels)
    assert margin(embed(baseline._encoder, texts)) > before + 0.1


def test_shots_are_drawn_for_every_area():
    rng = np.random.default_rng(1)
    hits = rng.random((400, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.0]
    hits[:3, 5] = True
    drawn = draw(hits, 8, seed=0)
    assert len(set(drawn)) == len(drawn)
    assert (hits[drawn].sum(axis=0) >= [8, 8, 8, 8, 8, 3]).all()
    assert hits[drawn, 5].sum() == 3
    assert len(drawn) <= 8 * 6
    assert drawn == draw(hits, 8, seed=0) != draw(hits, 8, seed=1)


def test_an_area_without_positives_keeps_a_low_base_rate():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 4)).astype(np.float32)
    labels = np.stack([features[:, 0] > 0, np.zeros(60)], axis=1).astype(np.float32)
    head = LogisticHead.fit(features, labels, c=10.0)
    logits = head.logits(features)
    assert ((logits[:, 0] > 0) == (labels[:, 0] > 0)).mean() > 0.9
    assert (logits[:, 1] < -4).all()


def test_rules_know_the_default_taxonomy():
    taxonomy = load_taxonomy()
    logits = (
        MethodsConfig().build(Method.rules, taxonomy).logits(["Post-training quantization to 4 bits\nINT4 weights."])
    )
    assert taxonomy.areas[int(logits[0].argmax())] == "quantization"
    assert logits[0, taxonomy.index["robotics"]] == pytest.approx(np.log(0.001 / 0.999), abs=1e-3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EncoderConfig(max_length=4), "encoder.max_length=4"),
        (lambda: EncoderConfig(path="/nowhere").folder(), "encoder.path=/nowhere"),
        (lambda: FrozenConfig(c=0), "frozen.c=0"),
        (lambda: SetFitConfig(shots=0), "setfit.shots=0"),
        (lambda: SetFitConfig(learning_rate=0), "setfit.learning_rate=0"),
        (lambda: SetFitConfig(seed=-1), "setfit.seed=-1"),
        (lambda: require("a_package_that_nobody_wrote"), r"pip install 'papertag\[baselines\]'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(make, says):
    with pytest.raises(UserError, match=says):
        make()


def test_settings_that_a_method_reads_tell_its_results_apart(tiny_encoder):
    pytest.importorskip("setfit")
    config = MethodsConfig(encoder=EncoderConfig(path=str(tiny_encoder)))
    other = MethodsConfig(encoder=EncoderConfig(path=str(tiny_encoder)), frozen=FrozenConfig(c=1.0))
    changed = {method for method in Method if config.read_by(method) != other.read_by(method)}
    assert changed == {Method.frozen}
    shorter = MethodsConfig(encoder=EncoderConfig(path=str(tiny_encoder), max_length=64))
    changed = {method for method in Method if config.read_by(method) != shorter.read_by(method)}
    assert changed == {Method.zero_shot, Method.frozen, Method.setfit}
