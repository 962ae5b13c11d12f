"""`papertag train experiment=few-shot`: areas of the user's own from eight papers each."""

import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import run_papertag, tiny_run
from papertag.models.linear import LinearMember, MemberConfig, MemberKind
from papertag.models.prototypes import prototypes
from papertag.paper import Paper
from papertag.tagging import Tagger
from papertag.taxonomy import load_taxonomy
from papertag.training.calibrate import Thresholds, fit_thresholds
from papertag.training.few_shot import held_out_metrics
from papertag.training.few_shot_learner import Learner, Mixture, Papers, choose, pair_weights

AREAS = {
    "bird-song": "Songs and calls of birds: singing, dialects of nightingales and warblers, recordings at dawn.",
    "soil-chemistry": "Chemistry of soil: nitrogen, phosphorus, humus, leaching, acidity of fields.",
    "bridge-building": "Building of bridges: arches, steel cables, piers, load tests of spans.",
}
WORDS = {
    "bird-song": "nightingale warbler song call dialect dawn chorus syllable singing birds recording",
    "soil-chemistry": "soil nitrogen phosphorus humus leaching acidity field fertiliser clay mineral",
    "bridge-building": "bridge arch steel cable pier span load girder deck suspension",
}
OTHER = "kitchen recipe salt oven guest music hall theatre evening train station market harbour letter garden"


def papers_of(area, count, seed):
    rng = np.random.default_rng((seed, len(area)))
    for i in range(count):
        words = [str(w) for w in rng.choice(WORDS[area].split() if area else OTHER.split(), 25)]
        more = [str(w) for w in rng.choice(OTHER.split(), 10)]
        yield {
            "id": f"{area or 'other'}-{seed}-{i}",
            "title": f"On {words[0]} and {words[1]}, {seed} {i}",
            "abstract": " ".join(rng.permutation(words + more)),
        } | ({"areas": [area]} if area else {})


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Taxonomy, eight papers for each area, and a listing without areas."""
    folder = tmp_path_factory.mktemp("few_shot")
    lines = [f"    {area}: '{text}'" for area, text in AREAS.items()]
    (folder / "mine.yaml").write_text("groups:\n  my-group:\n" + "\n".join(lines) + "\n")
    write(folder / "mine.jsonl", [p for area in AREAS for p in papers_of(area, 8, 1)])
    write(folder / "listing.jsonl", papers_of("", 40, 2))
    return folder


@pytest.fixture(scope="module")
def unseen():
    return [Paper.from_json(record) for area in [*AREAS, ""] for record in papers_of(area, 10, 3)]


@pytest.fixture(scope="module")
def base(sample_dataset, tiny_encoder, tmp_path_factory):
    """A finished model with a linear member."""
    run = tmp_path_factory.mktemp("base") / "run"
    run_papertag("train", *tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", "member=linear",
                 f"output={run}")  # fmt: skip
    return run / "model"


def build(folder, output, *overrides, inputs=("mine.jsonl", "listing.jsonl")):
    files = ",".join(str(folder / name) for name in inputs)
    run_papertag("build", f"input=[{files}]", "split.test_fraction=0", f"output={output}", *overrides)
    return f"dataset.path={output}"


def learn(dataset, model, output, *overrides, expect=0):
    return run_papertag("train", "experiment=few-shot", dataset, f"method.base={model}", f"output={output}",
                        *overrides, expect=expect)  # fmt: skip


def f1_of(tagger, papers):
    found = {area: [0, 0, 0] for area in AREAS}
    for tagged in tagger.tag(papers):
        for area, counts in found.items():
            counts[0] += area in tagged.areas and area in (tagged.paper.areas or ())
            counts[1] += area in tagged.areas
            counts[2] += area in (tagged.paper.areas or ())
    return {area: 2 * both / max(chosen + true, 1) for area, (both, chosen, true) in found.items()}


@pytest.mark.parametrize("member", ["linear", "none"])
def test_a_tagger_gains_areas_and_what_it_knew_stays_as_it_was(member, folder, base, tiny_model, unseen, tmp_path):
    start = base if member == "linear" else tiny_model
    dataset = build(folder, tmp_path / "dataset", f"taxonomy.extend={folder / 'mine.yaml'}")
    learn(dataset, start, tmp_path / "run")
    before, after = Tagger.from_folder(start), Tagger.from_folder(tmp_path / "run" / "model")
    known = before.metadata.taxonomy.areas
    assert after.metadata.taxonomy.areas == (*known, *AREAS)
    sample = [Paper(id="s", title=text, abstract=text) for text in load_taxonomy().definitions.values()]
    papers = unseen + sample
    np.testing.assert_allclose(
        after.probabilities(papers)[:, : len(known)], before.probabilities(papers), rtol=1e-4, atol=1e-6
    )
    assert {area: after.metadata.thresholds[area] for area in known} == before.metadata.thresholds
    assert after.metadata.calibration.temperature == before.metadata.calibration.temperature
    assert min(f1_of(after, unseen).values()) > 0.8
    # What was known is still decided as it was, wherever the paper is one that the tagger knows.
    old, new = list(before.tag(sample)), list(after.tag(sample))
    assert [set(t.areas) for t in old if t.areas] == [
        set(n.areas) - set(AREAS) for o, n in zip(old, new, strict=True) if o.areas
    ]


def test_a_taxonomy_of_ones_own_replaces_the_known_areas(folder, base, unseen, tmp_path):
    dataset = build(folder, tmp_path / "dataset", f"taxonomy.path={folder / 'mine.yaml'}")
    run = learn(dataset, base, tmp_path / "run")
    assert "learning 3 areas from 24 annotated papers: bird-song (8)" in run.stderr
    assert "40 papers without annotation" in run.stderr
    model = tmp_path / "run" / "model"
    tagger = Tagger.from_folder(model)
    assert tagger.metadata.taxonomy.areas == tuple(AREAS)
    assert min(f1_of(tagger, unseen).values()) > 0.9
    assert "| bird-song |" in (model / "README.md").read_text()
    # The base has never seen the words that tell these areas apart, so the papers' own are taken.
    assert "nightingale" in tagger.linear.vocabulary
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["validation"]["areas"]["soil-chemistry"]["support"] == 8
    # An ordinary folder: transformers alone gives the transformer's scores, for these labels.
    from transformers import pipeline

    (scores,) = pipeline("text-classification", str(model), top_k=None)([unseen[0].text])
    assert {row["label"] for row in scores} == set(AREAS)


def test_without_other_papers_it_learns_and_says_that_thresholds_are_rough(folder, base, unseen, tmp_path):
    mine = f"taxonomy.path={folder / 'mine.yaml'}"
    dataset = build(folder, tmp_path / "dataset", mine, inputs=["mine.jsonl"])
    run = learn(dataset, base, tmp_path / "run", "member=none")
    assert "thresholds will be rough" in run.stderr
    assert not (tmp_path / "run" / "model" / "linear.safetensors").exists()
    both = build(folder, tmp_path / "both", mine)
    run = learn(both, base, tmp_path / "only", "dataset.annotated_only=true")
    assert "thresholds will be rough" in run.stderr


def test_one_area_is_enough_with_papers_that_do_not_carry_it(folder, base, unseen, tmp_path):
    (tmp_path / "one.yaml").write_text(f"groups:\n  g:\n    bird-song: '{AREAS['bird-song']}'\n")
    write(tmp_path / "one.jsonl", papers_of("bird-song", 8, 1))
    extend = f"taxonomy.extend={tmp_path / 'one.yaml'}"
    one, listing = tmp_path / "one.jsonl", folder / "listing.jsonl"
    learn(build(folder, tmp_path / "both", extend, inputs=[one, listing]), base, tmp_path / "run")
    birds_and_others = [paper for paper in unseen if paper.areas in (None, ("bird-song",))]
    assert f1_of(Tagger.from_folder(tmp_path / "run" / "model"), birds_and_others)["bird-song"] > 0.8
    done = learn(build(folder, tmp_path / "alone", extend, inputs=[one]), base, tmp_path / "none", expect=2)
    assert "every paper carries 'bird-song'" in done.stderr


def test_held_out_metrics_are_those_at_the_base_rate():
    labels = np.repeat([1.0, 0.0], [10, 90]).astype(np.float32)[:, None]
    probability = np.repeat([0.9, 0.1, 0.9, 0.1], [8, 2, 9, 81]).astype(np.float32)[:, None]
    row = held_out_metrics(probability, labels, ["a"], np.array([0.5], np.float32), 0.02)["areas"]["a"]
    precision = 0.02 * 0.8 / (0.02 * 0.8 + 0.98 * 0.1)
    assert row["recall"] == pytest.approx(0.8)
    assert row["precision"] == pytest.approx(precision)
    assert row["f1"] == pytest.approx(2 * precision * 0.8 / (precision + 0.8))


def test_test_papers_are_measured_and_not_learned_from(folder, base, tmp_path):
    holdout = write(tmp_path / "test.jsonl", [p for area in AREAS for p in papers_of(area, 3, 4)])
    dataset = build(folder, tmp_path / "dataset", f"taxonomy.path={folder / 'mine.yaml'}", f"split.test={holdout}")
    run = learn(dataset, base, tmp_path / "run")
    assert "from 24 annotated papers" in run.stderr
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]["papers"] == 9


def test_what_cannot_be_learned_is_said(folder, base, sample_dataset, tmp_path):
    few = write(tmp_path / "few.jsonl", [*papers_of("bird-song", 8, 1), *papers_of("soil-chemistry", 1, 1)])
    run_papertag("build", f"input={few}", f"taxonomy.extend={folder / 'mine.yaml'}", "split.validation_fraction=0",
                 "split.test_fraction=0", f"output={tmp_path / 'few'}")  # fmt: skip
    done = learn(f"dataset.path={tmp_path / 'few'}", base, tmp_path / "a", expect=2)
    assert "area 'soil-chemistry' has 1 annotated papers" in done.stderr
    done = learn(f"dataset.path={sample_dataset}", base, tmp_path / "b", expect=2)
    assert "none is to learn" in done.stderr
    redefined = tmp_path / "redefined.yaml"
    redefined.write_text("groups:\n  g:\n    robotics: 'Steam engines.'\n    bird-song: 'Songs.'\n")
    birds = write(tmp_path / "birds.jsonl", papers_of("bird-song", 8, 1))
    run_papertag("build", f"input={birds}", f"taxonomy.path={redefined}", "labeling.rules=null",
                 "split.validation_fraction=0", "split.test_fraction=0", f"output={tmp_path / 'birds'}")  # fmt: skip
    done = learn(f"dataset.path={tmp_path / 'birds'}", base, tmp_path / "c", expect=2)
    assert "area 'robotics', whose definition is not the one that the model knows," in done.stderr


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("training.epochs=3", "training.epochs"),
        ("adaptation=lora", "adaptation.kind"),
        ("debug=fast", "debug.max_papers"),
    ],
)
def test_a_setting_of_fine_tuning_is_refused(setting, named, sample_dataset, base, tmp_path):
    done = learn(f"dataset.path={sample_dataset}", base, tmp_path / "run", setting, expect=2)
    assert named in done.stderr
    assert "has no meaning" in done.stderr


@pytest.mark.parametrize("setting", ["method.base_rate=1", "method.definition_weight=-1", "method=fine-tune"])
def test_settings_are_checked(setting, sample_dataset, base, tmp_path):
    more = ["method.base_rate=0.1"] if setting == "method=fine-tune" else []
    done = learn(f"dataset.path={sample_dataset}", base, tmp_path / "run", setting, *more, expect=2)
    assert "method." in done.stderr


def test_the_base_rate_moves_the_calibrated_probabilities():
    rng = np.random.default_rng(0)
    labels = (rng.random((400, 2)) < 0.3).astype(np.float32)
    scores = (labels + rng.normal(0, 0.8, labels.shape)).astype(np.float32)
    rare, common = (
        Mixture.fit(scores, None, labels, pair_weights(labels, rate)).probabilities(scores, None).mean()
        for rate in (0.01, 0.3)
    )
    assert rare < 0.05
    assert common > 0.2


def test_papers_told_apart_without_an_error_do_not_give_certainty():
    labels = np.repeat([1.0, 0.0], [8, 40]).astype(np.float32)[:, None]
    scores = 2 * labels - 1
    probability = Mixture.fit(scores, None, labels, pair_weights(labels, 0.2)).probabilities(scores, None)
    assert 0.8 < probability[0, 0] < 0.97
    assert 0.01 < probability[-1, 0] < 0.1


def test_prototypes_lie_between_papers_and_definitions():
    features = np.array([[2.0, 0, 0], [4, 0, 0], [0, 0, 5]], dtype=np.float32)
    labels = np.array([[1, 0], [1, 0], [0, 0]], dtype=np.float32)
    definitions = np.array([[0, 3.0, 0], [0, 0, 1]], dtype=np.float32)
    centre = np.zeros(3, dtype=np.float32)
    half = 2**-0.5
    found = prototypes(features, labels, definitions, centre, 1.0)
    np.testing.assert_allclose(found.rows, [[half, half, 0], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.scores(features)[:, 0], [2 * half, 4 * half, 0], atol=1e-6)
    np.testing.assert_allclose(prototypes(features, labels, definitions, centre, 0.0).rows[0], [1, 0, 0], atol=1e-6)


def test_held_out_scores_come_from_the_other_papers():
    """Eight papers an area that share nothing: held out, each is a stranger to its own area."""
    features = np.eye(24, dtype=np.float32)
    labels = np.zeros((24, 2), dtype=np.float32)
    labels[:8, 0] = labels[8:16, 1] = 1
    texts = [f"word{i} word{i}" for i in range(24)]
    learner = Learner(["alpha", "beta"], np.zeros((2, 24), np.float32), 0.0, MemberConfig(MemberKind.linear, min_df=1),
                      None)  # fmt: skip
    papers = Papers(texts, labels, 16)
    seen = learner.fit(papers, features)
    scores, words = learner.held_out(papers, features)
    inside = seen.prototypes.scores(features)
    assert inside[0, 0] > inside[8, 0]
    assert scores[0, 0] <= scores[8:16, 0].max() + 1e-6
    assert seen.words.logits(texts)[0, 0] > words[0, 0]


def test_weights_of_pairs_are_as_good_as_repetition():
    rng = np.random.default_rng(0)
    labels = (rng.random((300, 1)) < 0.2).astype(np.float32)
    probability = np.clip(0.3 * labels + 0.6 * rng.random((300, 1)), 0, 1).astype(np.float32)
    often = np.where(labels > 0, 4, 1)
    repeated = np.repeat(np.arange(300), often[:, 0])
    kind = Thresholds["global"]
    weighted = fit_thresholds(probability, labels, kind, weights=often.astype(np.float32))
    assert weighted == pytest.approx(fit_thresholds(probability[repeated], labels[repeated], kind), abs=0.03)
    assert weighted < fit_thresholds(probability, labels, kind) - 0.03


def test_words_of_the_base_are_taken_unless_the_papers_own_tell_clearly_more():
    texts = [f"{'red' if i % 2 else 'green'} cat{i % 5} dog{i % 3}" for i in range(40)]
    labels = np.array([[i % 2] for i in range(40)], dtype=np.float32)
    features = np.zeros((40, 4), dtype=np.float32)
    papers, weights = Papers(texts, labels, 40), pair_weights(labels, 0.2)
    config = MemberConfig(MemberKind.linear, min_df=1)
    own = Learner(["a paper about red things"], np.zeros((1, 4), np.float32), 1.0, config, None)
    knows = LinearMember.fit(texts, labels, config)
    blind = LinearMember.fit([t.split(" ", 1)[1] for t in texts], labels, config)
    assert choose([replace(own, words=knows), own], papers, features, weights).learner.words is knows
    assert choose([replace(own, words=blind), own], papers, features, weights).learner.words is None


def test_pair_weights_make_the_base_rate():
    labels = np.zeros((50, 2), dtype=np.float32)
    labels[:8, 0] = labels[:20, 1] = 1
    weights = pair_weights(labels, 0.05)
    np.testing.assert_allclose((weights * labels).sum(axis=0) / weights.sum(axis=0), 0.05, rtol=1e-5)


def test_areas_of_a_linear_member_are_kept_to_the_bit_and_joined_by_others():
    texts = [f"{a} {b} {c}" for a in ("red", "green") for b in ("cat", "dog") for c in ("one", "two", "three")]
    red = np.array([[t.startswith("red"), "cat" in t] for t in texts], dtype=np.float32)
    known = LinearMember.fit(texts, red, MemberConfig(MemberKind.linear, min_df=1))
    new = known.fit_areas(texts, np.array([["two" in t] for t in texts], dtype=np.float32), 8.0)
    joined = known.with_areas([(known, 1, 1.0), (new, 0, 2.0), None])
    logits = joined.logits(texts)
    assert np.array_equal(logits[:, 0], known.logits(texts)[:, 1])
    np.testing.assert_allclose(logits[:, 1], 2 * new.logits(texts)[:, 0], rtol=1e-5)
    assert not logits[:, 2].any()
