"""The settings of labeling, and the labelers that they name."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from papertag.errors import UserError

if TYPE_CHECKING:
    from papertag.labeling.vote import Labeler
    from papertag.taxonomy import Taxonomy


@dataclass
class LabelingConfig:
    """Which labelers vote.

    Attributes:
        annotations: files of id or title to areas. A listing's own areas count as annotations with or
            without such files.
        rules: a rules file, ``default`` for the packaged one, null for none.
        keywords: a keywords file, ``default`` for the packaged one, null for none.
    """

    annotations: list[str] = field(default_factory=list)
    rules: str | None = "default"
    keywords: str | None = "default"

    def __post_init__(self) -> None:
        for name in ("rules", "keywords"):
            if getattr(self, name) == "":
                raise UserError(f"labeling.{name} is empty: give a file, 'default', or null for none")
        if not all(self.annotations):
            raise UserError("labeling.annotations holds an empty name: give the names of files")


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
