"""Papers and a model folder to tagged papers, streamed in input order, and written by the output's suffix.

Public: `Tagger`, `TaggedPaper`, `open_writer`, `EngineConfig`, `DecisionConfig`.
"""

from papertag.tagging.decision import DecisionConfig
from papertag.tagging.engine import EngineConfig
from papertag.tagging.tagger import TaggedPaper, Tagger
from papertag.tagging.writers import open_writer

__all__ = ["DecisionConfig", "EngineConfig", "TaggedPaper", "Tagger", "open_writer"]
