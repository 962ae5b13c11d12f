"""`papertag evaluate` as its user runs it."""

import csv
import json

import pytest
from sklearn.metrics import f1_score, roc_auc_score

from conftest import ROOT, run_papertag

OUTSIDE = ROOT / "tests" / "data" / "tagging" / "outside.jsonl"


@pytest.fixture(scope="module")
def labelled(sample_dataset):
    return sample_dataset / "data" / "test-00000-of-00001.parquet"


def test_metrics_equal_those_computed_from_the_tags(tiny_model, labelled, tmp_path):
    import polars as pl

    done = run_papertag("evaluate", f"model={tiny_model}", f"data={labelled}", f"output={tmp_path / 'scores'}")
    metrics = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    run_papertag("tag", f"input={labelled}", f"model={tiny_model}", f"output={tmp_path / 'tags.jsonl'}")
    tags = [json.loads(line) for line in (tmp_path / "tags.jsonl").read_text().splitlines()]
    areas = list(metrics["areas"])
    truth = [[area in labels for area in areas] for labels in pl.read_parquet(labelled)["areas"]]
    found = [[area in row["areas"] for area in areas] for row in tags]
    for average in ("micro", "macro", "weighted", "samples"):
        expected = f1_score(truth, found, average=average, zero_division=0)
        assert metrics[f"{average}_f1"] == pytest.approx(expected, abs=1e-6)
    with (tmp_path / "scores" / "areas.csv").open(newline="") as file:
        rows = {row["area"]: row for row in csv.DictReader(file)}
    assert rows.keys() == metrics["areas"].keys()
    assert float(rows["peft"]["f1"]) == pytest.approx(metrics["areas"]["peft"]["f1"])
    assert "recommender-systems" in done.stdout
    assert "macro f1" in done.stdout
    assert "<svg" in (tmp_path / "scores" / "reliability.svg").read_text()


def test_metrics_agree_with_those_measured_when_training_ended(tiny_model, labelled, tmp_path):
    run_papertag("evaluate", f"model={tiny_model}", f"data={labelled}", f"output={tmp_path}")
    now = json.loads((tmp_path / "metrics.json").read_text())
    then = json.loads((tiny_model.parent / "metrics.json").read_text())["test"]
    for metric in ("map", "macro_f1", "micro_f1", "ece", "lrap"):
        assert now[metric] == pytest.approx(then[metric], abs=2e-3)


def test_the_interval_of_f1_holds_it_and_is_printed(keen_model, labelled, tmp_path):
    done = run_papertag("evaluate", f"model={keen_model}", f"data={labelled}", f"output={tmp_path}")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    for name in ("micro_f1", "macro_f1"):
        low, high = metrics["intervals"][name]
        assert 0 < low < metrics[name] < high < 1
        assert f"{metrics[name]:.3f}, 95% interval {low:.3f} to {high:.3f}" in done.stdout


def test_a_policy_moves_recall_against_precision(keen_model, labelled, tmp_path):
    recall = []
    for policy in ("precise", "balanced", "sensitive"):
        command = [f"model={keen_model}", f"data={labelled}", f"output={tmp_path / policy}", f"policy={policy}"]
        run_papertag("evaluate", *command)
        recall.append(json.loads((tmp_path / policy / "metrics.json").read_text())["micro_recall"])
    assert recall[0] < recall[1] < recall[2]


def test_papers_outside_the_taxonomy_are_measured_apart(keen_model, labelled, tmp_path):
    data = f"data=[{labelled},{OUTSIDE}]"
    run_papertag("evaluate", f"model={keen_model}", data, f"output={tmp_path / 'scores'}")
    metrics = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    rows = {}
    for name, file in (("inside", labelled), ("outside", OUTSIDE)):
        output = tmp_path / f"{name}.jsonl"
        run_papertag("tag", f"input={file}", f"model={keen_model}", f"output={output}")
        rows[name] = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(rows["outside"]) == 48
    assert metrics["papers"] == len(rows["inside"]) + 48
    for key, name in (("abstained", "inside"), ("abstained_outside", "outside")):
        assert metrics[key] == pytest.approx(sum(row["abstained"] for row in rows[name]) / len(rows[name]))
    inside = [True] * len(rows["inside"]) + [False] * 48
    expected = roc_auc_score(inside, [row["fit"] for row in rows["inside"] + rows["outside"]])
    assert metrics["fit_auroc"] == pytest.approx(expected, abs=1e-3)


def test_checks_score_variants_languages_and_refitted_thresholds(keen_model, labelled, tmp_path):
    command = [f"model={keen_model}", f"data={labelled}", f"output={tmp_path}", "checks=true"]
    done = run_papertag("evaluate", *command)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    checks = metrics["checks"]
    unchanged = checks["variants"]["as it is"]
    assert all(unchanged[key] == pytest.approx(metrics[key]) for key in unchanged)
    assert checks["variants"]["title only"]["map"] != unchanged["map"]
    assert {name: row["papers"] for name, row in checks["languages"].items()} == dict.fromkeys(
        ("English", "German", "French", "Spanish", "Chinese"), 8
    )
    assert set(checks["thresholds"]) == {"per_area", "global", "difference"}
    for text in ("abstract twice", "German", "per area", "on the papers left out"):
        assert text in done.stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"title": "A", "abstract": "b", "areas": ["quantisation"]}', "did you mean 'quantization'"),
        ('{"title": "A", "abstract": "b"}', "no labelled papers"),
    ],
)
def test_data_that_cannot_be_scored_ends_with_a_sentence(tiny_model, tmp_path, line, says):
    (tmp_path / "data.jsonl").write_text(line + "\n")
    done = run_papertag(
        "evaluate", f"model={tiny_model}", f"data={tmp_path / 'data.jsonl'}", f"output={tmp_path / 'out'}", expect=2
    )
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_papers_without_areas_are_left_out_and_counted(tiny_model, tmp_path):
    (tmp_path / "data.jsonl").write_text(
        '{"title": "A", "abstract": "b", "areas": ["peft"]}\n{"title": "B", "abstract": "c"}\n'
    )
    done = run_papertag("evaluate", f"model={tiny_model}", f"data={tmp_path / 'data.jsonl'}", f"output={tmp_path}/out")
    assert "1 papers without areas are left out" in done.stderr
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["papers"] == 1
