"""``papertag train dataset.path=DIR``: a dataset to a run folder with a fine-tuned model."""

from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig

from papertag.config import typed
from papertag.console import out, say
from papertag.tracking.trackers import TrackerConfig, start_trackers, tracker_names
from papertag.training.config import TrainConfig


@dataclass
class TrainCommandConfig(TrainConfig):
    """A run's settings, and where its metrics go."""

    tracker: TrackerConfig = field(default_factory=TrackerConfig)


def main(config: DictConfig) -> float:
    """Fine-tune, print the metrics, and return the watched metric on validation, for sweeps."""
    settings = typed(config, TrainCommandConfig)

    from accelerate import Accelerator
    from accelerate.utils import ProjectConfiguration, broadcast_object_list

    from papertag.dataset import load_folder
    from papertag.taxonomy import Taxonomy
    from papertag.training.device import mixed_precision
    from papertag.training.loop import train
    from papertag.training.metrics import area_table, overall_table
    from papertag.training.run import open_run, settings_of

    splits, about = load_folder(Path(settings.dataset.path))
    taxonomy = Taxonomy(about["taxonomy"]["groups"])
    # Each process composes its own configuration, and with it its own time of day in the folder's name.
    folder = Path(broadcast_object_list([str(_run_folder(settings.output))])[0])
    accelerator = Accelerator(
        mixed_precision=mixed_precision(settings.training.precision),
        log_with=tracker_names(settings.tracker) or None,
        project_config=ProjectConfiguration(project_dir=str(folder), logging_dir=str(folder / "tensorboard")),
    )
    if accelerator.is_main_process:
        open_run(folder, settings, about["fingerprint"])
    accelerator.wait_for_everyone()
    start_trackers(accelerator, settings.tracker, folder, settings_of(settings))
    results = train(settings, accelerator, splits, taxonomy, about["fingerprint"], folder)
    accelerator.end_training()
    if accelerator.is_main_process:
        out.print(area_table(results.get("test", results["validation"])))
        out.print(overall_table(results))
        say(f"model    {folder / 'model'}\nmetrics  {folder / 'metrics.json'}\nrun      {folder}")
    return float(results["validation"][settings.training.metric.value])


def _run_folder(output: str) -> Path:
    """Return the run's folder: in a sweep, one folder a job inside `output`."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    return Path(output) / str(hydra.job.num) if hydra.mode is RunMode.MULTIRUN else Path(output)
