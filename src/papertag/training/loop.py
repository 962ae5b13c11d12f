"""Fine-tuning from the first batch to the finished model folder, in the order in which it happens."""

import contextlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from papertag.console import note as print_note
from papertag.console import progress
from papertag.errors import UserError
from papertag.files import whole_file
from papertag.models.adaptation import adapt, merge, trainable
from papertag.models.classifier import build_model
from papertag.models.decision import decide
from papertag.models.folder import Metadata, save_model_folder
from papertag.models.forward import collate
from papertag.models.linear import LinearMember, MemberKind
from papertag.models.losses import MultiLabelLoss
from papertag.models.noise import neftune
from papertag.taxonomy import Taxonomy
from papertag.training import metrics as measured
from papertag.training.calibrate import fit_calibration, fit_decisions, fit_thresholds
from papertag.training.card import model_card
from papertag.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from papertag.training.config import TrainConfig, TrainingConfig
from papertag.training.cost import Meter, write_cost
from papertag.training.data import (
    EncodedSplit,
    draw,
    encode_split,
    epoch_batches,
    labels_of,
    labels_of_split,
    texts_of_split,
)
from papertag.training.optim import build_optimizer, build_schedule
from papertag.training.predict import predict
from papertag.training.run import library_versions, settings_of


def train(
    config: TrainConfig,
    accelerator: Any,
    splits: Mapping[str, Any],
    taxonomy: Taxonomy,
    fingerprint: str,
    folder: Path,
) -> dict[str, dict[str, Any]]:
    """Fine-tune a model on ``splits["train"]`` and leave it, fitted on validation, in ``folder / "model"``.

    A folder with checkpoints of the same run is gone on with from the newest one.

    Args:
        config: checked settings.
        accelerator: accelerate's, with its trackers started.
        splits: ``train``, ``validation`` and, where there is one, ``test``: datasets with the columns
            title, abstract, labels and annotated.
        taxonomy: the areas that labels stand for.
        fingerprint: the dataset's, for the model folder.
        folder: the run's.

    Returns:
        The metrics of the finished model: split to what `metrics.compute` returns.

    Raises:
        UserError: a split is empty, the model cannot be had, or the loss is no longer a number.
    """
    from accelerate.utils import set_seed

    settings = config.training
    set_seed(settings.seed)
    splits = _chosen(config, splits)
    rate = labels_of_split(splits["train"], hard_labels=config.dataset.hard_labels).mean(axis=0)
    model, tokenizer = build_model(config.model, taxonomy, rate, network=config.network)
    model, tokenizer = adapt(model, tokenizer, config.adaptation)
    data = {
        name: encode_split(
            split,
            tokenizer,
            hard_labels=config.dataset.hard_labels,
            max_length=settings.max_length if name == "train" else 0,
        )
        for name, split in splits.items()
    }
    train_data, validation = data["train"], data["validation"]
    loss_of = MultiLabelLoss(config.loss, _tensor(rate)).to(accelerator.device)
    if settings.neftune_noise_alpha:
        neftune(model, settings.neftune_noise_alpha)

    accumulate = settings.gradient_accumulation_steps

    def batches_of(epoch: int) -> list[list[int]]:
        return epoch_batches(
            train_data.lengths,
            settings.batch_size,
            seed=settings.seed,
            epoch=epoch,
            processes=accelerator.num_processes,
        )

    papers_a_batch = settings.batch_size * accelerator.num_processes
    steps_an_epoch = math.ceil(len(batches_of(0)) / accelerator.num_processes / accumulate)
    optimizer = build_optimizer(
        model,
        learning_rate=settings.learning_rate,
        head_learning_rate=settings.head_learning_rate,
        layer_decay=settings.layer_decay,
        weight_decay=settings.weight_decay,
    )
    schedule = build_schedule(
        optimizer, settings.lr_scheduler_type, steps=steps_an_epoch * settings.epochs, warmup=settings.warmup_ratio
    )
    model, optimizer = accelerator.prepare(model, optimizer)
    accelerator.register_for_checkpointing(schedule)
    checkpoints, history, best_weights = (
        folder / "checkpoints",
        folder / "metrics.jsonl",
        folder / "best.safetensors",
    )
    state = load_checkpoint(accelerator, checkpoints) or Progress()
    meter = Meter(state.spent, accelerator.device)
    if accelerator.is_main_process:
        _announce(config, accelerator, model, data, taxonomy, state)
        _rewind(history, state.step)

    with progress() as bar:
        task = bar.add_task("", total=None, note="", visible=accelerator.is_main_process)
        while state.epoch < settings.epochs and not state.stopped:
            batches = batches_of(state.epoch)[accelerator.process_index :: accelerator.num_processes]
            bar.reset(
                task,
                total=len(train_data),
                description=f"epoch {state.epoch + 1}/{settings.epochs}",
                completed=min(len(train_data), state.batch * papers_a_batch),
            )
            model.train()
            meter.start()
            while state.batch < len(batches):
                positions = batches[state.batch]
                state.batch += 1
                is_step = state.batch % accumulate == 0 or state.batch == len(batches)
                # The last group of an epoch may be smaller than the others.
                group = min(accumulate, len(batches) - (state.batch - 1) // accumulate * accumulate)
                with contextlib.nullcontext() if is_step else accelerator.no_sync(model):
                    inputs = collate([train_data.token_ids[i] for i in positions], tokenizer, accelerator.device)
                    logits = model(**inputs).logits
                    loss = loss_of(logits, labels_of(train_data, positions).to(accelerator.device))
                    accelerator.backward(loss / group)
                state.loss_sum += _finite(loss.item(), state.step)
                if is_step:
                    if settings.max_grad_norm:
                        accelerator.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
                    optimizer.step()
                    if not accelerator.optimizer_step_was_skipped:
                        schedule.step()
                    optimizer.zero_grad()
                    state.step += 1
                    accelerator.log(
                        {"train/loss": loss.item(), "train/learning_rate": schedule.get_last_lr()[0]},
                        step=state.step,
                    )
                note = f"loss {state.loss_sum / state.batch:.4f}"
                bar.update(task, completed=min(len(train_data), state.batch * papers_a_batch), note=note)
                if accelerator.is_main_process:
                    bar.heartbeat(task)
                meter.stop()
                if is_step and settings.checkpointing_steps and state.step % settings.checkpointing_steps == 0:
                    save_checkpoint(accelerator, checkpoints, state, settings.save_total_limit)
                    meter.start()

            bar.update(task, note=f"loss {state.loss_sum / state.batch:.4f}, validating")
            logits = predict(accelerator, model, tokenizer, validation, settings.batch_size)
            scores = _scores(logits, validation, taxonomy, settings)
            _end_epoch(state, settings, scores[settings.metric_for_best_model.value])
            if accelerator.is_main_process:
                if state.best_epoch == state.epoch - 1:
                    _save_weights(accelerator.unwrap_model(model), best_weights)
                _record(history, state, scores, accelerator)
            accelerator.wait_for_everyone()
            save_checkpoint(accelerator, checkpoints, state, settings.save_total_limit)

    papers_per_second = state.epoch * len(train_data) / max(state.spent.seconds, 1e-9)
    meter.start()
    linear = _fit_linear(config, splits, accelerator)
    meter.stop()
    if accelerator.is_main_process:
        write_cost(folder, model, len(train_data), state.spent, papers_per_second)
    return _finish(config, accelerator, model, tokenizer, data, taxonomy, fingerprint, folder, best_weights, linear)


def _chosen(config: TrainConfig, splits: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {}
    for name, split in splits.items():
        if name == "train" and config.dataset.annotated_only:
            split = split.filter(lambda row: row["annotated"], keep_in_memory=True)
            if not len(split):
                raise UserError(
                    "dataset.annotated_only=true leaves nothing to train on: no training paper is annotated"
                )
        if name == "train" and config.dataset.train_papers is not None:
            split = draw(split, config.dataset.train_papers, config.training.seed)
        if config.debug.max_papers:
            split = split.select(range(min(config.debug.max_papers, len(split))))
        chosen[name] = split
    for name in ("train", "validation"):
        if not len(chosen.get(name, ())):
            raise UserError(f"dataset.path={config.dataset.path} has no papers in the split {name!r}")
    return chosen


def _tensor(values: NDArray[np.float32]) -> Any:
    import torch

    return torch.from_numpy(values)


def _finite(loss: float, step: int) -> float:
    if not math.isfinite(loss):
        raise UserError(
            f"the loss is {loss} after step {step}: lower training.learning_rate, or set training.max_grad_norm"
        )
    return loss


def _scores(
    logits: NDArray[np.float32], split: EncodedSplit, taxonomy: Taxonomy, settings: TrainingConfig
) -> dict[str, Any]:
    """Return validation metrics with calibration and thresholds fitted on the same split: optimistic, so only
    for comparing epochs."""
    truth = (split.labels >= 0.5).astype(np.float32)
    probability = fit_calibration(logits, truth).probabilities(logits)
    thresholds = fit_thresholds(probability, truth, settings.thresholds)
    return measured.compute(probability, truth, taxonomy.areas, thresholds)


def _end_epoch(state: Progress, settings: TrainingConfig, value: float) -> None:
    state.mean_loss = state.loss_sum / state.batch
    if value > state.best:
        state.best, state.best_epoch, state.stale = value, state.epoch, 0
    else:
        state.stale += 1
    state.epoch, state.batch, state.loss_sum = state.epoch + 1, 0, 0.0
    state.stopped = bool(settings.early_stopping_patience) and state.stale >= settings.early_stopping_patience


def _record(history: Path, state: Progress, scores: dict[str, Any], accelerator: Any) -> None:
    overall = {key: value for key, value in scores.items() if key != "areas"}
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": state.step, "epoch": state.epoch, "loss": state.mean_loss} | overall) + "\n")
    accelerator.log({f"validation/{key}": value for key, value in overall.items()}, step=state.step)
    best = " (best)" if state.best_epoch == state.epoch - 1 else ""
    print_note(
        f"epoch {state.epoch}: loss {state.mean_loss:.4f}, validation mAP {scores['map']:.3f}, "
        f"macro-F1 {scores['macro_f1']:.3f}, micro-F1 {scores['micro_f1']:.3f}{best}"
    )


def _rewind(history: Path, step: int) -> None:
    """Drop what a run that was killed recorded after the checkpoint it now goes on from."""
    if history.is_file():
        lines = [line for line in history.read_text(encoding="utf-8").splitlines() if json.loads(line)["step"] <= step]
        with whole_file(history) as temporary:
            temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _save_weights(model: Any, path: Path) -> None:
    with whole_file(path) as temporary:
        save_file({name: x.detach().cpu().contiguous().clone() for name, x in model.state_dict().items()}, temporary)


def _announce(
    config: TrainConfig,
    accelerator: Any,
    model: Any,
    data: dict[str, EncodedSplit],
    taxonomy: Taxonomy,
    state: Progress,
) -> None:
    trained, everything = trainable(model)
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in data.items())
    print_note(
        f"{config.model.name}, adaptation {config.adaptation.kind.value}: {trained:,} of {everything:,} parameters "
        f"train; {len(taxonomy.areas)} areas; papers: {sizes}"
    )
    print_note(
        f"device {accelerator.device}, {accelerator.num_processes} process(es), precision {accelerator.mixed_precision}"
    )
    if state.step:
        print_note(f"going on from step {state.step} (epoch {state.epoch + 1}, batch {state.batch})")


def _fit_linear(
    config: TrainConfig, splits: Mapping[str, Any], accelerator: Any
) -> tuple[LinearMember, dict[str, NDArray[np.float32]]] | None:
    """Return the linear member of the run and its logits on every split that is measured; None without one."""
    if config.member.kind is MemberKind.none:
        return None
    if accelerator.is_main_process:
        print_note("fitting the linear member")
    labels = labels_of_split(splits["train"], hard_labels=config.dataset.hard_labels)
    member = LinearMember.fit(texts_of_split(splits["train"]), labels, config.member)
    measured_splits = {name: split for name, split in splits.items() if name != "train" and len(split)}
    return member, {name: member.logits(texts_of_split(split)) for name, split in measured_splits.items()}


def _finish(
    config: TrainConfig,
    accelerator: Any,
    model: Any,
    tokenizer: Any,
    data: dict[str, EncodedSplit],
    taxonomy: Taxonomy,
    fingerprint: str,
    folder: Path,
    best_weights: Path,
    linear: tuple[LinearMember, dict[str, NDArray[np.float32]]] | None,
) -> dict[str, dict[str, Any]]:
    """Fit the best epoch's model on validation, measure it in full precision, and save the model folder."""
    started = time.perf_counter()
    plain = accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    plain.load_state_dict(load_file(best_weights))
    plain = merge(plain)
    batch_size = config.training.batch_size
    validation = data["validation"]
    logits = predict(accelerator, plain, tokenizer, validation, batch_size)
    truth = (validation.labels >= 0.5).astype(np.float32)
    member, linear_logits = linear or (None, {})
    calibration = fit_calibration(logits, truth, linear_logits.get("validation"))
    probability = calibration.probabilities(logits, linear_logits.get("validation"))
    fitted = fit_decisions(probability, truth, taxonomy.areas, config.training.thresholds)
    metadata = Metadata(
        taxonomy=taxonomy,
        **fitted,
        calibration=calibration,
        member=config.member.kind,
        fingerprint=fingerprint,
        versions=library_versions(),
    )
    results = {"validation": _measure(probability, truth, metadata)}
    if "test" in data and len(data["test"]):
        logits = predict(accelerator, plain, tokenizer, data["test"], batch_size)
        probability = calibration.probabilities(logits, linear_logits.get("test"))
        truth = (data["test"].labels >= 0.5).astype(np.float32)
        results["test"] = _measure(probability, truth, metadata)
    if accelerator.is_main_process:
        overall = {split: {k: v for k, v in r.items() if k != "areas"} for split, r in results.items()}
        metadata = replace(metadata, metrics=overall)
        card = model_card(config.model.name, metadata, results, settings_of(config), len(data["train"]))
        # The model folder comes last: it is what makes a run a finished one.
        with whole_file(folder / "metrics.json") as temporary:
            temporary.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        save_model_folder(folder / "model", plain, tokenizer, metadata, card, member)
        best_weights.unlink()
        accelerator.log({f"{s}/final_{k}": v for s, r in results.items() for k, v in r.items() if k != "areas"})
        print_note(f"calibrated, measured and saved in {time.perf_counter() - started:.0f} s")
    accelerator.wait_for_everyone()
    return results


def _measure(probability: NDArray[np.float32], truth: NDArray[np.float32], metadata: Metadata) -> dict[str, Any]:
    """Return the metrics of what `papertag tag` would decide by default."""
    thresholds = metadata.threshold_array()
    chosen = decide(probability, thresholds, fit_threshold=metadata.fit_threshold)
    return measured.compute(probability, truth, metadata.taxonomy.areas, thresholds, chosen)
