"""Every configuration composes, and every key of it is known to the dataclass that reads it."""

from dataclasses import fields, is_dataclass
from importlib import import_module

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from papertag.cli import COMMANDS
from papertag.commands.train import TrainCommandConfig
from papertag.config import config_dir, typed

CONFIGS = config_dir()
GROUPS = ["dataset", "model", "adaptation", "loss", "member", "method", "training", "tracker", "experiment", "debug"]
CHOICES = [(group, file.stem) for group in GROUPS for file in sorted((CONFIGS / group).glob("*.yaml"))]


def composed(command, *overrides):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return compose(command, list(overrides))


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_of_a_training_run_is_valid(group, choice):
    value = f"[{choice}]" if group == "tracker" else choice
    config = composed("train", "dataset.path=DIR", "output=DIR", f"{group}={value}")
    assert isinstance(typed(config, TrainCommandConfig), TrainCommandConfig)


def schema_of(command):
    module = import_module(f"papertag.commands.{command}")
    return TrainCommandConfig if command == "train" else getattr(module, f"{command.capitalize()}Config")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_lists_every_key_that_it_takes(command):
    """A key that the dataclass knows and the file does not could only be set with Hydra's `+`."""
    config = composed(command)

    def compare(found, schema, at):
        keys = set(found) | (set() if at != "tracker" else {"wandb", "tensorboard"})
        assert keys == {f.name for f in fields(schema)}, at
        structured = OmegaConf.structured(schema)
        for f in fields(schema):
            kind = OmegaConf.get_type(structured, f.name)
            # A live source's file lists the keys that its kind reads, and no others.
            if f.name != "source" and is_dataclass(kind) and isinstance(OmegaConf.select(found, f.name), DictConfig):
                compare(found[f.name], kind, f"{at}.{f.name}" if at else f.name)

    compare(config, schema_of(command), "")
