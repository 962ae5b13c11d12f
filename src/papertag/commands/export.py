"""``papertag export [model=DIR] format=transformers|delta output=DIR``: a model as a folder for other tools."""

import shutil
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from omegaconf import DictConfig

from papertag.commands.model_folder import ModelFolder
from papertag.config import typed
from papertag.console import say
from papertag.content import folder_size
from papertag.errors import UserError
from papertag.files import whole_folder
from papertag.models.pretrained import ModelConfig


class ExportFormat(Enum):
    """What a model can be exported to."""

    transformers = "transformers"
    delta = "delta"


@dataclass
class ExportConfig:
    """What `papertag export` takes."""

    output: str
    model: ModelFolder = field(default_factory=ModelFolder)
    format: ExportFormat = ExportFormat.transformers
    encoder: ModelConfig = field(default_factory=ModelConfig)


def main(config: DictConfig) -> None:
    """Write the model folder, or its difference from the encoder that it was fine-tuned from."""
    settings = typed(config, ExportConfig)
    from papertag.models.delta import pack
    from papertag.models.folder import load_metadata

    folder, output = Path(settings.model.resolve()), Path(settings.output)
    load_metadata(folder)
    if output.exists() and (output.is_file() or any(output.iterdir())):
        raise UserError(f"output={output} is there already and not empty: name another folder, or remove that one")
    if settings.format is ExportFormat.delta:
        pack(folder, settings.encoder, output)
    else:
        with whole_folder(output) as temporary:
            shutil.copytree(folder, temporary, dirs_exist_ok=True)
    say(f"model    {output} ({folder_size(output) / 1e6:.1f} MB, {settings.format.value})")
