"""`papertag train` as its user runs it: a run folder, resumption, trackers, sweeps, several processes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from conftest import run_papertag, tiny_run


@pytest.fixture
def overrides(sample_dataset, tiny_encoder):
    return tiny_run(sample_dataset, tiny_encoder)


def weights(run):
    return load_file(run / "model" / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_a_run_folder_holds_model_metrics_history_and_what_was_asked_for(tiny_model, sample_dataset):
    run = tiny_model.parent
    record = json.loads((run / "run.json").read_text())
    assert record["settings"]["training"]["learning_rate"] == 1e-3
    assert record["dataset_fingerprint"] == json.loads((sample_dataset / "papertag.json").read_text())["fingerprint"]
    assert record["versions"]["torch"] == torch.__version__
    metrics = json.loads((run / "metrics.json").read_text())
    assert set(metrics) == {"validation", "test"}
    assert len(metrics["test"]["areas"]) == 43
    (epoch,) = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    assert epoch["epoch"] == 1
    assert epoch["loss"] > 0
    assert "macro-F1" in (tiny_model / "README.md").read_text()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(overrides, tiny_model, tmp_path):
    run_papertag("train", *overrides, "training.epochs=1", f"output={tmp_path / 'again'}")
    assert same(weights(tmp_path / "again"), load_file(tiny_model / "model.safetensors"))
    run_papertag("train", *overrides, "training.epochs=1", "training.seed=1", f"output={tmp_path / 'other'}")
    assert not same(weights(tmp_path / "other"), weights(tmp_path / "again"))


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_a_later_epoch_ends_with_the_weights_of_an_undisturbed_one(overrides, tmp_path):
    command = [*overrides, "training.epochs=3", "training.checkpoint_every=3", "adaptation=lora"]
    run_papertag("train", *command, f"output={tmp_path / 'whole'}")
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "papertag", "train", *command, f"output={killed}"], stderr=subprocess.DEVNULL
    )
    steps_an_epoch = json.loads((tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()[0])["step"]
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        done = [int(p.name.removeprefix("step-")) for p in killed.glob("checkpoints/step-*")]
        if done and steps_an_epoch + 3 < max(done) < 2 * steps_an_epoch:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    resumed = run_papertag("train", *command, f"output={killed}")
    assert "going on from step" in resumed.stderr
    assert same(weights(killed), weights(tmp_path / "whole"))
    assert (killed / "metrics.jsonl").read_text() == (tmp_path / "whole" / "metrics.jsonl").read_text()
    assert len(list((killed / "checkpoints").iterdir())) == 1


def test_an_unfinished_run_of_other_settings_and_a_finished_run_are_not_touched(overrides, tiny_model, tmp_path):
    finished = run_papertag("train", *overrides, "training.epochs=1", f"output={tiny_model.parent}", expect=2)
    assert "holds a finished run" in finished.stderr
    folder = tmp_path / "unfinished"
    folder.mkdir()
    record = json.loads((tiny_model.parent / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record))
    other = run_papertag("train", *overrides, "training.epochs=2", "loss=focal", f"output={folder}", expect=2)
    assert "loss.kind" in other.stderr
    assert "training.epochs" in other.stderr


def test_early_stopping_ends_a_run_whose_metric_no_longer_improves(overrides, tmp_path):
    run = run_papertag(
        "train", *overrides, "adaptation=head-only", "training.epochs=40", "training.patience=1",
        "training.metric=lrap", "training.head_learning_rate=0.3", "debug=fast", f"output={tmp_path / 'run'}",
    )  # fmt: skip
    epochs = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert 1 < len(epochs) < 40
    assert epochs[-1]["lrap"] <= max(e["lrap"] for e in epochs[:-1])
    assert "(best)" in run.stderr


@pytest.mark.parametrize(
    "choice",
    [
        ["loss=focal", "training.schedule=linear", "training.accumulate=3", "training.thresholds=one"],
        ["loss=asymmetric", "dataset.hard_labels=true", "training.clip=0", "training.precision=bf16"],
        ["adaptation=lora", "dataset.annotated_only=true", "model.dropout=0.2", "loss.label_smoothing=0.1"],
        ["experiment=demo", "model=encoder", "training.epochs=1"],
    ],
)
def test_choices_train_to_a_model_folder(overrides, choice, tmp_path):
    run_papertag("train", *overrides, "training.epochs=1", "debug=fast", *choice, f"output={tmp_path / 'run'}")
    metadata = json.loads((tmp_path / "run" / "model" / "papertag.json").read_text())
    assert len(metadata["thresholds"]) == 43
    if "training.thresholds=one" in choice:
        assert len(set(metadata["thresholds"].values())) == 1


def test_two_trackers_at_once_write_inside_the_run_folder(overrides, tmp_path):
    run = tmp_path / "run"
    run_papertag(
        "train", *overrides, "training.epochs=1", "debug=fast", "tracker=[wandb,tensorboard]", f"output={run}",
        env={**os.environ, "WANDB_MODE": "offline"},
    )  # fmt: skip
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(next((run / "tensorboard").rglob("events*")).parent))
    events.Reload()
    assert {"train/loss", "train/learning_rate", "validation/map", "test/final_macro_f1"} <= set(
        events.Tags()["scalars"]
    )
    assert list(run.glob("wandb/offline-run-*/run-*.wandb"))


def test_a_sweep_makes_one_run_folder_a_job(overrides, tmp_path):
    run_papertag(
        "train", "-m", *overrides, "training.epochs=1", "debug=fast", "loss=bce,focal", f"output={tmp_path / 'sweep'}"
    )
    kinds = [
        json.loads((tmp_path / "sweep" / job / "run.json").read_text())["settings"]["loss"]["kind"] for job in "01"
    ]
    assert kinds == ["bce", "focal"]
    assert (tmp_path / "sweep" / "1" / "model" / "model.safetensors").is_file()


@pytest.mark.slow
def test_two_processes_share_the_batches_and_save_once(overrides, tmp_path):
    run = tmp_path / "run"
    done = subprocess.run(
        [
            sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
            "--mixed_precision", "no", "--dynamo_backend", "no", "--num_cpu_threads_per_process", "1",
            "-m", "papertag", "train", *overrides, "training.epochs=1", "training.batch_size=8", f"output={run}",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 process(es)" in done.stderr
    (epoch,) = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    alone = run_papertag("train", *overrides, "training.epochs=1", f"output={tmp_path / 'alone'}")
    assert alone.returncode == 0
    (single,) = map(json.loads, (tmp_path / "alone" / "metrics.jsonl").read_text().splitlines())
    assert epoch["papers"] == single["papers"]
    assert epoch["loss"] == pytest.approx(single["loss"], rel=0.05)
    assert epoch["map"] == pytest.approx(single["map"], abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["training.epochs=0"], "training.epochs=0 must be at least 1"),
        (["training.epoch=1"], "unknown key 'epoch' in 'training'; did you mean 'epochs'?"),
        (["model=minlm"], "model=minlm is not known; did you mean 'minilm'?"),
        (["loss.gamma=much"], "loss.gamma: Value 'much'"),
        (["training.metric=accuracy"], "training.metric: Invalid value 'accuracy', expected one of"),
        (["training.precision=fp16"], "training.precision=fp16 needs a GPU"),
        (["model=scibert"], "add network=true"),
        (["dataset.path=/nowhere"], "/nowhere does not exist"),
        (["training.learning_rate=1e6", "training.clip=0", "debug=fast"], "lower training.learning_rate"),
    ],
)
def test_mistakes_end_with_a_sentence_and_exit_code_2(overrides, arguments, says, tmp_path):
    done = run_papertag("train", *overrides, f"output={tmp_path / 'run'}", *arguments, expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_dataset_is_named():
    assert "dataset.path=..." in run_papertag("train", expect=2).stderr
