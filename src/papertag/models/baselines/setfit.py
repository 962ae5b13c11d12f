"""SetFit: a sentence encoder tuned on pairs of a few papers an area (Tunstall et al. 2022, arXiv 2209.11055)."""

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import TaskID

from papertag.console import Bar, progress
from papertag.content import folder_size
from papertag.errors import UserError
from papertag.models.baselines.encoder import EncoderConfig, embed, sentence_transformer
from papertag.models.baselines.head import LogisticHead


@dataclass
class SetFitConfig:
    """SetFit's settings.

    Attributes:
        shots: labelled papers an area.
        iterations: pairs of papers that share an area, and as many that share none, drawn for each paper; what
            the paper calls R. Training time grows with shots times iterations.
        batch_size: pairs in one step.
        learning_rate: of the encoder, at its peak.
        c: inverse of the strength of the classifier's L2 penalty.
        seed: of the drawn papers and pairs.
    """

    shots: int = 8
    iterations: int = 5
    batch_size: int = 16
    learning_rate: float = 2e-5
    c: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("shots", "iterations", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"setfit.{name}={getattr(self, name)} must be at least 1")
        for name in ("learning_rate", "c"):
            if getattr(self, name) <= 0:
                raise UserError(f"setfit.{name}={getattr(self, name)} must be more than 0")
        if self.seed < 0:
            raise UserError(f"setfit.seed={self.seed} must not be negative")


class SetFit:
    """Tunes an encoder on pairs of a few papers, with the package ``setfit``; then regressions on its embeddings."""

    def __init__(self, config: SetFitConfig, encoder: EncoderConfig) -> None:
        self._config, self._folder = config, encoder.folder()
        self._encoder = sentence_transformer(encoder)
        self._head: LogisticHead | None = None

    def fit(self, texts: Sequence[str], labels: NDArray[np.float32]) -> int:
        """Draw the papers, tune and fit; see `papertag.models.baselines.base.Baseline`."""
        drawn = draw(labels >= 0.5, self._config.shots, self._config.seed)
        shots, hits = [texts[i] for i in drawn], labels[drawn] >= 0.5
        self._tune(shots, hits)
        self._head = LogisticHead.fit(embed(self._encoder, shots), hits.astype(np.float32), self._config.c)
        return len(drawn)

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the regressions' logits, shape (texts, areas)."""
        assert self._head is not None
        return self._head.logits(embed(self._encoder, texts))

    @property
    def size_bytes(self) -> int:
        """Of the encoder's folder, whose weights keep their size, and the regressions' weights."""
        assert self._head is not None
        return folder_size(self._folder) + self._head.size_bytes

    def _tune(self, texts: list[str], hits: NDArray[np.bool_]) -> None:
        from setfit import SetFitModel, Trainer, TrainingArguments, logging
        from transformers import PrinterCallback, ProgressCallback

        logging.set_verbosity_warning()
        config = self._config
        with tempfile.TemporaryDirectory() as scratch, progress("pairs", transient=True) as bar:
            arguments = TrainingArguments(
                output_dir=scratch,
                batch_size=config.batch_size,
                num_epochs=1,
                num_iterations=config.iterations,
                body_learning_rate=config.learning_rate,
                seed=config.seed,
                max_length=self._encoder.max_seq_length,
                logging_strategy="no",
                save_strategy="no",
                report_to="none",
            )
            # Only the encoder is tuned by the package; the regressions on top are those of the other baselines.
            trainer = Trainer(SetFitModel(model_body=self._encoder, multi_target_strategy="one-vs-rest"), arguments)
            for callback in (PrinterCallback, ProgressCallback):
                trainer.remove_callback(callback)
            pairs = 2 * config.iterations * len(texts)
            task = bar.add_task("SetFit", total=pairs, note="")
            trainer.add_callback(_shown(bar, task, config.batch_size))
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*pin_memory")
                trainer.train_embeddings(texts, hits.astype(int).tolist(), args=arguments)


def _shown(bar: Bar, task: TaskID, batch_size: int) -> Any:
    """Return a callback that moves a progress bar at every step."""
    from transformers import TrainerCallback

    class Shown(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            bar.step(task, batch_size)

    return Shown()


def draw(hits: NDArray[np.bool_], shots: int, seed: int) -> list[int]:
    """Return positions of papers so that every area has `shots` of them, or all that it has where these are fewer.

    The rarest areas draw first; a paper that stands for several areas counts for each.

    Args:
        hits: shape (papers, areas).
        shots: papers an area.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(hits), dtype=np.bool_)
    for area in np.argsort(hits.sum(axis=0), kind="stable"):
        lacking = shots - int(hits[chosen, area].sum())
        if lacking > 0:
            chosen[rng.permutation(np.flatnonzero(hits[:, area] & ~chosen))[:lacking]] = True
    return np.flatnonzero(chosen).tolist()
