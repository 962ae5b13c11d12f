"""YAML files of a known shape, read with errors that name the file and the line."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from papertag.errors import UserError


def read_section(path: Path, key: str, what: str) -> CommentedMap:
    """Return the mapping under `key` of a YAML file whose other key may be ``version: 1``.

    Args:
        path: the file.
        key: its one section.
        what: what the file is called in messages.

    Raises:
        UserError: the file is missing, malformed, or holds something else.
    """
    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"{what} file {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{what} file {path} cannot be read: {error}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = (error.problem or "not valid YAML").splitlines()[0]
        raise UserError(f"{path}:{line}: {problem}") from None
    except YAMLError as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(document, CommentedMap) or key not in document:
        raise UserError(f"{path}:1: a {what} file needs a top-level key {key!r}")
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
