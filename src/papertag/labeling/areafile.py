"""YAML files of weights an area, read with errors that name the file and the line."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from papertag.errors import UserError
from papertag.taxonomy import Taxonomy

DEFAULT = "default"


def locate(name: str, file: str) -> Path:
    """Return the path that `name` stands for: the packaged `file` for ``default``."""
    return Path(str(files("papertag") / "data" / file)) if name == DEFAULT else Path(name)


def read_section(path: Path, key: str) -> CommentedMap:
    """Return the mapping under `key` of a YAML file whose other key may be ``version: 1``.

    Raises:
        UserError: the file is missing, malformed, or holds something else.
    """
    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"{key} file {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{key} file {path} cannot be read: {error}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = (error.problem or "not valid YAML").splitlines()[0]
        raise UserError(f"{path}:{line}: {problem}") from None
    except YAMLError as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(document, CommentedMap) or key not in document:
        raise UserError(f"{path}:1: the file needs a top-level key {key!r}")
    for name in document:
        if name not in {"version", key}:
            at = line_of(document, name)
            raise UserError(f"{path}:{at}: unknown key {name!r}; known are 'version', {key!r}")
    if document.get("version", 1) != 1:
        at = line_of(document, "version")
        raise UserError(f"{path}:{at}: version {document['version']!r} is not known; this papertag reads 1")
    section = document[key]
    if not isinstance(section, CommentedMap) or not section:
        raise UserError(f"{path}:{line_of(document, key)}: {key!r} must be a mapping with entries")
    return section


def line_of(mapping: CommentedMap, key: Any) -> int:
    """Return the line, counted from 1, on which `key` stands."""
    return int(mapping.lc.key(key)[0]) + 1


def weight(value: Any, place: str, what: str) -> float:
    """Return `value` as a probability.

    Raises:
        UserError: it is not a number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(f"{place}: {what} must be a number from 0 to 1, not {value!r}")
    return float(value)


def known_area(area: Any, taxonomy: Taxonomy, place: str, *, lenient: bool) -> bool:
    """Return whether the taxonomy has `area`.

    The packaged files are written for the packaged taxonomy: with a taxonomy of the user's own, `lenient`
    passes over what they say of other areas.

    Raises:
        UserError: the area is unknown and not `lenient`.
    """
    if area in taxonomy.index:
        return True
    if not lenient:
        taxonomy.check([str(area)], place)
    return False
