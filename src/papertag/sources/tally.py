"""How many files, papers and rejects each format gave."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from papertag.paper import Paper, Reject


@dataclass
class Count:
    """What one format gave."""

    files: int = 0
    papers: int = 0
    rejects: int = 0


@dataclass
class Tally:
    """Counts by format, filled in while the records pass."""

    by_format: dict[str, Count] = field(default_factory=dict)

    def watch(self, format: str, records: Iterator[Paper | Reject]) -> Iterator[Paper | Reject]:
        """Yield `records`, the content of one file (or one live source), counting them under `format`."""
        count = self.by_format.setdefault(format, Count())
        count.files += 1
        for record in records:
            if isinstance(record, Paper):
                count.papers += 1
            else:
                count.rejects += 1
            yield record
