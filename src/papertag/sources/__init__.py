"""Any known listing to papers and rejects: one module a format, a sniffer that picks one, and live services.

Public are `read_papers`, `open_source` with `SourceConfig`, `RejectsFile`, `Tally` and `Format`.
"""

from papertag.sources.config import SourceConfig, SourceKind
from papertag.sources.formats import Format
from papertag.sources.open import open_source
from papertag.sources.read import read_papers
from papertag.sources.rejects_file import RejectsFile
from papertag.sources.tally import Tally

__all__ = ["Format", "RejectsFile", "SourceConfig", "SourceKind", "Tally", "open_source", "read_papers"]
