"""`papertag compare` as its user runs it, on runs of `papertag train`, and what these record of their cost."""

import json

import pytest

from conftest import run_papertag, tiny_run


@pytest.fixture(scope="module")
def sweep(sample_dataset, tiny_encoder, tmp_path_factory):
    """Two methods and two seeds, trained on random parts of the sample corpus."""
    folder = tmp_path_factory.mktemp("runs") / "sweep"
    run_papertag(
        "train", "-m", *tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", "dataset.train_papers=64",
        "adaptation=head-only,full", "training.seed=0,1", f"output={folder}",
    )  # fmt: skip
    return folder


def cost_of(run):
    return json.loads((run / "cost.json").read_text())


def test_a_run_records_its_cost(sweep):
    head, full = cost_of(sweep / "0"), cost_of(sweep / "2")
    assert head["papers"] == full["papers"] == 64
    assert head["trained_parameters"] < head["parameters"] == full["parameters"] == full["trained_parameters"]
    assert full["minutes"] > 0
    assert full["cpu_minutes"] > 0
    assert full["papers_per_second"] == pytest.approx(64 / (full["minutes"] * 60), rel=0.1)
    # torch alone takes 100 MB; a sum of several peaks would be gigabytes.
    assert 100 < full["peak_memory_mb"] < 4000


def test_runs_are_averaged_over_seeds(sweep, tmp_path):
    done = run_papertag("compare", f"runs={sweep}", f"output={tmp_path}")
    comparison = json.loads((tmp_path / "comparison.json").read_text())
    groups = {group["name"]: group for group in comparison["groups"]}
    assert groups.keys() == {"head-only", "full"}
    scores = [json.loads((sweep / job / "metrics.json").read_text())["test"]["macro_f1"] for job in "23"]
    assert groups["full"]["figures"]["macro_f1"]["mean"] == pytest.approx(sum(scores) / 2)
    assert groups["full"]["figures"]["trained_parameters"]["mean"] == cost_of(sweep / "2")["trained_parameters"]
    table = (tmp_path / "table.md").read_text()
    assert table in done.stdout
    assert "4 runs, measured on test" in done.stdout
    assert (tmp_path / "comparison.png").is_file()


def test_all_models_can_be_scored_on_other_papers(sweep, sample_dataset, tmp_path):
    data = sample_dataset / "data" / "validation-00000-of-00001.parquet"
    run_papertag("compare", f"runs=[{sweep}/0,{sweep}/2]", f"data={data}", f"output={tmp_path}")
    run_papertag("evaluate", f"model={sweep / '2' / 'model'}", f"data={data}", f"output={tmp_path / 'alone'}")
    comparison = json.loads((tmp_path / "comparison.json").read_text())
    assert comparison["split"] == "data"
    groups = {group["name"]: group["figures"]["macro_f1"]["mean"] for group in comparison["groups"]}
    assert groups["full"] == pytest.approx(json.loads((tmp_path / "alone" / "metrics.json").read_text())["macro_f1"])


def test_a_learning_curve_grows_with_the_papers_drawn(sweep, sample_dataset, tiny_encoder, tmp_path):
    run_papertag(
        "train", *tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", f"output={tmp_path / 'all'}",
    )  # fmt: skip
    run_papertag("compare", f"runs=[{sweep}/2,{sweep}/3,{tmp_path}/all]", "x=papers", "split=validation",
                 f"output={tmp_path / 'curve'}")  # fmt: skip
    comparison = json.loads((tmp_path / "curve" / "comparison.json").read_text())
    assert comparison["split"] == "validation"
    ((name, curve),) = comparison["curves"].items()
    assert name == "full"
    papers = cost_of(tmp_path / "all")["papers"]
    assert list(curve) == ["64", str(papers)]
    assert curve["64"]["spread"] is not None
    assert curve[str(papers)]["spread"] is None
    assert (tmp_path / "curve" / "table.md").read_text().startswith("| papers | full |")


def test_unfinished_runs_are_left_out_and_named(sweep, tmp_path):
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "run.json").write_text("{}")
    done = run_papertag("compare", f"runs=[{sweep},{begun}]", f"output={tmp_path / 'out'}")
    assert f"left out: 1 unfinished, {begun}" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["runs=nowhere"], "runs=nowhere holds no run"),
        ([], "runs=..."),
        (["runs=nowhere", "split=dev"], "split: Invalid value 'dev'"),
        (["runs=nowhere", "split=test", "data=x.jsonl"], "exclude each other"),
    ],
)
def test_mistakes_end_with_a_sentence_and_exit_code_2(arguments, says, tmp_path):
    done = run_papertag("compare", *arguments, f"output={tmp_path}", expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_more_papers_than_there_are_cannot_be_drawn(sample_dataset, tiny_encoder, tmp_path):
    command = ["train", *tiny_run(sample_dataset, tiny_encoder), f"output={tmp_path / 'run'}"]
    done = run_papertag(*command, "dataset.train_papers=100000", expect=2)
    assert "dataset.train_papers=100000, but only" in done.stderr
    assert "must be at least 1" in run_papertag(*command, "dataset.train_papers=0", expect=2).stderr
