"""``papertag train dataset.path=DIR``: a dataset to a run folder with a fine-tuned model."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from papertag.config import typed
from papertag.console import note, out, say
from papertag.tracking.trackers import TrackerConfig, start_trackers, tracker_names
from papertag.training.config import TrainConfig
from papertag.training.method import MethodKind

if TYPE_CHECKING:
    from papertag.training.run import Run


@dataclass
class TrainCommandConfig(TrainConfig):
    """A run's settings, and where its metrics go."""

    tracker: TrackerConfig = field(default_factory=TrackerConfig)


def main(config: DictConfig) -> float:
    """Fine-tune, print the metrics, and return the watched metric on validation, for sweeps."""
    settings = typed(config, TrainCommandConfig)

    from accelerate import Accelerator, PartialState
    from accelerate.state import AcceleratorState
    from accelerate.utils import (
        GradientAccumulationPlugin,
        ProjectConfiguration,
        broadcast_object_list,
        parse_flag_from_env,
    )

    from papertag.dataset import load_folder
    from papertag.taxonomy import Taxonomy
    from papertag.training.device import mixed_precision
    from papertag.training.few_shot import learn
    from papertag.training.loop import train
    from papertag.training.metrics import area_table, overall_table
    from papertag.training.run import Run, open_run, settings_of

    splits, about = load_folder(Path(settings.dataset.path))
    taxonomy = Taxonomy(about["taxonomy"]["groups"])
    # A sweep trains in one process several times, and each job has settings of its own.
    AcceleratorState._reset_state(reset_partial_state=True)
    PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"))
    # Each process composes its own configuration, and with it its own time of day in the folder's name.
    folder = Path(broadcast_object_list([str(_run_folder(settings.output))])[0])
    accelerator = Accelerator(
        mixed_precision=mixed_precision(settings.training.mixed_precision),
        # The loop accumulates by itself; the launcher's setting must not divide the loss once more.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        log_with=tracker_names(settings.tracker) or None,
        project_config=ProjectConfiguration(project_dir=str(folder), logging_dir=str(folder / "tensorboard")),
    )
    run = Run(settings, about["fingerprint"], accelerator.num_processes, accelerator.mixed_precision)
    if _in_sweep() and (metric := _finished_before(folder, run)) is not None:
        return metric
    if accelerator.is_main_process:
        open_run(folder, run)
        note(f"run {folder}; where it is interrupted, the same command with output={folder} goes on")
    accelerator.wait_for_everyone()
    start_trackers(accelerator, settings.tracker, folder, settings_of(settings))
    learning = train if settings.method.kind is MethodKind.fine_tune else learn
    results = learning(settings, accelerator, splits, taxonomy, about["fingerprint"], folder)
    accelerator.end_training()
    if accelerator.is_main_process:
        out.print(area_table(results.get("test", results["validation"])))
        out.print(overall_table(results))
        say(f"model    {folder / 'model'}\nmetrics  {folder / 'metrics.json'}\nrun      {folder}")
    return float(results["validation"][settings.training.metric_for_best_model.value])


def _in_sweep() -> bool:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    return HydraConfig.get().mode is RunMode.MULTIRUN


def _run_folder(output: str) -> Path:
    """Return the run's folder: in a sweep, one folder a job inside `output`."""
    from hydra.core.hydra_config import HydraConfig

    return Path(output) / str(HydraConfig.get().job.num) if _in_sweep() else Path(output)


def _finished_before(folder: Path, run: "Run") -> float | None:
    """Return the watched metric of a job that an interrupted sweep had finished; None where it had not."""
    from papertag.training.run import differences, finished

    if not finished(folder) or differences(folder, run):
        return None
    note(f"{folder} is finished already")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return float(metrics["validation"][run.config.training.metric_for_best_model.value])
