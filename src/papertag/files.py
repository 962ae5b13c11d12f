"""Files that appear whole: written beside their final name, then renamed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from papertag.errors import UserError


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; rename it to `path` when the block succeeds.

    Raises:
        UserError: the folder cannot be made or written to, or `path` is a folder.
    """
    final = Path(path)
    parent = writable_parent(final)
    if final.is_dir():
        raise UserError(f"{final} is a folder, and a file is to be written there: name a file")
    with _refusals(final):
        handle, name = tempfile.mkstemp(prefix=f".{final.name}.", dir=parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        with _refusals(final):
            temporary.chmod(0o666 & ~umask)
            temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it takes the place of `path` when the block succeeds.

    A folder that already stands at `path` is replaced.

    Raises:
        UserError: the folder cannot be made, or `path` is a file.
    """
    final = Path(path)
    parent = writable_parent(final)
    if final.exists() and not final.is_dir():
        raise UserError(f"output={final} is a file, and a folder is to be written there: name another one")
    with _refusals(final):
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=parent))
    try:
        yield temporary
        with _refusals(final):
            temporary.chmod(0o755)
            _take_place(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def writable_parent(path: Path) -> Path:
    """Return the folder that `path` is to lie in, made if it was missing.

    Raises:
        UserError: it cannot be made, or nothing can be written in it.
    """
    parent = path.parent
    with _refusals(path):
        for folder in (parent, *parent.parents):
            if folder.exists() and not folder.is_dir():
                raise UserError(f"cannot write {path}: {folder} is a file, not a folder")
        parent.mkdir(parents=True, exist_ok=True)
        # Permissions do not tell: root has them all, and still cannot write to some file systems.
        tempfile.TemporaryFile(dir=parent).close()
    return parent


def _take_place(new: Path, final: Path) -> None:
    if not final.is_dir():
        new.replace(final)
        return
    old = new.with_name(f"{new.name}.old")
    final.replace(old)
    try:
        new.replace(final)
    except OSError:
        old.replace(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into a mistake of the user's."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
