"""Areas of the user's own from about eight papers each.

Nothing below the last layer changes, so areas that a finished model knows keep their outputs; a new area is a new row
of the last layer (`papertag.models.prototypes`) and a new column of the linear member. Where no area is known, the rows
stand on the plain encoder: fine-tuning on other areas costs it most of what it knows of these (docs/LOG.md).
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from papertag.console import note
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.models.classifier import build_model, load_classifier
from papertag.models.decision import decide
from papertag.models.folder import Calibration, Metadata, load_metadata, save_model_folder
from papertag.models.linear import LinearMember, MemberKind
from papertag.models.prototypes import Prototypes
from papertag.models.rows import last_layer, layer_inputs, replace_rows
from papertag.models.shipped import shipped_model
from papertag.paper import input_text
from papertag.taxonomy import Taxonomy
from papertag.training import metrics as measured
from papertag.training.calibrate import Thresholds, fit_abstention, fit_decisions
from papertag.training.config import DatasetConfig, TrainConfig
from papertag.training.data import labels_of_split, texts_of_split
from papertag.training.few_shot_card import few_shot_card
from papertag.training.few_shot_learner import Learner, Mixture, Papers, choose, pair_weights
from papertag.training.run import flat, library_versions, settings_of

_FEWEST = 2
_AVERAGED = ("f1", "precision", "recall")


def learn(
    config: TrainConfig,
    accelerator: Any,
    splits: Mapping[str, Any],
    taxonomy: Taxonomy,
    fingerprint: str,
    folder: Path,
) -> dict[str, dict[str, Any]]:
    """Make a model of the areas of `taxonomy`, and leave it in ``folder / "model"``.

    An area that the finished model ``method.base`` knows, by name and definition, stays as it is. The others are
    learned from the annotated papers of train and validation together: so few are better spent on learning, and
    calibration and thresholds are fitted by cross-validation. Papers without an annotation, as an unlabelled listing
    brings them, stand for what papers are like in general: they are the centre of the prototypes and count as
    negatives.

    Arguments and result are those of `papertag.training.loop.train`; ``validation`` holds the cross-validated
    metrics of the learned areas, see `held_out_metrics`.

    Raises:
        UserError: an area to learn has fewer than 2 papers, no area is left to learn, a model cannot be had, or a
            setting was made that few-shot learning does not read.
    """
    _check_settings(config)
    started = time.perf_counter()
    method = config.method
    assert method.definition_weight is not None
    assert method.base_rate is not None
    path = Path(method.base).expanduser() if method.base else shipped_model()
    base = load_metadata(path)
    source = {area: base.taxonomy.index.get(area) for area in taxonomy.areas}
    for area, j in source.items():
        if j is not None and base.taxonomy.definitions[area] != taxonomy.definitions[area]:
            source[area] = None
    kept = {area: j for area, j in source.items() if j is not None}
    new = [area for area, j in source.items() if j is None]
    if not new:
        raise UserError(
            f"dataset.path={config.dataset.path}: {path} knows every area of its taxonomy: none is to learn"
        )
    papers = _papers(splits, taxonomy, new, annotated_only=config.dataset.annotated_only)
    _check_examples(papers, new, base.taxonomy, config.dataset.path)
    _announce(papers, kept, new, f"model {path}" if kept else f"encoder {config.model.name}")

    if kept:
        model, tokenizer = load_classifier(path)
    else:
        model, tokenizer = build_model(config.model, taxonomy, papers.labels.mean(axis=0), network=config.network)
    model.to(accelerator.device)
    base_words = LinearMember.load(path, len(base.taxonomy.areas)) if base.member is MemberKind.linear else None
    # Kept areas need their words; but a member that weighs nothing may as well be another one.
    same_words = bool(kept) and base_words is not None and base.calibration.linear > 0
    definitions = [input_text(area.replace("-", " "), taxonomy.definitions[area]) for area in new]
    learner = Learner(
        definitions=definitions,
        definition_features=layer_inputs(model, tokenizer, definitions, accelerator.device),
        definition_weight=method.definition_weight,
        member=config.member,
        words=base_words if same_words or not kept else None,
    )
    learners = [learner]
    if not kept and base_words is not None and config.member.kind is MemberKind.linear:
        # How rare words are is known better from many papers than from these, unless these are about something else.
        learners.append(replace(learner, words=None))
    features = layer_inputs(model, tokenizer, papers.texts, accelerator.device)
    weights = pair_weights(papers.labels, method.base_rate)
    chosen = choose(learners, papers, features, weights)
    learned, fitted, probability = chosen.learner.fit(papers, features), chosen.mixture, chosen.probability
    decisions = fit_decisions(probability, papers.labels, new, Thresholds["global"], weights)

    linear = base.calibration.linear if same_words else 1.0 if learned.words else 0.0
    metadata = Metadata(
        taxonomy=taxonomy,
        **decisions,
        calibration=Calibration(linear=linear),
        member=MemberKind.linear if same_words or learned.words else MemberKind.none,
        fingerprint=fingerprint,
        versions=library_versions(),
    )
    if kept:
        known = _known_probabilities(model, base, base_words, features, papers.texts)[:, list(kept.values())]
        fit_threshold = fit_abstention(np.hstack([known, probability]), papers.labels)
        metadata = _joined(metadata, base, kept, fit_threshold)
    _set_rows(model, source, metadata, learned.prototypes, fitted)
    member = _columns(source, metadata, base_words if same_words else None, learned.words, fitted)
    own = np.array([metadata.thresholds[area] for area in new], dtype=np.float32)
    results = {"validation": held_out_metrics(probability, papers.labels, new, own, method.base_rate)}
    if len(splits.get("test", ())):
        results["test"] = _measure_test(model, tokenizer, member, metadata, splits["test"], accelerator.device)
    if accelerator.is_main_process:
        overall = {split: {k: v for k, v in r.items() if k != "areas"} for split, r in results.items()}
        metadata = replace(metadata, metrics=overall)
        card = few_shot_card(metadata, results["validation"], list(kept), papers.examples, method.base_rate)
        with whole_file(folder / "metrics.json") as temporary:
            temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        save_model_folder(folder / "model", model, tokenizer, metadata, card, member)
        note(f"learned {len(new)} areas in {time.perf_counter() - started:.0f} s")
    accelerator.wait_for_everyone()
    return results


def held_out_metrics(
    probability: NDArray[np.float32],
    labels: NDArray[np.float32],
    areas: Sequence[str],
    thresholds: NDArray[np.float32],
    base_rate: float,
) -> dict[str, Any]:
    """Return metrics of the form of `papertag.training.metrics.compute`, those that a few picked papers can tell.

    Precision and F1 are those at which a share `base_rate` of the papers carries the area. Papers without an
    annotation count as negatives, so precision comes out too low where some of them carry the area.
    """
    from sklearn.metrics import average_precision_score

    rows: dict[str, dict[str, Any]] = {}
    for i, area in enumerate(areas):
        hit, found = labels[:, i] > 0, probability[:, i] >= thresholds[i]
        recall, false_alarms = float(found[hit].mean()), float(found[~hit].mean())
        share = base_rate * recall + (1 - base_rate) * false_alarms
        rows[area] = {
            "f1": 2 * base_rate * recall / (base_rate + share),
            "precision": base_rate * recall / share if share else 0.0,
            "recall": recall,
            "average_precision": float(average_precision_score(hit, probability[:, i])),
            "support": int(hit.sum()),
            "predicted": int(found.sum()),
            "threshold": float(thresholds[i]),
        }
    overall = {f"macro_{name}": float(np.mean([row[name] for row in rows.values()])) for name in _AVERAGED}
    mean_precision = float(np.mean([row["average_precision"] for row in rows.values()]))
    return {"papers": len(labels), "map": mean_precision, **overall, "areas": rows}


def _papers(splits: Mapping[str, Any], taxonomy: Taxonomy, new: Sequence[str], *, annotated_only: bool) -> Papers:
    columns = [taxonomy.index[area] for area in new]
    found: dict[bool, tuple[list[str], list[NDArray[np.float32]]]] = {True: ([], []), False: ([], [])}
    for name in ("train", "validation"):
        if not len(split := splits.get(name, ())):
            continue
        labels = labels_of_split(split, hard_labels=False)[:, columns]
        for text, row, annotated in zip(texts_of_split(split), labels, split["annotated"], strict=True):
            # Rules and keywords may have voted: neither an example nor a paper that stands for all others.
            if annotated or not (row.any() or annotated_only):
                found[bool(annotated)][0].append(text)
                found[bool(annotated)][1].append(row)
    labels = np.array(found[True][1] + found[False][1], dtype=np.float32).reshape(-1, len(new))
    return Papers(found[True][0] + found[False][0], (labels >= 0.5).astype(np.float32), len(found[True][0]))


def _check_examples(papers: Papers, new: Sequence[str], known: Taxonomy, dataset: str) -> None:
    for area, count in zip(new, papers.labels.sum(axis=0).astype(int).tolist(), strict=True):
        if count < _FEWEST:
            why = ", whose definition is not the one that the model knows," if area in known.index else ""
            raise UserError(
                f"dataset.path={dataset}: area {area!r}{why} has {count} annotated papers in train and validation, "
                f"and needs at least {_FEWEST}, better 8: annotate more, or build with split.test_fraction=0"
            )
        if count == len(papers.texts):
            raise UserError(
                f"dataset.path={dataset}: every paper carries {area!r}, so there is none to tell it from: "
                "add a listing without areas to the build's input"
            )


def _announce(papers: Papers, kept: Mapping[str, int], new: Sequence[str], start: str) -> None:
    counts = papers.labels.sum(axis=0).astype(int).tolist()
    of_each = ", ".join(f"{area} ({count})" for area, count in zip(new, counts, strict=True))
    note(f"on the {start}: {len(kept)} areas stay as they are" if kept else f"on the plain {start}: all areas are new")
    note(f"learning {len(new)} areas from {papers.examples:,} annotated papers: {of_each}")
    others = len(papers.texts) - papers.examples
    note(
        f"{others:,} papers without annotation stand for papers in general"
        if others
        else "no paper without annotation is there to stand for papers in general: thresholds will be rough; "
        "add a listing of the kind that you will tag to the build's input"
    )


def _joined(learned: Metadata, base: Metadata, kept: Mapping[str, int], fit_threshold: float) -> Metadata:
    """Return what decides over areas kept and learned; `fit_threshold` is fitted on papers of the learned ones."""
    areas = learned.taxonomy.areas
    return replace(
        learned,
        thresholds={area: (base if area in kept else learned).thresholds[area] for area in areas},
        policies={
            policy: {area: (base.policies[policy] if area in kept else thresholds)[area] for area in areas}
            for policy, thresholds in learned.policies.items()
            if policy in base.policies
        },
        # Papers of the kept areas and papers of the learned ones: neither are to lose more than their share.
        fit_threshold=min(base.fit_threshold, fit_threshold),
        calibration=replace(base.calibration, linear=learned.calibration.linear),
    )


def _known_probabilities(
    model: Any, base: Metadata, words: LinearMember | None, features: NDArray[np.float32], texts: list[str]
) -> NDArray[np.float32]:
    weight, bias = _layer(model)
    logits = (features @ weight.T + bias).astype(np.float32)
    return base.calibration.probabilities(logits, words.logits(texts) if words else None)


def _layer(model: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    layer = last_layer(model)
    return layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy()


def _set_rows(
    model: Any, source: Mapping[str, int | None], metadata: Metadata, learned: Prototypes, fitted: Mixture
) -> None:
    """Put the last layer together: rows of the finished model, and learned ones that its calibration undoes."""
    shared = metadata.calibration
    before, before_bias = _layer(model)
    stretch = shared.temperature * fitted.prototypes
    rows = iter(zip(stretch * learned.rows, -stretch * (learned.rows @ learned.centre), strict=True))
    weight, bias = np.zeros((len(source), before.shape[1]), np.float32), np.zeros(len(source), np.float32)
    for i, j in enumerate(source.values()):
        if j is None:
            weight[i], bias[i] = next(rows)
            bias[i] += shared.temperature * (fitted.bias - shared.bias)
        else:
            weight[i], bias[i] = before[j], before_bias[j]
    replace_rows(model, metadata.taxonomy, weight, bias)


def _columns(
    source: Mapping[str, int | None],
    metadata: Metadata,
    base: LinearMember | None,
    learned: LinearMember | None,
    fitted: Mixture,
) -> LinearMember | None:
    """Put the linear member together in the same way; without `base`, kept areas get nothing from words."""
    words = base or learned
    if words is None:
        return None
    columns: list[tuple[LinearMember, int, float] | None] = []
    position = 0
    for j in source.values():
        if j is not None:
            columns.append((base, j, 1.0) if base else None)
            continue
        columns.append((learned, position, fitted.words / metadata.calibration.linear) if learned else None)
        position += 1
    return words.with_areas(columns)


def _measure_test(
    model: Any, tokenizer: Any, member: LinearMember | None, metadata: Metadata, split: Any, device: Any
) -> dict[str, Any]:
    texts = texts_of_split(split)
    weight, bias = _layer(model)
    logits = layer_inputs(model, tokenizer, texts, device) @ weight.T + bias
    probability = metadata.calibration.probabilities(logits, member.logits(texts) if member else None)
    truth = labels_of_split(split, hard_labels=True)
    thresholds = metadata.threshold_array()
    chosen = decide(probability, thresholds, fit_threshold=metadata.fit_threshold)
    return measured.compute(probability, truth, metadata.taxonomy.areas, thresholds, chosen)


def _check_settings(config: TrainConfig) -> None:
    """Refuse settings of fine-tuning that would be ignored."""
    read = TrainConfig(
        output=config.output,
        dataset=DatasetConfig(path=config.dataset.path, annotated_only=config.dataset.annotated_only),
        member=config.member,
        method=config.method,
        network=config.network,
    )
    read.model = config.model
    given, meant = flat(settings_of(config)), flat(settings_of(read))
    ignored = [key for key in meant if given[key] != meant[key]]
    if ignored:
        raise UserError(
            f"{', '.join(ignored)}: method=few-shot trains no weights by gradient descent, so this has no meaning: "
            "leave it away"
        )
