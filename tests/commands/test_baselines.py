"""`papertag baselines` as its user runs it."""

import json
import shutil

import pytest

from conftest import run_papertag

FAST = "methods=[majority,rules,tfidf]"


@pytest.fixture(scope="module")
def labelled(sample_dataset):
    return sample_dataset / "data" / "test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def compared(tiny_model, sample_dataset, labelled, tmp_path_factory):
    output = tmp_path_factory.mktemp("compared") / "out"
    done = run_papertag(*command(sample_dataset, labelled, output), FAST, f"model={tiny_model}",
                        f"run={tiny_model.parent}")  # fmt: skip
    return output, done


def command(dataset, data, output):
    return "baselines", f"dataset.path={dataset}", f"data={data}", f"output={output}", "speed_papers=4"


def rows_of(output):
    return json.loads((output / "baselines.json").read_text())["methods"]


def test_one_table_has_every_method(compared):
    output, done = compared
    rows = rows_of(output)
    assert list(rows) == ["majority", "rules", "tfidf", "model", "run"]
    page = (output / "baselines.md").read_text()
    for name, row in rows.items():
        assert f"| {name} |" in page
        assert f"{row['macro_f1']:.3f}" in done.stdout
        assert row["papers_per_second"] > 0
        assert row["megabytes"] > 0
    assert rows["majority"]["macro_f1"] < rows["tfidf"]["macro_f1"]
    assert rows["majority"]["megabytes"] < rows["tfidf"]["megabytes"] < rows["model"]["megabytes"]
    assert rows["rules"]["learned"]["papers"] == 0


def test_the_model_s_row_is_what_evaluate_says(compared, tiny_model, labelled, tmp_path):
    run_papertag("evaluate", f"model={tiny_model}", f"data={labelled}", f"output={tmp_path}")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    row = rows_of(compared[0])["model"]
    for metric in ("macro_f1", "micro_f1", "map"):
        assert row[metric] == pytest.approx(metrics[metric], abs=1e-6)
    assert row["areas"]["peft"] == pytest.approx(metrics["areas"]["peft"]["f1"], abs=1e-6)


def test_a_run_s_row_has_its_cost(compared, tiny_model):
    cost = json.loads((tiny_model.parent / "cost.json").read_text())
    rows = rows_of(compared[0])
    assert rows["run"]["learned"] == {key: cost[key] for key in ("papers", "minutes", "cpu_minutes")}
    assert rows["run"]["macro_f1"] == rows["model"]["macro_f1"]
    assert rows["model"]["learned"]["minutes"] is None


def test_finished_methods_are_not_run_again(compared, sample_dataset, labelled, tmp_path):
    output = tmp_path / "out"
    shutil.copytree(compared[0], output)
    (output / "methods" / "rules.json").write_text('{"key": "half a fi')
    (output / "baselines.json").unlink()
    # Rows that were finished come back as they are, so a figure that nothing could measure shows whence they came.
    kept = json.loads((output / "methods" / "tfidf.json").read_text())
    kept["row"]["macro_f1"] = 0.123456
    (output / "methods" / "tfidf.json").write_text(json.dumps(kept))
    done = run_papertag(*command(sample_dataset, labelled, output), FAST)
    before, after = rows_of(compared[0]), rows_of(output)
    assert after["tfidf"]["macro_f1"] == 0.123456
    assert after["rules"]["macro_f1"] == before["rules"]["macro_f1"]
    assert done.stderr.count("finished before") == 2


def test_another_dataset_or_other_papers_are_measured_anew(compared, sample_dataset, labelled, tmp_path):
    output = tmp_path / "out"
    shutil.copytree(compared[0], output)
    data = sample_dataset / "data" / "validation-00000-of-00001.parquet"
    done = run_papertag(*command(sample_dataset, data, output), "methods=[majority,rules]")
    assert "finished before" not in done.stderr
    assert rows_of(output)["rules"]["macro_f1"] != rows_of(compared[0])["rules"]["macro_f1"]


def test_papers_that_were_learned_from_are_counted(sample_dataset, tmp_path):
    data = sample_dataset / "data" / "train-00000-of-00001.parquet"
    done = run_papertag(*command(sample_dataset, data, tmp_path), "methods=[rules]")
    papers = json.loads((tmp_path / "baselines.json").read_text())
    assert papers["overlap"] == papers["papers"]["data"] == papers["papers"]["train"]
    assert f"{papers['overlap']:,} papers" in done.stderr
    assert f"{papers['overlap']:,} of which are among those" in (tmp_path / "baselines.md").read_text()


def test_a_model_of_another_dataset_is_said_to_be(tiny_model, sample_dataset, labelled, tmp_path):
    other = tmp_path / "model"
    shutil.copytree(tiny_model, other)
    about = json.loads((other / "papertag.json").read_text())
    (other / "papertag.json").write_text(json.dumps(about | {"dataset_fingerprint": "0123456789abcdef"}))
    done = run_papertag(*command(sample_dataset, labelled, tmp_path / "out"), "methods=[]", f"model={other}")
    assert "model: learned from another dataset (0123456789abcdef)" in done.stdout
    assert "0123456789abcdef" in (tmp_path / "out" / "baselines.md").read_text()


def test_embeddings_take_part(tiny_encoder, sample_dataset, labelled, tmp_path):
    pytest.importorskip("setfit")
    run_papertag(*command(sample_dataset, labelled, tmp_path), "methods=[zero_shot,setfit,frozen]",
                 f"encoder.path={tiny_encoder}", "encoder.max_length=32", "setfit.shots=1",
                 "setfit.iterations=1")  # fmt: skip
    rows = rows_of(tmp_path)
    papers = json.loads((tmp_path / "baselines.json").read_text())["papers"]
    assert [rows[name]["learned"]["papers"] for name in ("zero_shot", "frozen")] == [0, papers["train"]]
    assert 0 < rows["setfit"]["learned"]["papers"] <= papers["train"]
    assert rows["setfit"]["learned"]["minutes"] > 0
    page = (tmp_path / "baselines.md").read_text()
    assert "- setfit: 1 papers an area, 1 like pairs a paper; reads 32 tokens of a paper\n" in page


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("methods=[guessing]", "methods=[guessing] is not known; known are majority"),
        ("methods=[]", "methods=[] leaves nothing"),
        ("speed_papers=0", "speed_papers=0"),
        ("encoder.path=/nowhere", "encoder.path=/nowhere"),
        ("run=/nowhere", "/nowhere/model is not a folder"),
        ("dataset.path=/nowhere", "/nowhere does not exist"),
    ],
)
def test_a_mistake_ends_with_a_sentence(sample_dataset, labelled, tmp_path, extra, says):
    pytest.importorskip("sentence_transformers")
    done = run_papertag(*command(sample_dataset, labelled, tmp_path), "methods=[frozen]", extra, expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_of_another_taxonomy_is_refused_before_any_work(tiny_model, sample_dataset, labelled, tmp_path):
    other = tmp_path / "dataset"
    shutil.copytree(sample_dataset, other)
    about = json.loads((other / "papertag.json").read_text())
    for areas in about["taxonomy"]["groups"].values():
        areas.update({area: f"{text} And more." for area, text in areas.items()})
    (other / "papertag.json").write_text(json.dumps(about))
    done = run_papertag(*command(other, labelled, tmp_path / "out"), FAST, f"model={tiny_model}", expect=2)
    assert "another taxonomy" in done.stderr
    assert "at work" not in done.stderr
