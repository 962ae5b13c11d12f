"""The baselines by name, with the settings that each reads."""

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from papertag.content import folder_hash
from papertag.models.baselines.base import Baseline
from papertag.models.baselines.encoder import EncoderConfig, require
from papertag.models.baselines.frozen import Frozen, FrozenConfig
from papertag.models.baselines.majority import Majority
from papertag.models.baselines.rules import Rules
from papertag.models.baselines.setfit import SetFit, SetFitConfig
from papertag.models.baselines.tfidf import TfIdf
from papertag.models.baselines.zero_shot import ZeroShot
from papertag.taxonomy import Taxonomy


class Method(Enum):
    """The baselines to choose from, cheapest first."""

    majority = "majority"
    rules = "rules"
    tfidf = "tfidf"
    zero_shot = "zero_shot"
    setfit = "setfit"
    frozen = "frozen"


_PACKAGES = {
    Method.zero_shot: ("sentence_transformers",),
    Method.frozen: ("sentence_transformers",),
    Method.setfit: ("sentence_transformers", "setfit"),
}


@dataclass
class MethodsConfig:
    """The settings of all baselines; each reads some."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    frozen: FrozenConfig = field(default_factory=FrozenConfig)
    setfit: SetFitConfig = field(default_factory=SetFitConfig)

    def read_by(self, method: Method) -> dict[str, Any]:
        """Return the settings that a method reads, as plain values; the encoder is known by its content.

        Raises:
            UserError: the encoder is not there, or a package that the method needs is not installed.
        """
        if method not in _PACKAGES:
            return {}
        require(*_PACKAGES[method])
        encoder = {"encoder": folder_hash(self.encoder.folder()), "max_length": self.encoder.max_length}
        if method is Method.frozen:
            return encoder | asdict(self.frozen)
        return encoder | (asdict(self.setfit) if method is Method.setfit else {})

    def about(self, method: Method) -> str:
        """Return what a reader of a method's figures has to know, or nothing."""
        tokens = f"reads {self.encoder.max_length} tokens of a paper"
        match method:
            case Method.rules:
                return "the weights of the packaged phrases were fitted on annotated papers beforehand"
            case Method.zero_shot | Method.frozen:
                return tokens
            case Method.setfit:
                return f"{self.setfit.shots} papers an area, {self.setfit.iterations} like pairs a paper; {tokens}"
        return ""

    def build(self, method: Method, taxonomy: Taxonomy) -> Baseline:
        """Return a baseline to be fitted.

        Raises:
            UserError: the encoder cannot be loaded, or a package that the method needs is not installed.
        """
        match method:
            case Method.majority:
                return Majority()
            case Method.rules:
                return Rules(taxonomy)
            case Method.tfidf:
                return TfIdf()
            case Method.zero_shot:
                return ZeroShot(taxonomy, self.encoder)
            case Method.setfit:
                return SetFit(self.setfit, self.encoder)
            case Method.frozen:
                return Frozen(self.frozen, self.encoder)
