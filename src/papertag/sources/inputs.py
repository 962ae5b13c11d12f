"""From ``input=`` to the files it means."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from papertag.errors import UserError
from papertag.sources.stream import STDIN


@dataclass(frozen=True, slots=True)
class Input:
    """A file, or `STDIN`; `searched` where a folder or a pattern gave it, not the user by name."""

    source: Path | str
    searched: bool


def find_inputs(inputs: str | Sequence[str]) -> list[Input]:
    """Return the files of `inputs` in order, each once.

    A folder gives all its files, those of its subfolders too, sorted by path, without hidden ones. A pattern
    (``*``, ``?``, ``[...]``, ``**``) gives its matches, sorted.

    Raises:
        UserError: a file is missing, a folder has no files, or a pattern matches none.
    """
    found: dict[Path | str, Input] = {}
    for name in [inputs] if isinstance(inputs, str) else inputs:
        for each in _find(name):
            found.setdefault(each.source, each)
    if not found:
        raise UserError("input= is empty: name a file, a glob, a folder, or - for standard input")
    return list(found.values())


def _find(name: str) -> list[Input]:
    if name == STDIN:
        return [Input(STDIN, searched=False)]
    path = Path(name).expanduser()
    if path.is_dir():
        files = _files(path)
        if not files:
            raise UserError(f"input={name} is a folder without files: there are no papers to read")
        return [Input(file, searched=True) for file in files]
    # First as it stands: names of files may hold brackets.
    if path.exists():
        return [Input(path, searched=False)]
    if glob.has_magic(name):
        # Path.glob takes only relative patterns.
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
        files = [file for match in matches for file in (_files(match) if match.is_dir() else [match])]
        if not files:
            raise UserError(f"input={name} matches no file")
        return [Input(file, searched=True) for file in files]
    raise UserError(f"input={name} does not exist")


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
