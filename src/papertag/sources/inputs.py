"""From ``input=``, or another key, to the files it means."""

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from papertag.errors import UserError
from papertag.sources.rejects_file import MISSING, REJECTS, rejects_path
from papertag.sources.stream import STDIN


@dataclass(frozen=True, slots=True)
class Input:
    """A file, or `STDIN`; `searched` where a folder or a pattern gave it, not the user by name."""

    source: Path | str
    searched: bool


def find_inputs(inputs: str | Sequence[str], output: str | Path | None = None, key: str = "input") -> list[Input]:
    """Return the files of `inputs` in order, each once.

    A folder gives all its files, those of its subfolders too, sorted by path, without hidden ones. A pattern
    (``*``, ``?``, ``[...]``, ``**``) gives its matches, sorted. Neither gives files of rejects and of missing ids,
    nor `output`, the file that the papers are going to be written to. Messages name `key`.

    Raises:
        UserError: a file is missing, a folder has no files, a pattern matches none, or a file is the output.
    """
    found: dict[Path | str, Input] = {}
    written = [] if output is None else [Path(output), rejects_path(output)]
    for name in [inputs] if isinstance(inputs, str) else inputs:
        for each in _find(name, written, key):
            found.setdefault(each.source, each)
    if not found:
        raise UserError(f"{key}= is empty: name a file, a glob, a folder, or - for standard input")
    return list(found.values())


def _find(name: str, written: Sequence[Path], key: str) -> list[Input]:
    if name == STDIN:
        return [Input(STDIN, searched=False)]
    path = Path(name).expanduser()
    if path.is_dir():
        files = _listings(_files(path), written)
        if not files:
            raise UserError(f"{key}={name} is a folder without files: there are no papers to read")
        return [Input(file, searched=True) for file in files]
    # First as it stands: names of files may hold brackets.
    if path.exists():
        if _is_among(path, written):
            raise UserError(f"{key}={name} would be overwritten by output={written[0]}: write to another file")
        return [Input(path, searched=False)]
    if glob.has_magic(name):
        # Path.glob takes only relative patterns.
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
        files = [file for match in matches for file in (_files(match) if match.is_dir() else [match])]
        files = _listings(files, written)
        if not files:
            raise UserError(f"{key}={name} matches no file")
        return [Input(file, searched=True) for file in files]
    raise UserError(f"{key}={name} does not exist")


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _listings(files: Iterable[Path], written: Sequence[Path]) -> list[Path]:
    return [file for file in files if not file.name.endswith((REJECTS, MISSING)) and not _is_among(file, written)]


def _is_among(file: Path, others: Iterable[Path]) -> bool:
    """Return whether `file` is one of `others` or lies in one that is a folder."""
    resolved = file.resolve()
    return any(resolved.is_relative_to(other.resolve()) for other in others)
