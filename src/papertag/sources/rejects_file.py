"""The files beside an output: of rejects, and of what was asked for by id and not found."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from papertag.errors import UserError
from papertag.files import whole_file
from papertag.paper import Paper, Reject

REJECTS = ".rejects.jsonl"
MISSING = ".missing.jsonl"


def rejects_path(output: str | Path) -> Path:
    """Return where the rejects of `output` are written."""
    return Path(f"{output}{REJECTS}")


def missing_path(output: str | Path) -> Path:
    """Return where the ids are written for which `output` has no paper."""
    return Path(f"{output}{MISSING}")


class RejectsFile:
    """Sets rejects aside while papers pass, and writes them to ``OUTPUT.rejects.jsonl``.

    As a context manager: on leaving, the file appears whole where there were rejects, and one of an earlier
    run disappears where there were none. When an error leaves the block, an earlier file stays untouched,
    unless the error is that of `papers`, that all were rejected.
    """

    def __init__(self, output: str | Path) -> None:
        self.path = rejects_path(output)
        self.count = 0
        self._all_rejected = False
        self._stack = contextlib.ExitStack()
        self._file: TextIO | None = None

    def papers(self, records: Iterable[Paper | Reject], *, may_be_empty: bool = False) -> Iterator[Paper]:
        """Yield the papers of `records` and keep the rejects.

        Args:
            records: what a source yields.
            may_be_empty: no records at all is an answer, as on a day without new papers, and no mistake.

        Raises:
            UserError: all records were rejected, or there were none at all.
        """
        first: Reject | None = None
        papers = 0
        for record in records:
            if isinstance(record, Paper):
                papers += 1
                yield record
                continue
            first = first or record
            self.count += 1
            self._write(record)
        if papers or (first is None and may_be_empty):
            return
        if first is None:
            raise UserError("the input holds no papers")
        self._all_rejected = True
        what = "the only record was" if self.count == 1 else f"all {self.count} records were"
        raise UserError(f"{what} rejected, first {first.place}: {first.reason} (see {self.path})")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._all_rejected:
            self._stack.__exit__(kind, error, trace)
            return
        self._stack.close()
        if not self.count:
            self.path.unlink(missing_ok=True)

    def _write(self, reject: Reject) -> None:
        if self._file is None:
            path = self._stack.enter_context(whole_file(self.path))
            self._file = self._stack.enter_context(path.open("w", encoding="utf-8", errors="replace"))
        self._file.write(json.dumps(reject.to_json(), ensure_ascii=False) + "\n")
