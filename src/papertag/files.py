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
        UserError: the folder cannot be made or written to.
    """
    final = Path(path)
    parent = _writable_parent(final)
    handle, name = tempfile.mkstemp(prefix=f".{final.name}.", dir=parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
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
    if final.exists() and not final.is_dir():
        raise UserError(f"output={final} is a file, and a folder is to be written there: name another one")
    parent = _writable_parent(final)
    temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if final.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{final.name}.old.", dir=parent))
            final.replace(old)
            temporary.replace(final)
            shutil.rmtree(old, ignore_errors=True)
        else:
            temporary.replace(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _writable_parent(final: Path) -> Path:
    parent = final.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {parent}: {error.strerror}") from None
    if not os.access(parent, os.W_OK):
        raise UserError(f"no permission to write in {parent}")
    return parent
