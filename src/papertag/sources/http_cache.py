"""Answers of the network kept on disk, one file a URL."""

import gzip
import hashlib
import json
import os
import time
import zlib
from pathlib import Path

from papertag.files import whole_file


def default_cache_dir() -> Path:
    """Return ``papertag/http`` in the user's cache directory (``XDG_CACHE_HOME``, else ``~/.cache``)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "papertag" / "http"


class HttpCache:
    """Bodies keyed by URL.

    A file is gzip: one line of JSON with ``url`` and ``fetched`` (Unix seconds), then the body, so that
    ``zcat`` shows what was kept. Files appear whole; one that cannot be read counts as missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, url: str) -> tuple[bytes, float] | None:
        """Return the body kept for `url` and the Unix time at which it was fetched, or None."""
        try:
            with gzip.open(self._path(url)) as file:
                head = json.loads(file.readline())
                if head["url"] != url:
                    return None
                return file.read(), float(head["fetched"])
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None

    def write(self, url: str, body: bytes) -> float:
        """Keep `body` for `url`; return the Unix time that it is filed under.

        Raises:
            UserError: the folder cannot be made or written to.
        """
        fetched = time.time()
        head = json.dumps({"url": url, "fetched": fetched})
        with whole_file(self._path(url)) as temporary:
            temporary.write_bytes(gzip.compress(head.encode() + b"\n" + body, compresslevel=6))
        return fetched

    def _path(self, url: str) -> Path:
        digest = hashlib.sha256(url.encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.gz"
