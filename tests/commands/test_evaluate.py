"""`papertag evaluate` as its user runs it."""

import csv
import json

import pytest
from sklearn.metrics import f1_score

from conftest import run_papertag


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


def test_metrics_agree_with_those_measured_when_training_ended(tiny_model, labelled, tmp_path):
    run_papertag("evaluate", f"model={tiny_model}", f"data={labelled}", f"output={tmp_path}")
    now = json.loads((tmp_path / "metrics.json").read_text())
    then = json.loads((tiny_model.parent / "metrics.json").read_text())["test"]
    for metric in ("map", "macro_f1", "micro_f1", "ece", "lrap"):
        assert now[metric] == pytest.approx(then[metric], abs=2e-3)


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
