"""`papertag explain`: sums that add up, words in their places, pages that need nothing, and one paper chosen."""

import json
from dataclasses import fields

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from lxml import html
from transformers import CanineTokenizer

from conftest import SAMPLE, run_papertag, tiny_run
from papertag.commands.explain import ExplainConfig
from papertag.config import config_dir
from papertag.errors import UserError
from papertag.models.classifier import load_classifier
from papertag.paper import Paper
from papertag.report.explanation import notes
from papertag.sources import read_papers
from papertag.tagging import Tagger
from papertag.tagging.decision import DecisionConfig
from papertag.tagging.explain import Explainer, Explanation

LISTING = SAMPLE / "new_listing.txt"
TITLE = 'Adapters, "Revisited": what LoRA (r=8) learns, at ${cost} <b>& why</b>'
ABSTRACT = "Low-rank adapters fine-tune language models; robots' grasps, it's said, need 0.1% of the weights."


@pytest.fixture(scope="module")
def model(tiny_encoder, sample_dataset, tmp_path_factory):
    """A linear member trained on the sample corpus beside a transformer whose words all count.

    One so tiny learns next to nothing in seconds; wide random weights make it a function that is worth explaining.
    """
    folder = tmp_path_factory.mktemp("explained") / "run" / "model"
    overrides = tiny_run(sample_dataset, tiny_encoder)
    run_papertag("train", *overrides, "training.epochs=1", "member=linear", f"output={folder.parent}")
    classifier, _ = load_classifier(folder)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weights in classifier.named_parameters():
            if weights.dim() == 2:
                weights.normal_(std=0.5 if "embeddings" in name else 0.25)
    classifier.save_pretrained(folder)
    document = json.loads((folder / "papertag.json").read_text())
    document["calibration"] = {"temperature": 1.6, "bias": -1.0, "linear": 0.8}
    (folder / "papertag.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def explainer(model):
    return Explainer.from_folder(model, steps=24)


@pytest.fixture(scope="module")
def papers():
    return list(read_papers(str(LISTING)))


@pytest.fixture(scope="module")
def explained(model, tmp_path_factory):
    """What the command prints, and its JSON and HTML, for a paper given by its text."""
    folder = tmp_path_factory.mktemp("explain")
    command = ["explain", f"title={TITLE}", f"abstract={ABSTRACT}", f"model={model}", "areas=[peft,robotics]"]
    printed = run_papertag(*command, f"output={folder}/why.json").stdout
    run_papertag(*command, f"output={folder}/why.html")
    return printed, json.loads((folder / "why.json").read_text()), (folder / "why.html").read_text()


def log_odds(tagger: Tagger, papers: list[Paper]) -> np.ndarray:
    probability = tagger.probabilities(papers).astype(np.float64)
    return np.log(probability) - np.log1p(-probability)


def test_baseline_and_words_add_up_to_the_log_odds_of_the_tagger(explained, model):
    _, document, _ = explained
    tagger = Tagger.from_folder(model)
    [odds] = log_odds(tagger, [Paper(id="", title=document["title"], abstract=document["abstract"])])
    assert len(document["explanations"]) == 2
    for area in document["explanations"]:
        expected = odds[tagger.metadata.taxonomy.index[area["area"]]]
        assert area["log_odds"] == pytest.approx(expected, abs=1e-3)
        for words in (area["contributions"], [word["contribution"] for word in area["ranking"]]):
            assert abs(area["baseline"] + sum(words) - expected) <= abs(area["gap"]) + 1e-3
        assert abs(area["gap"]) < 0.02
        assert max(np.abs(area["transformer"])) > 0.01
        assert np.add(area["transformer"], area["linear"]) == pytest.approx(area["contributions"], abs=1e-5)


def test_the_linear_part_is_exact(explainer, papers):
    tagger = explainer.tagger
    for paper in papers[:4]:
        explanation = explainer.explain(paper)
        full, empty = tagger.linear.logits([paper.text, ""])
        for area in explanation.areas:
            number = tagger.metadata.taxonomy.index[area.area]
            expected = tagger.metadata.calibration.linear * (full - empty)[number]
            assert area.linear.sum() == pytest.approx(expected, abs=1e-4)
            assert abs(expected) > 0.01


def test_more_steps_make_the_gap_smaller_and_a_wide_one_is_told(model, papers):
    # A head so steep that one step cannot follow it.
    classifier, tokenizer = load_classifier(model)
    classifier.classifier.weight.data *= 5
    tagger = Tagger.from_folder(model)
    coarse, fine = (Explainer(tagger, classifier, tokenizer, steps=n).explain(papers[0], ["peft"]) for n in (1, 24))
    assert abs(fine.areas[0].gap) < abs(coarse.areas[0].gap) / 10
    assert "The sums for peft are off by more than 0.1" in " ".join(notes(coarse))
    assert "The sums" not in " ".join(notes(fine))


def without(explanation: Explanation, dropped: set[str]) -> Paper:
    text = list(explanation.paper.text)
    for word in explanation.words:
        if word.text.casefold() in dropped:
            text[word.start : word.end] = [""] * (word.end - word.start)
    title = len(explanation.paper.title)
    return Paper(id="", title="".join(text[:title]), abstract="".join(text[title + 1 :]))


def test_the_words_named_first_matter_more_than_others(explainer, papers):
    """Faithfulness by erasure (as ERASER, arXiv 1911.03429): without its top five words an area scores lower."""
    random = np.random.default_rng(0)
    top, other = [], []
    for paper in papers[:12]:
        explanation = explainer.explain(paper)
        ranking = [word.text.casefold() for word in explanation.ranking(explanation.areas[0])]
        number = explainer.tagger.metadata.taxonomy.index[explanation.areas[0].area]
        erased = [set(ranking[:5]), *({*random.choice(ranking, 5, replace=False)} for _ in range(3))]
        odds = log_odds(explainer.tagger, [paper, *(without(explanation, words) for words in erased)])[:, number]
        top.append(odds[0] - odds[1])
        other.append(odds[0] - odds[2:].mean())
    assert np.mean(top) > 3 * max(np.mean(other), 0.01)
    assert np.mean(np.array(top) > np.array(other)) > 0.9


def test_words_stand_in_their_places(explained):
    _, document, _ = explained
    rest = {part: list(document[part]) for part in ("title", "abstract")}
    for word in document["words"]:
        assert document[word["part"]][word["start"] : word["end"]] == word["text"]
        rest[word["part"]][word["start"] : word["end"]] = [" "] * len(word["text"])
    assert not "".join(rest["title"] + rest["abstract"]).strip()
    assert [w["text"] for w in document["words"]][:4] == ["Adapters", ",", '"', "Revisited"]
    assert {"Low-rank", "fine-tune", "it's", "0.1"} <= {w["text"] for w in document["words"]}
    [adapters] = [w for w in document["explanations"][0]["ranking"] if w["word"] == "Adapters"]
    assert adapters["times"] == 2


def test_text_on_the_command_line_arrives_as_it_stands(explained):
    printed, document, _ = explained
    assert (document["title"], document["abstract"]) == (TITLE, ABSTRACT)
    assert TITLE in " ".join(printed.split())


def test_the_tables_read_without_colour(explained):
    printed, document, _ = explained
    assert "\x1b" not in printed
    for area in document["explanations"]:
        assert f"probability {area['probability']:.2f}, log-odds {area['log_odds']:+.2f}" in printed
        first, last = area["ranking"][0], area["ranking"][-1]
        rows = [" ".join(line.split()) for line in printed.splitlines()]
        left, right = (
            " ".join([word["word"] if word["times"] == 1 else f"{word['word']} (x{word['times']})"]
                     + [f"{word[key]:+.2f}" for key in ("contribution", "transformer", "linear")])
            for word in (first, last)
        )  # fmt: skip
        assert f"{left} {right}" in rows


def test_areas_that_are_not_assigned_are_marked_so(explained):
    printed, document, _ = explained
    for area in document["explanations"]:
        assert area["assigned"] == (area["area"] in document["areas"])
        assert (f"{area['area']} (not assigned)" in printed) == (not area["assigned"])


def test_the_page_needs_nothing_and_holds_the_paper_as_text(explained):
    _, document, text = explained
    page = html.fromstring(text)
    assert not page.xpath("//script | //link | //img | //@src | //@href | //@onclick")
    assert "url(" not in text
    assert "@import" not in text
    assert page.xpath("/html/@lang") == ["en"]
    assert page.xpath("string(//h1)") == TITLE
    sections = page.xpath("//section")
    assert len(sections) == 2
    for section, area in zip(sections, document["explanations"], strict=True):
        assert [p.text_content() for p in section.xpath("p[contains(@class, 'text')]")] == [TITLE, ABSTRACT]
        assert section.xpath("//th[@scope='row']")
        [strongest] = section.xpath(".//table[1]//tbody/tr[1]/td[1]/text()")
        assert strongest == f"{area['ranking'][0]['contribution']:+.2f}"
        # What a mark says is the contribution of that place, and its line its sign.
        by_place = {f"{value:+.2f}" for value in area["contributions"]}
        for mark in section.xpath(".//mark"):
            assert mark.get("title") in by_place
            assert mark.get("class").startswith("for " if mark.get("title").startswith("+") else "against ")
    assert len(text) < 20_000


def test_a_paper_longer_than_the_transformer_reads_is_told(model, explainer):
    text = "adapters learn low rank updates of weights. " * 20
    done = run_papertag("explain", "title=Long", f"abstract={text}", "areas=[peft]", f"model={model}", "steps=2")
    explanation = explainer.explain(Paper(id="", title="Long", abstract=text), ["peft"])
    assert 0 < explanation.read < len(explanation.words)
    assert not explanation.areas[0].transformer[explanation.read :].any()
    assert explanation.areas[0].linear[explanation.read :].any()
    assert f"reads the first {explanation.read} of {len(explanation.words)} words" in done.stdout


def test_a_model_without_a_linear_member_and_a_tokenizer_without_a_mask(tiny_model, papers):
    tagger = Tagger.from_folder(tiny_model)
    classifier, tokenizer = load_classifier(tiny_model)
    tokenizer.mask_token = None
    explanation = Explainer(tagger, classifier, tokenizer, steps=24).explain(papers[0], ["peft", "agents"])
    [odds] = log_odds(tagger, [papers[0]])
    for area in explanation.areas:
        assert area.linear is None
        total = area.baseline + area.contributions.sum() - area.gap
        assert total == pytest.approx(odds[tagger.metadata.taxonomy.index[area.area]], abs=2e-3)
    assert {area.area for area in explanation.areas} == {"peft", "agents"}


def test_a_tokenizer_that_does_not_tell_places_is_refused(model):
    classifier, _ = load_classifier(model)
    with pytest.raises(UserError, match="does not tell where its tokens stand"):
        Explainer(Tagger.from_folder(model), classifier, CanineTokenizer(), steps=1)


def test_without_areas_those_of_the_paper_are_explained_or_the_best_one(model, explainer, papers):
    [tagged] = explainer.tagger.tag([papers[0]])
    assert tagged.areas
    explanation = explainer.explain(papers[0])
    assert explanation.assigned == tuple(area.area for area in explanation.areas) == tagged.areas
    no_area = "The tagger gives no area to this paper."
    assert no_area not in list(notes(explanation))
    strict = Tagger.from_folder(model, decision=DecisionConfig(min_score=1.0))
    explanation = Explainer(strict, *load_classifier(model), steps=24).explain(papers[0])
    assert not explanation.assigned
    assert [area.area for area in explanation.areas] == [next(iter(tagged.scores))]
    assert no_area in list(notes(explanation))


def test_a_paper_is_chosen_by_its_id_in_any_listing(model, papers, tmp_path):
    file = tmp_path / "papers.jsonl"
    rows = [{"id": "2401.1001", "title": "First"}, {"id": "2401.10010", "title": "Second"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = tmp_path / "why.json"
    command = ["explain", f"model={model}", "steps=2", f"output={output}"]
    run_papertag(*command, f"input={file}", "id=2401.10010")
    assert json.loads(output.read_text())["title"] == "Second"
    run_papertag(*command, f"input={LISTING}", f"id={papers[7].id}")
    assert json.loads(output.read_text())["title"] == papers[7].title


def test_the_only_paper_of_a_file_needs_no_id_and_rejects_are_told(model, tmp_path):
    file = tmp_path / "papers.jsonl"
    file.write_text('{"id": "a", "title": "The one"}\n{"abstract": "no title"}\n')
    done = run_papertag("explain", f"input={file}", f"model={model}", "steps=2")
    assert "The one" in done.stdout
    assert "records rejected: 1" in done.stderr


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ([], "name one paper: input=PATH"),
        (["title=A", f"input={LISTING}"], "name one paper: input=PATH"),
        (["title= "], "title= is empty"),
        (["title=A", "id=b"], "id= chooses a paper of input="),
        ([f"input={LISTING}", "abstract=A"], "abstract= goes with title="),
        ([f"input={LISTING}"], "holds several papers: choose one by its id, such as\n  id=x"),
        ([f"input={LISTING}", "id=nothing"], "id=nothing is none of the 43 papers of"),
        (["input=none.txt"], "input=none.txt does not exist"),
        (["title=A", "areas=[pefd]"], "unknown area 'pefd'; did you mean 'peft'?"),
        (["title=A", "steps=0"], "steps=0 must be at least 1"),
        (["title=A", "output=why.txt"], "output=why.txt: the suffix must be one of .json, .html"),
    ],
)
def test_mistakes_end_with_a_sentence_and_exit_code_2(model, tmp_path, overrides, says):
    done = run_papertag("explain", f"model={model}", *overrides, expect=2, cwd=tmp_path)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_configuration_lists_every_key():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        assert set(compose("explain")) == {f.name for f in fields(ExplainConfig)}
