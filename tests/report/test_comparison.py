"""Runs grouped by what sets them apart, averaged over seeds, as tables and figures."""

import json
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from papertag.errors import UserError
from papertag.report.comparison import compare
from papertag.report.curve import draw_learning_curves, learning_curves
from papertag.report.figure import draw_comparison
from papertag.report.runs import FinishedRun, finished_runs


def run(macro_f1, *, cost=None, splits=("validation", "test"), **settings):
    """A finished run; settings are given with two underscores for the dot."""
    every = {"training.seed": 0, "adaptation.kind": "full", "adaptation.rank": None, "loss.kind": "bce"}
    every |= {key.replace("__", "."): value for key, value in settings.items()}
    measured = {split: {"macro_f1": macro_f1 - 0.1 * (split == "test"), "map": 0.5} for split in splits}
    folder = Path("runs", "-".join(str(value) for value in every.values()))
    return FinishedRun(folder, every, measured, {"papers": 100, "trained_parameters": 10} | (cost or {}))


LORA = {"adaptation__kind": "lora", "adaptation__rank": 16, "training__learning_rate": 1e-3}
FULL = {"training__learning_rate": 2e-4}


def test_seeds_are_averaged_and_groups_are_named_by_what_does_not_follow_from_the_rest():
    found = compare([
        run(0.5, **FULL), run(0.6, training__seed=1, **FULL), run(0.9, **LORA), run(0.7, loss__kind="focal", **FULL),
        run(0.8, output="elsewhere", training__neftune_noise_alpha=5.0, **FULL),
    ])  # fmt: skip
    assert [group.name for group in found.groups] == [
        "lora", "full, neftune_noise_alpha=5.0", "full, focal", "full",
    ]  # fmt: skip
    full = found.groups[-1]
    assert full.seeds == [0, 1]
    assert full.figures["macro_f1"].mean == pytest.approx(0.45), "measured on test where all runs have it"
    assert full.figures["macro_f1"].spread == pytest.approx(statistics.stdev([0.4, 0.5]))
    assert found.groups[0].figures["macro_f1"].spread is None
    assert found.groups[0].settings["training.learning_rate"] == 1e-3


def test_the_table_shows_chosen_settings_spreads_and_costs():
    runs = [run(0.5, **FULL), run(0.6, training__seed=1, **FULL)]
    runs.append(run(0.9, cost={"trained_parameters": 827_947}, **LORA))
    heading, _, best, last = compare(runs, "validation").markdown().splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (heading, best, last)]
    assert cells == [
        ["", "seeds", "learning rate", "macro-F1", "mAP", "trained parameters"],
        ["lora", "1", "0.001", "0.900", "0.500", "827,947"],
        ["full", "2", "0.0002", "0.550 ± 0.071", "0.500 ± 0.000", "10"],
    ]


def test_validation_counts_where_a_run_has_no_test():
    found = compare([run(0.5), run(0.7, loss__kind="focal", splits=["validation"])])
    assert (found.split, found.groups[0].name) == ("validation", "focal")
    with pytest.raises(UserError, match=r"split=test: .* was measured on validation only"):
        compare([run(0.7, splits=["validation"])], "test")


def test_the_same_run_twice_is_no_second_seed():
    with pytest.raises(UserError, match="same settings and the same seed"):
        compare([run(0.5), replace(run(0.6), folder=Path("runs", "copy"))])


def test_a_cost_that_one_run_lacks_is_left_out_of_its_group():
    runs = [run(0.5), run(0.6, loss__kind="focal", cost={"minutes": 2.0}), run(0.55, loss__kind="ldr")]
    lines = compare(runs).markdown().splitlines()
    assert lines[0].rstrip("| ").endswith("minutes")
    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["2.0", "-", "-"]


def test_a_figure_has_the_same_bytes_every_time(tmp_path):
    runs = [run(0.5, **FULL), run(0.6, training__seed=1, **FULL), run(0.9, **LORA)]
    for name in ("first.png", "second.png"):
        draw_comparison(compare(runs), tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
    with pytest.raises(UserError, match=r"\.png or \.svg"):
        draw_comparison(compare(runs), tmp_path / "comparison.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "second.png"]


def test_a_figure_names_groups_seeds_and_the_costs_that_all_have(tmp_path):
    runs = [run(0.5, **FULL), run(0.6, training__seed=1, **FULL), run(0.9, cost={"cpu_minutes": 1.0}, **LORA)]
    draw_comparison(compare(runs), tmp_path / "comparison.svg")
    # matplotlib draws text as paths and leaves it readable in comments.
    text = (tmp_path / "comparison.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("full", "lora", "trained parameters"))
    assert "Mean and standard deviation of 2 seeds" in text
    assert "CPU minutes" not in text


def curve_runs():
    sizes = {100: (0.5, 0.6), 200: (0.7, 0.75), 400: (0.8, 0.9)}
    return [
        run(score, cost={"papers": papers}, training__seed=seed, dataset__train_papers=papers if papers < 400 else None,
            loss__kind=loss)
        for loss in ("bce", "focal") for papers, scores in sizes.items() for seed, score in enumerate(scores)
    ]  # fmt: skip


def test_learning_curves_take_the_papers_that_runs_trained_on(tmp_path):
    found = learning_curves(curve_runs(), "validation")
    assert list(found.curves) == ["bce", "focal"]
    assert list(found.curves["bce"]) == [100, 200, 400], "null, for all papers, has its number too"
    assert found.curves["bce"][200].mean == pytest.approx(0.725)
    assert found.markdown().splitlines()[2] == "| 100 | 0.550 ± 0.071 | 0.550 ± 0.071 |"
    draw_learning_curves(found, tmp_path / "curve.svg")
    text = (tmp_path / "curve.svg").read_text()
    assert all(f"<!-- {label} -->" in text for label in ("100", "400", "bce", "focal", "macro-F1 on validation"))


def test_a_run_that_does_not_tell_its_papers_is_in_no_curve():
    with pytest.raises(UserError, match="number of papers is unknown"):
        learning_curves([replace(run(0.5), cost={})])


def write(folder, *, finished=True, record='{"settings": {"training": {"seed": 3}, "tracker": {}}}'):
    (folder / "model").mkdir(parents=True)
    (folder / "run.json").write_text(record)
    if finished:
        (folder / "metrics.json").write_text(json.dumps({"test": {"macro_f1": 0.5, "areas": {"peft": {}}}}))
        (folder / "model" / "config.json").write_text("{}")


def test_runs_are_found_in_folders_sweeps_and_globs(tmp_path):
    for name in ("sweep/0", "sweep/1", "alone", "sweep/old"):
        write(tmp_path / name, finished=not name.endswith("old"))
    runs, unfinished = finished_runs([f"{tmp_path}/sweep", f"{tmp_path}/a*"])
    assert [run.folder for run in runs] == [tmp_path / "alone", tmp_path / "sweep" / "0", tmp_path / "sweep" / "1"]
    assert unfinished == [tmp_path / "sweep" / "old"]
    assert runs[0].settings == {"training.seed": 3}
    assert runs[0].metrics == {"test": {"macro_f1": 0.5}}
    assert runs[0].cost == {}


def test_folders_without_finished_runs_and_damaged_ones_are_named(tmp_path):
    with pytest.raises(UserError, match=r"runs=.*nowhere holds no run"):
        finished_runs(f"{tmp_path}/nowhere")
    write(tmp_path / "begun", finished=False)
    with pytest.raises(UserError, match="no finished run"):
        finished_runs(str(tmp_path))
    write(tmp_path / "damaged", record="{")
    with pytest.raises(UserError, match=r"damaged/run\.json cannot be read"):
        finished_runs(str(tmp_path))
