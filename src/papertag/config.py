"""Where the Hydra configurations lie, and the step from a composed one to a checked dataclass."""

import re
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from papertag.errors import UserError

T = TypeVar("T")


def config_dir() -> Path:
    """Return the folder of configurations: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent
    for candidate in (package / "configs", package.parents[1] / "configs"):
        if (candidate / "parse.yaml").is_file():
            return candidate
    raise UserError(f"the configurations are missing from {package}: install papertag again")


def typed(config: DictConfig, schema: type[T]) -> T:
    """Return `config` as an instance of the dataclass `schema`, every value checked.

    Raises:
        UserError: a key is unknown, missing or of the wrong type; the message names it.
    """
    _check_groups(OmegaConf.to_container(config), schema)
    try:
        merged = OmegaConf.merge(OmegaConf.structured(schema), config)
        # Else ${now:...} would be resolved anew, and give each job of a sweep a folder of its own time.
        OmegaConf.copy_cache(from_config=config, to_config=merged)
        missing = sorted(OmegaConf.missing_keys(merged))
        if missing:
            keys = ", ".join(f"{key}=..." for key in missing)
            raise UserError(f"a value is missing: add {keys} to the command")
        value: Any = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise UserError(explain(error)) from None
    assert isinstance(value, schema)
    return value


def _check_groups(values: Any, schema: Any, above: str = "") -> None:
    """Refuse a value in the place of a whole group of keys, such as ``taxonomy=mine.yaml`` for ``taxonomy.path=``."""
    for name, kind in get_type_hints(schema).items():
        if not is_dataclass(kind) or name not in values:
            continue
        key, value = f"{above}{name}", values[name]
        if not isinstance(value, dict):
            keys = ", ".join(f"{key}.{field.name}=..." for field in fields(kind))
            raise UserError(f"{key}={'null' if value is None else value}: {key} is a group of keys: write {keys}")
        _check_groups(value, kind, f"{key}.")


def explain(error: Exception) -> str:
    """Turn an error of Hydra or OmegaConf into a sentence that names the key and what is known."""
    text = str(error).strip()
    chain = _chain(error)
    for link in chain:
        unknown = re.search(r"Key '([^']+)' (?:is not in struct|not in '\w+')", str(link))
        if unknown:
            return _unknown_key(unknown.group(1), link)
    choice = re.search(
        r"Could not find '(\w+)/([^']+)'\s+Available options in '[^']+':\s+(.*?)\s*Config search", text, re.S
    )
    if choice:
        group, name, known = choice.group(1), choice.group(2), choice.group(3).split()
        return f"{group}={name} is not known{_hint(name, known)}"
    if text.startswith("Error parsing override"):
        return f"{text.splitlines()[0].removeprefix('Error parsing override ')} is not of the form key=value"
    key = getattr(error, "full_key", None) or ""
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return f"{key}: {first}" if key and key not in first else first


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    return chain


def _unknown_key(name: str, error: BaseException) -> str:
    parent = getattr(error, "parent_node", None)
    known = sorted(str(key) for key in parent) if isinstance(parent, DictConfig) else []
    above = (getattr(error, "full_key", None) or name).rpartition(".")[0]
    return f"unknown key {name!r}{f' in {above!r}' if above else ''}{_hint(name, known)}"


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(known)}" if known else ""
