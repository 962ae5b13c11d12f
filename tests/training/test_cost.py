"""The clock and the memory of a run."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from papertag.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from papertag.training.cost import Meter, Spent


def busy():
    return sum(i * i for i in range(300_000))


def test_what_passes_between_stop_and_start_does_not_count():
    spent = Spent()
    meter = Meter(spent, torch.device("cpu"))
    busy()
    meter.stop()
    counted = spent.cpu_seconds
    assert counted > 0
    begin = time.process_time()
    for _ in range(20):
        busy()
    left_out = time.process_time() - begin
    meter.start()
    meter.stop()
    assert spent.cpu_seconds < counted + left_out


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux forgets a peak of memory")
def test_a_peak_from_before_does_not_count_and_a_later_one_does():
    held = np.ones(60_000_000, dtype=np.float32)
    before, after = Spent(), Spent()
    Meter(before, torch.device("cpu")).stop()
    del held
    meter = Meter(after, torch.device("cpu"))
    meter.stop()
    assert after.peak_memory_mb < before.peak_memory_mb - 200
    held = np.ones(60_000_000, dtype=np.float32)
    meter.stop()
    del held
    peak = after.peak_memory_mb
    meter.stop()
    assert after.peak_memory_mb == peak > before.peak_memory_mb - 40


def test_what_was_spent_goes_on_from_a_checkpoint(tmp_path):
    accelerator = Accelerator(cpu=True)
    spent = Spent(seconds=12.5, cpu_seconds=7.0, peak_memory_mb=900.0)
    save_checkpoint(accelerator, tmp_path, Progress(step=4, spent=spent), keep=1)
    loaded = load_checkpoint(accelerator, tmp_path)
    assert loaded is not None
    assert loaded.spent == spent
