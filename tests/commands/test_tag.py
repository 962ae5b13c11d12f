"""`papertag tag` as its user runs it, and its agreement with transformers' own pipeline."""

import csv
import json
import math
import shutil

import polars as pl
import pytest

from conftest import SAMPLE, run_papertag, spawn_papertag
from papertag import load_taxonomy

LISTING = SAMPLE / "new_listing.txt"


@pytest.fixture(scope="module")
def tagged(tiny_model, tmp_path_factory):
    output = tmp_path_factory.mktemp("tag") / "tags.jsonl"
    run_papertag("tag", f"input={LISTING}", f"model={tiny_model}", f"output={output}")
    return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    output = tmp_path_factory.mktemp("parse") / "papers.jsonl"
    run_papertag("parse", f"input={LISTING}", f"output={output}")
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_one_row_a_paper_in_input_order(tagged, parsed):
    assert [row["title"] for row in tagged] == [paper["title"] for paper in parsed]
    assert [row["id"] for row in tagged] == [paper["id"] for paper in parsed]


def test_areas_are_those_above_their_threshold_best_first(tagged, tiny_model):
    document = json.loads((tiny_model / "papertag.json").read_text())
    thresholds = document["thresholds"]
    for row in tagged:
        assert row["abstained"] == (not row["areas"])
        assert row["fit"] == pytest.approx(1 - math.prod(1 - p for p in row["scores"].values()), abs=2e-3)
        if row["fit"] <= document["abstention"]["fit"]:
            assert row["areas"] == [] or row["fit"] == document["abstention"]["fit"]
            continue
        assert list(row["scores"].values()) == sorted(row["scores"].values(), reverse=True)
        above = [area for area, p in row["scores"].items() if p >= thresholds[area] + 1e-4]
        near = {area for area, p in row["scores"].items() if abs(p - thresholds[area]) <= 1e-4}
        assert [area for area in row["areas"] if area not in near] == [a for a in above if a not in near]
        assert set(row["scores"]) == set(load_taxonomy().areas)
    assert any(row["areas"] for row in tagged)


def test_transformers_pipeline_gives_the_same_scores_before_calibration(tagged, parsed, tiny_model):
    import numpy as np
    from transformers import pipeline

    from papertag.models.folder import load_metadata
    from papertag.paper import input_text

    tagger = pipeline("text-classification", str(tiny_model), top_k=None)
    calibration = load_metadata(tiny_model).calibration
    # This encoder has 128 positions; an ordinary one takes an abstract whole, without truncation.
    for row, paper in zip(tagged, parsed, strict=True):
        (scores,) = tagger([input_text(paper["title"], paper["abstract"])], truncation=True)
        for score in scores:
            logit = np.log(score["score"]) - np.log1p(-score["score"])
            calibrated = float(calibration.probabilities(np.array([logit], dtype=np.float32))[0])
            assert row["scores"][score["label"]] == pytest.approx(calibrated, abs=2e-4)


def test_every_output_format_holds_the_same(tagged, tiny_model, tmp_path):
    for suffix in ("csv", "parquet"):
        run_papertag("tag", f"input={LISTING}", f"model={tiny_model}", f"output={tmp_path}/tags.{suffix}")
    with (tmp_path / "tags.csv").open(newline="", encoding="utf-8") as file:
        from_csv = [
            {
                **row,
                "areas": row["areas"].split(";") if row["areas"] else [],
                **{name: json.loads(row[name]) for name in ("scores", "fit", "abstained")},
            }
            for row in csv.DictReader(file)
        ]
    assert from_csv == tagged
    frame = pl.read_parquet(tmp_path / "tags.parquet")
    assert frame.columns == ["id", "title", "areas", "scores", "fit", "abstained"]
    for row, expected in zip(frame.to_dicts(), tagged, strict=True):
        assert (row["id"], row["areas"]) == (expected["id"], expected["areas"])
        assert row["scores"] == pytest.approx(expected["scores"])
        assert row["abstained"] is expected["abstained"]
        assert row["fit"] == pytest.approx(expected["fit"])


def tags(model, folder, *overrides):
    output = folder / "tags.jsonl"
    done = run_papertag("tag", f"input={LISTING}", f"model={model}", f"output={output}", *overrides)
    return [json.loads(line) for line in output.read_text().splitlines()], done


def test_policies_go_from_few_areas_to_many(keen_model, tmp_path):
    precise, balanced, sensitive = (
        tags(keen_model, tmp_path, f"policy={policy}")[0] for policy in ("precise", "balanced", "sensitive")
    )
    for few, middle, many in zip(precise, balanced, sensitive, strict=True):
        assert set(few["areas"]) <= set(middle["areas"]) <= set(many["areas"])
        assert few["scores"] == middle["scores"] == many["scores"]
    counts = [sum(len(row["areas"]) for row in rows) for rows in (precise, balanced, sensitive)]
    assert counts[0] < counts[1] < counts[2]


def test_top_k_keeps_the_best_areas_and_min_score_those_that_are_sure(keen_model, tmp_path):
    everything, _ = tags(keen_model, tmp_path, "policy=sensitive")
    assert max(len(row["areas"]) for row in everything) > 2
    best, _ = tags(keen_model, tmp_path, "policy=sensitive", "top_k=2")
    assert [row["areas"] for row in best] == [row["areas"][:2] for row in everything]
    scores = sorted(row["scores"][area] for row in everything for area in row["areas"])
    least = scores[len(scores) // 2]
    sure, _ = tags(keen_model, tmp_path, "policy=sensitive", f"min_score={least + 5e-5}")
    assert [row["areas"] for row in sure] == [
        [area for area in row["areas"] if row["scores"][area] > least] for row in everything
    ]


def test_papers_that_fit_too_little_get_no_area_and_a_flag_and_are_counted(keen_model, tmp_path):
    before, _ = tags(keen_model, tmp_path)
    fits = sorted(row["fit"] for row in before)
    threshold = (fits[20] + fits[21]) / 2
    assert fits[20] < threshold < fits[21]
    model = damaged(keen_model, tmp_path / "model", edit("papertag.json", abstention={"fit": threshold}))
    rows, done = tags(model, tmp_path)
    for row, same in zip(rows, before, strict=True):
        assert row["fit"] == same["fit"]
        if row["fit"] < threshold:
            assert (row["areas"], row["abstained"]) == ([], True)
        else:
            assert row["areas"] == same["areas"]
    abstained = sum(row["abstained"] for row in rows)
    assert abstained >= 21
    assert f"no area   {abstained} papers" in done.stdout


def test_a_model_from_before_policies_tags_by_its_thresholds_and_refuses_other_policies(tiny_model, tmp_path):
    def age(folder):
        document = json.loads((folder / "papertag.json").read_text())
        del document["policies"], document["abstention"]
        document["thresholds"] = dict.fromkeys(document["thresholds"], 0.01)
        (folder / "papertag.json").write_text(json.dumps(document))

    model = damaged(tiny_model, tmp_path / "model", age)
    rows, _ = tags(model, tmp_path)
    assert all(row["areas"] == [area for area, p in row["scores"].items() if p >= 0.01] for row in rows)
    command = [f"input={LISTING}", f"model={model}", f"output={tmp_path / 'other.jsonl'}", "policy=precise"]
    done = run_papertag("tag", *command, expect=2)
    assert "policy=precise: the model has thresholds for policy=balanced only" in done.stderr
    assert not (tmp_path / "other.jsonl").exists()


def test_standard_input_and_a_table_on_screen(tiny_model, tmp_path):
    done = spawn_papertag(
        "tag",
        "input=-",
        f"model={tiny_model}",
        f"output={tmp_path / 'tags.jsonl'}",
        "show=3",
        input=LISTING.read_text(),
    )
    assert "Tagged papers (3 of 43)" in done.stdout
    assert str(tmp_path / "tags.jsonl") in done.stdout


def test_broken_records_go_to_a_file_and_the_good_ones_are_tagged(tiny_model, tmp_path):
    (tmp_path / "papers.jsonl").write_text(
        '{"title": "Good one", "abstract": "Text."}\n{"title": \n{"abstract": "x"}\n'
    )
    output = tmp_path / "tags.jsonl"
    done = run_papertag("tag", f"input={tmp_path / 'papers.jsonl'}", f"model={tiny_model}", f"output={output}")
    assert len(output.read_text().splitlines()) == 1
    rejects = [json.loads(line) for line in (tmp_path / "tags.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [r["place"].rpartition(":")[2] for r in rejects] == ["2", "3"]
    assert "2, each with its reason" in done.stdout


def damaged(model, folder, change):
    shutil.copytree(model, folder)
    change(folder)
    return folder


def edit(name, **changes):
    def change(folder):
        document = json.loads((folder / name).read_text())
        document.update(changes)
        (folder / name).write_text(json.dumps(document))

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "papertag.json").unlink(), "has no papertag.json, so its thresholds are unknown"),
        (edit("papertag.json", thresholds={"peft": 0.5}), "has no threshold for quantization"),
        (edit("papertag.json", policies={"precise": {"peft": 0.5}}), "has no threshold for quantization"),
        (edit("papertag.json", policies={"bold": {}}), "the file is damaged"),
        (edit("papertag.json", abstention={"fit": "low"}), "the file is damaged"),
        (edit("papertag.json", schema=99), "schema 99 is not known"),
        (edit("papertag.json", taxonomy={"hash": "0", "groups": {"a": {"b": "c"}}}), "does not match its hash"),
        (edit("config.json", id2label={"0": "peft"}), "in the same order"),
        (lambda f: (f / "papertag.json").write_text("{"), "not valid JSON"),
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 100), "cannot be loaded"),
        (lambda f: (f / "model.safetensors").unlink(), "cannot be loaded"),
        (lambda f: [file.unlink() for file in f.glob("tokenizer*")], "has no tokenizer"),
    ],
)
def test_a_model_folder_that_lacks_something_is_refused_with_a_sentence(tiny_model, tmp_path, change, says):
    model = damaged(tiny_model, tmp_path / "model", change)
    done = run_papertag("tag", f"input={LISTING}", f"model={model}", f"output={tmp_path / 'tags.jsonl'}", expect=2)
    assert says in done.stderr
    assert str(model) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "tags.jsonl").exists()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["output=tags.xml"], "must be one of .jsonl, .csv, .parquet"),
        (["input=/nowhere.txt"], "/nowhere.txt"),
        (["show=-1"], "show=-1 must not be negative"),
        (["top_k=0"], "top_k=0 must be at least 1"),
        (["min_score=1.5"], "min_score=1.5 must be a probability between 0 and 1"),
        (["policy=bold"], "policy"),
        (["engine.device=abacus"], "engine.device=abacus cannot be used"),
        (["engine.batch_size=0"], "engine.batch_size=0 must be at least 1"),
    ],
)
def test_mistakes_end_with_a_sentence_and_exit_code_2(tiny_model, tmp_path, overrides, says):
    command = [f"input={LISTING}", f"model={tiny_model}", "output=tags.jsonl", *overrides]
    done = run_papertag("tag", *command, expect=2, cwd=tmp_path)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
