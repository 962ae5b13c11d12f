"""Where a pretrained encoder comes from: an installed package, a folder, or the Hub when the user allows it."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from papertag.content import file_hash
from papertag.errors import UserError


@dataclass
class ModelConfig:
    """Which encoder to fine-tune.

    Attributes:
        name: what the encoder is called in messages and in the model card.
        path: a folder with the encoder; comes before every other place.
        package: an installed Python package that carries the encoder, tried before the Hub.
        package_path: the encoder's folder inside `package`.
        sha256: what ``model.safetensors`` of the package must hash to.
        hub_id: the encoder's name on the Hugging Face Hub.
        revision: the Hub's branch, tag or commit.
        max_length: tokens of a paper that the model reads, special tokens included.
        dropout: probability for hidden states; null keeps the encoder's own.
        attention_dropout: probability for attention weights; anything but 0 keeps PyTorch from its fused
            attention, which on CPUs about halves the rate of training.
    """

    name: str = "minilm"
    path: str | None = None
    package: str | None = None
    package_path: str = ""
    sha256: str | None = None
    hub_id: str | None = None
    revision: str = "main"
    max_length: int = 512
    dropout: float | None = None
    attention_dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.max_length < 8:
            raise UserError(f"model.max_length={self.max_length} must be at least 8 tokens")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise UserError(f"model.dropout={self.dropout} must be at least 0 and less than 1")
        if not 0 <= self.attention_dropout < 1:
            raise UserError(f"model.attention_dropout={self.attention_dropout} must be at least 0 and less than 1")


@dataclass(frozen=True)
class Pretrained:
    """A place that `from_pretrained` takes, and whether it may ask the network."""

    location: str
    revision: str | None = None
    local: bool = True


def locate(config: ModelConfig, *, network: bool) -> Pretrained:
    """Find the encoder: `path`, then the package, then the Hub's local cache, then the Hub itself.

    Raises:
        UserError: it is nowhere to be had, or the package's weights are not the expected ones.
    """
    if config.path:
        given = Path(config.path).expanduser()
        if not (given / "config.json").is_file():
            raise UserError(f"model.path={config.path} is not a model folder: it has no config.json")
        return Pretrained(str(given))
    if config.package and (folder := _package_folder(config.package, config.package_path)):
        _check_weights(folder / "model.safetensors", config)
        return Pretrained(str(folder))
    if config.hub_id:
        if network:
            return Pretrained(config.hub_id, config.revision, local=False)
        if cached := _cached(config.hub_id, config.revision):
            return Pretrained(cached)
        raise UserError(
            f"model={config.name} is not on this machine: add network=true to fetch {config.hub_id!r} from the "
            "Hugging Face Hub, or name a folder with model.path=DIR"
        )
    raise UserError(f"model={config.name} names no place: set model.path, model.package or model.hub_id")


def _package_folder(package: str, inside: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / inside
    return folder if (folder / "config.json").is_file() else None


def _check_weights(weights: Path, config: ModelConfig) -> None:
    if config.sha256 is None:
        return
    found = file_hash(weights)
    if found != config.sha256:
        raise UserError(
            f"{weights} is not the file that model={config.name} expects (sha256 {found[:12]}..., expected "
            f"{config.sha256[:12]}...): install the package {config.package} again"
        )


def _cached(hub_id: str, revision: str) -> str | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return str(snapshot_download(hub_id, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        return None
