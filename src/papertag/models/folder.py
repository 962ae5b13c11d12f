"""The finished model folder: an ordinary Hugging Face one, with ``papertag.json`` beside the weights."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.errors import UserError
from papertag.files import whole_folder
from papertag.models.decision import Policy
from papertag.models.linear import LinearMember, MemberKind
from papertag.taxonomy import Taxonomy

METADATA_FILE = "papertag.json"
_SCHEMA = 1


@dataclass(frozen=True)
class Calibration:
    """Platt scaling shared by all areas (Platt 1999; the temperature of Guo et al. 2017, arXiv 1706.04599).

    The calibrated log-odds of a transformer's logit z and a linear member's logit v are
    z / temperature + linear * v + bias.
    """

    temperature: float = 1.0
    bias: float = 0.0
    linear: float = 0.0

    def log_odds(
        self, logits: NDArray[np.float32], linear_logits: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Return calibrated log-odds of the shape of `logits`; without `linear_logits`, of the transformer alone."""
        scaled: NDArray[np.float64] = logits.astype(np.float64) / self.temperature + self.bias
        return scaled if linear_logits is None else scaled + self.linear * linear_logits

    def probabilities(
        self, logits: NDArray[np.float32], linear_logits: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return calibrated probabilities of the shape of `logits`."""
        odds = np.clip(self.log_odds(logits, linear_logits), -60.0, 60.0)
        return (1.0 / (1.0 + np.exp(-odds))).astype(np.float32)


@dataclass(frozen=True)
class Metadata:
    """What a tagger must know beside the weights.

    Attributes:
        taxonomy: the areas that the model's outputs stand for, in order.
        thresholds: area to the calibrated probability from which on a paper carries it, under the balanced policy.
        policies: the same for the other policies; a model from before they were fitted has none.
        fit_threshold: a paper that fits the taxonomy less carries no area; see `papertag.models.decision`.
        calibration: from logits to probabilities.
        member: what the transformer is combined with.
        fingerprint: of the dataset that the model was trained on.
        metrics: by split, as measured when training ended.
        versions: library to version.
    """

    taxonomy: Taxonomy
    thresholds: dict[str, float]
    policies: Mapping[Policy, dict[str, float]] = field(default_factory=dict)
    fit_threshold: float = 0.0
    calibration: Calibration = field(default_factory=Calibration)
    member: MemberKind = MemberKind.none
    fingerprint: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def threshold_array(self, policy: Policy = Policy.balanced) -> NDArray[np.float32]:
        """Return the thresholds of a policy in the taxonomy's order, shape (areas,).

        Raises:
            UserError: the model has none for this policy.
        """
        thresholds = self.thresholds if policy is Policy.balanced else self.policies.get(policy)
        if thresholds is None:
            raise UserError(
                f"policy={policy.value}: the model has thresholds for policy=balanced only, as models trained by an "
                "older papertag do: train it again, or leave policy away"
            )
        return np.array([thresholds[area] for area in self.taxonomy.areas], dtype=np.float32)


def save_model_folder(
    path: Path, model: Any, tokenizer: Any, metadata: Metadata, card: str, linear: LinearMember | None = None
) -> None:
    """Write the folder whole: weights, configuration, tokenizer, ``papertag.json`` and the card ``README.md``.

    Args:
        path: the folder.
        model: a transformers sequence classifier.
        tokenizer: the one that goes with it.
        metadata: what the tagger must know beside the weights.
        card: Markdown.
        linear: the linear member, where ``metadata.member`` names one.
    """
    with whole_folder(path) as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if linear:
            linear.save(folder)
        save_metadata(folder, metadata)
        (folder / "README.md").write_text(card, encoding="utf-8")


def save_metadata(folder: Path, metadata: Metadata) -> None:
    """Write ``papertag.json`` into a model folder."""
    document = {
        "schema": _SCHEMA,
        "taxonomy": {"hash": metadata.taxonomy.hash, "groups": metadata.taxonomy.groups},
        "thresholds": metadata.thresholds,
        "policies": {policy.value: thresholds for policy, thresholds in metadata.policies.items()},
        "abstention": {"fit": metadata.fit_threshold},
        "calibration": asdict(metadata.calibration),
        "member": metadata.member.value,
        "dataset_fingerprint": metadata.fingerprint,
        "metrics": metadata.metrics,
        "versions": metadata.versions,
    }
    (folder / METADATA_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_metadata(path: Path) -> Metadata:
    """Read ``papertag.json`` of a model folder and check it against the model's own labels.

    Raises:
        UserError: the folder is none of ours, lacks thresholds, or its labels stand in another order.
    """
    if not path.is_dir():
        raise UserError(f"model={path} is not a folder")
    if not (path / "config.json").is_file():
        raise UserError(f"model={path} is not a model folder: it has no config.json")
    if not (path / METADATA_FILE).is_file():
        raise UserError(
            f"model={path} has no {METADATA_FILE}, so its thresholds are unknown: "
            "fine-tune it with 'papertag train', which writes one"
        )
    document = _object(path / METADATA_FILE)
    config = _object(path / "config.json")
    if document.get("schema") != _SCHEMA:
        raise UserError(
            f"{path / METADATA_FILE}: schema {document.get('schema')!r} is not known; this papertag reads {_SCHEMA}"
        )
    try:
        taxonomy = Taxonomy({g: dict(areas) for g, areas in document["taxonomy"]["groups"].items()})
        known_hash = document["taxonomy"]["hash"]
        calibration = Calibration(**{k: float(v) for k, v in document["calibration"].items()})
        member = MemberKind(document.get("member", "none"))
        policies = {Policy(name): dict(values) for name, values in document.get("policies", {}).items()}
        fit_threshold = float(document.get("abstention", {"fit": 0.0})["fit"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path / METADATA_FILE}: {type(error).__name__}: {error}; the file is damaged") from None
    if taxonomy.hash != known_hash:
        raise UserError(f"{path / METADATA_FILE}: the taxonomy does not match its hash {known_hash}: it was edited")
    thresholds = document.get("thresholds") or {}
    for values in (thresholds, *policies.values()):
        lacking = [area for area in taxonomy.areas if not isinstance(values.get(area), float | int)]
        if lacking:
            raise UserError(
                f"{path / METADATA_FILE} has no threshold for {', '.join(lacking[:3])}"
                f"{' and others' if len(lacking) > 3 else ''}: train the model again"
            )
    labels = config.get("id2label") or {}
    if [labels.get(str(i)) for i in range(len(labels))] != list(taxonomy.areas):
        raise UserError(
            f"{path}: the labels of config.json are not the areas of {METADATA_FILE} in the same order: "
            "the folder mixes two models"
        )
    return Metadata(
        taxonomy=taxonomy,
        thresholds={area: float(thresholds[area]) for area in taxonomy.areas},
        policies={policy: {a: float(values[a]) for a in taxonomy.areas} for policy, values in policies.items()},
        fit_threshold=fit_threshold,
        calibration=calibration,
        member=member,
        fingerprint=str(document.get("dataset_fingerprint", "")),
        metrics=document.get("metrics", {}),
        versions=document.get("versions", {}),
    )


def _object(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not valid JSON ({error.msg}): the file is damaged") from None
    if not isinstance(document, dict):
        raise UserError(f"{path}:1: must hold a JSON object")
    return document
