"""The settings of labeling, and the labelers that they name."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from papertag.errors import UserError

if TYPE_CHECKING:
    from papertag.labeling.vote import Labeler
    from papertag.taxonomy import Taxonomy


@dataclass
class LabelingConfig:
    """Which labelers vote.

    Attributes:
        annotations: files of id or title to areas, a list of names or one name. A listing's own areas count as
            annotations with or without such files.
        rules: a rules file, ``default`` for the packaged one, null for none.
        keywords: a keywords file, ``default`` for the packaged one, null for none.
    """

    annotations: Any = field(default_factory=list)
    rules: str | None = "default"
    keywords: str | None = "default"

    def __post_init__(self) -> None:
        for name in ("rules", "keywords"):
            if getattr(self, name) == "":
                raise UserError(f"labeling.{name} is empty: give a file, 'default', or null for none")
        given = self.annotations
        names = [given] if isinstance(given, str) else [] if given is None else given
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise UserError(
                f"labeling.annotations={given} must be the name of a file, or a list such as [a.csv,b.jsonl]"
            )
        self.annotations = names


def build_labelers(config: LabelingConfig, taxonomy: "Taxonomy") -> list["Labeler"]:
    """Return the labelers that `config` names, annotations first.

    Raises:
        UserError: a file of theirs is missing or malformed; the message names it and the line.
    """
    from papertag.labeling.annotations import AnnotationLabeler
    from papertag.labeling.keywords import KeywordLabeler
    from papertag.labeling.rules import RuleLabeler

    labelers: list[Labeler] = [AnnotationLabeler.from_files(config.annotations, taxonomy)]
    if config.rules is not None:
        labelers.append(RuleLabeler.from_file(config.rules, taxonomy))
    if config.keywords is not None:
        labelers.append(KeywordLabeler.from_file(config.keywords, taxonomy))
    return labelers
