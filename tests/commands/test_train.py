"""`papertag train` as its user runs it: a run folder, resumption, trackers, sweeps, several processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from conftest import run_papertag, spawn_papertag, tiny_run


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


@pytest.mark.parametrize("setting", ["training.neftune_noise_alpha=10", "training.max_length=16"])
def test_what_a_step_reads_and_adds_changes_the_run(overrides, tiny_model, tmp_path, setting):
    run_papertag("train", *overrides, "training.epochs=1", setting, f"output={tmp_path / 'run'}")
    before, after = (
        json.loads((run / "metrics.jsonl").read_text().splitlines()[0])["loss"]
        for run in (tiny_model.parent, tmp_path / "run")
    )
    assert before != after


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(overrides, tiny_model, tmp_path):
    run_papertag("train", *overrides, "training.epochs=1", f"output={tmp_path / 'again'}")
    assert same(weights(tmp_path / "again"), load_file(tiny_model / "model.safetensors"))
    run_papertag("train", *overrides, "training.epochs=1", "training.seed=1", f"output={tmp_path / 'other'}")
    assert not same(weights(tmp_path / "other"), weights(tmp_path / "again"))


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_a_later_epoch_ends_with_the_weights_of_an_undisturbed_one(overrides, tmp_path):
    command = [
        *overrides,
        "training.epochs=3",
        "training.checkpointing_steps=3",
        "adaptation=lora",
        "training.mixed_precision=bf16",
    ]
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
        "train", *overrides, "adaptation=head-only", "training.epochs=40", "training.early_stopping_patience=1",
        "training.metric_for_best_model=lrap", "training.head_learning_rate=0.3", "debug=fast",
        f"output={tmp_path / 'run'}",
    )  # fmt: skip
    epochs = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert 1 < len(epochs) < 40
    assert epochs[-1]["lrap"] <= max(e["lrap"] for e in epochs[:-1])
    assert "(best)" in run.stderr


@pytest.mark.parametrize(
    "choice",
    [
        [
            "loss=focal",
            "training.lr_scheduler_type=linear",
            "training.gradient_accumulation_steps=3",
            "training.thresholds=global",
        ],
        ["loss=asymmetric", "dataset.hard_labels=true", "training.max_grad_norm=0", "training.mixed_precision=bf16"],
        ["adaptation=lora", "dataset.annotated_only=true", "model.dropout=0.2", "loss.label_smoothing=0.1"],
        ["experiment=demo", "model=encoder", "training.epochs=1"],
    ],
)
def test_choices_train_to_a_model_folder(overrides, choice, tmp_path):
    run_papertag("train", *overrides, "training.epochs=1", "debug=fast", *choice, f"output={tmp_path / 'run'}")
    metadata = json.loads((tmp_path / "run" / "model" / "papertag.json").read_text())
    assert len(metadata["thresholds"]) == 43
    if "training.thresholds=global" in choice:
        assert len(set(metadata["thresholds"].values())) == 1


def test_two_trackers_at_once_write_inside_the_run_folder(overrides, tmp_path):
    run = tmp_path / "run"
    spawn_papertag(
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
    def run(folder, processes, *more):
        done = subprocess.run(
            [
                sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(processes), "--standalone",
                "-m", "papertag", "train", *overrides, "training.epochs=1", "model.dropout=0", *more,
                f"output={folder}",
            ],
            capture_output=True, text=True, check=False, timeout=200,
            env={**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"{processes} process(es)" in done.stderr
        assert done.stdout.count("Metrics") == 1
        return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]

    (shared,) = run(tmp_path / "two", 2, "training.batch_size=8")
    (alone,) = run(tmp_path / "one", 1, "training.batch_size=16")
    assert shared["papers"] == alone["papers"]
    assert shared["step"] == pytest.approx(alone["step"], abs=1)
    assert shared["loss"] == pytest.approx(alone["loss"], rel=0.1)
    # One validation batch for two processes: the one without work must not wait for the other.
    run(tmp_path / "few", 2, "debug=fast", "training.batch_size=64")


def test_accumulated_gradients_equal_those_of_one_large_batch(overrides, tmp_path):
    command = [*overrides, "training.epochs=1", "model.dropout=0", "debug=fast", "loss.pos_weight_power=0"]
    run_papertag("train", *command, "training.batch_size=64", f"output={tmp_path / 'large'}")
    accumulated = ["training.batch_size=16", "training.gradient_accumulation_steps=4"]
    run_papertag("train", *command, *accumulated, f"output={tmp_path / 'small'}")
    large, small = weights(tmp_path / "large"), weights(tmp_path / "small")
    for name in large:
        assert torch.allclose(large[name], small[name], atol=1e-4), name


def test_the_model_folder_is_the_best_epochs(overrides, tmp_path):
    run_papertag(
        "train", *overrides, "training.epochs=4", "debug=fast", "training.head_learning_rate=0.3",
        "adaptation=head-only", "training.metric_for_best_model=lrap", f"output={tmp_path / 'run'}",
    )  # fmt: skip
    history = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    final = json.loads((tmp_path / "run" / "metrics.json").read_text())["validation"]
    assert final["lrap"] == pytest.approx(max(epoch["lrap"] for epoch in history), abs=1e-6)
    assert final["lrap"] != pytest.approx(history[-1]["lrap"], abs=1e-6), "choose settings whose last epoch is not best"


def test_a_sweep_that_was_interrupted_goes_on_and_keeps_what_is_finished(overrides, tmp_path):
    sweep = tmp_path / "sweep"
    command = ["train", "-m", *overrides, "training.epochs=1", "debug=fast", "training.mixed_precision=no,bf16"]
    run_papertag(*command, f"output={sweep}")
    first = (sweep / "0" / "model" / "model.safetensors").stat().st_mtime_ns
    shutil.rmtree(sweep / "1")
    again = run_papertag(*command, f"output={sweep}")
    assert "finished already" in again.stderr
    assert (sweep / "0" / "model" / "model.safetensors").stat().st_mtime_ns == first
    assert json.loads((sweep / "1" / "run.json").read_text())["mixed_precision"] == "bf16"


def test_a_sweep_without_an_output_puts_its_jobs_side_by_side(overrides, tmp_path):
    run_papertag("train", "-m", *overrides, "training.epochs=1", "debug=fast", "loss=bce,focal", cwd=tmp_path)
    (sweep,) = tmp_path.glob("outputs/train/*")
    assert {folder.parent.name for folder in sweep.glob("*/model")} == {"0", "1"}


def test_a_dataset_without_validation_is_refused(overrides, sample_dataset, tmp_path):
    dataset = tmp_path / "dataset"
    shutil.copytree(sample_dataset, dataset)
    for file in (dataset / "data").glob("validation-*"):
        file.unlink()
    done = run_papertag("train", *overrides, f"dataset.path={dataset}", f"output={tmp_path / 'run'}", expect=2)
    assert "no papers in the split 'validation'" in done.stderr


def test_an_encoder_without_its_tokenizer_is_refused(overrides, tiny_encoder, tmp_path):
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    for file in encoder.glob("tokenizer*"):
        file.unlink()
    done = run_papertag("train", *overrides, f"model.path={encoder}", f"output={tmp_path / 'run'}", expect=2)
    assert "has no tokenizer" in done.stderr


def test_an_interrupted_run_says_how_to_go_on(overrides, tmp_path):
    run = tmp_path / "run"
    command = [sys.executable, "-m", "papertag", "train", *overrides, "training.epochs=500", f"output={run}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(run.glob("checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"the same command with output={run} goes on" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["training.epochs=0"], "training.epochs=0 must be at least 1"),
        (["training.epoch=1"], "unknown key 'epoch' in 'training'; did you mean 'epochs'?"),
        (["model=minlm"], "model=minlm is not known; did you mean 'minilm'?"),
        (["loss.gamma=much"], "loss.gamma: Value 'much'"),
        (
            ["training.metric_for_best_model=accuracy"],
            "training.metric_for_best_model: Invalid value 'accuracy', expected one of",
        ),
        (["training.mixed_precision=fp16"], "training.mixed_precision=fp16 needs a GPU"),
        (["model=scibert", "model.path=null"], "add network=true"),
        (["dataset.path=/nowhere"], "/nowhere does not exist"),
        (["output=/dev/null/run"], "output=/dev/null/run"),
        (["tracker=foo"], "tracker=foo is not known"),
        (["tracker=wandb", "tracker.wandb.mode=foo"], "tracker.wandb.mode: Invalid value 'foo'"),
        (["training.learning_rate=1e6", "training.max_grad_norm=0", "debug=fast"], "lower training.learning_rate"),
    ],
)
def test_mistakes_end_with_a_sentence_and_exit_code_2(overrides, arguments, says, tmp_path):
    done = run_papertag("train", *overrides, f"output={tmp_path / 'run'}", *arguments, expect=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_dataset_is_named():
    assert "dataset.path=..." in run_papertag("train", expect=2).stderr
