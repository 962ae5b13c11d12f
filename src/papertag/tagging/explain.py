"""Which words of a paper carried an area: the calibrated log-odds taken apart, word by word and member by member.

The transformer is explained by integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365) of its word
embeddings, as captum has them; the linear member is a sum, and is taken apart exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import LayerIntegratedGradients
from numpy.typing import NDArray
from torch import Tensor

from papertag.errors import UserError
from papertag.models.classifier import load_classifier
from papertag.paper import Paper
from papertag.tagging.tagger import Tagger
from papertag.tagging.words import Word, from_features, from_tokens, words_of

# Steps of the path in one forward and backward pass, which bounds the memory.
_BATCH = 8


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of the paper with what all its places give to an area, in calibrated log-odds.

    Attributes:
        text: the word, spelt as where it first stands.
        times: the places where it stands, whatever their case.
        transformer: what it gives through the transformer.
        linear: what it gives through the linear member; 0 where there is none.
    """

    text: str
    times: int
    transformer: float
    linear: float

    @property
    def total(self) -> float:
        """What it gives in all."""
        return self.transformer + self.linear


@dataclass(frozen=True)
class AreaExplanation:
    """The calibrated log-odds of one area: `baseline` + the words' contributions - `gap` = `log_odds`.

    Attributes:
        area: its name.
        assigned: whether the tagger gives it to the paper.
        probability: calibrated.
        log_odds: calibrated; `probability` is their logistic function.
        baseline: the log-odds of a paper with as many tokens, all hidden.
        gap: by how much the sum misses the log-odds, since integrated gradients take a finite number of steps.
        transformer: what each word gives through the transformer, shape (words,).
        linear: what each word gives through the linear member, shape (words,), None where there is none.
    """

    area: str
    assigned: bool
    probability: float
    log_odds: float
    baseline: float
    gap: float
    transformer: NDArray[np.float64]
    linear: NDArray[np.float64] | None

    @property
    def contributions(self) -> NDArray[np.float64]:
        """What each word gives in all, shape (words,)."""
        return self.transformer if self.linear is None else self.transformer + self.linear


@dataclass(frozen=True)
class Explanation:
    """A paper and, for some of its areas, what each word of its text gives to them.

    Attributes:
        paper: the paper.
        words: of `paper.text`, in order.
        read: how many of them, from the first, the transformer reads; the rest exceed its length.
        assigned: the areas that the tagger gives to the paper, best first.
        areas: the explained ones, most probable first.
    """

    paper: Paper
    words: tuple[Word, ...]
    read: int
    assigned: tuple[str, ...]
    areas: tuple[AreaExplanation, ...]

    def ranking(self, explained: AreaExplanation) -> list[WordWeight]:
        """Return the distinct words of the paper, the one that speaks most for the area first."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            places.setdefault(word.text.casefold(), []).append(place)
        ranked = [
            WordWeight(
                text=self.words[where[0]].text,
                times=len(where),
                transformer=float(explained.transformer[where].sum()),
                linear=0.0 if explained.linear is None else float(explained.linear[where].sum()),
            )
            for where in places.values()
        ]
        return sorted(ranked, key=lambda word: -word.total)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object with every word's contribution to every explained area."""
        title = len(self.paper.title)
        words = []
        for word in self.words:
            part, shift = ("title", 0) if word.start < title else ("abstract", title + 1)
            words.append({"text": word.text, "part": part, "start": word.start - shift, "end": word.end - shift})
        return {
            "id": self.paper.id,
            "title": self.paper.title,
            "abstract": self.paper.abstract,
            "areas": list(self.assigned),
            "words": words,
            "words_read": self.read,
            "explanations": [self._area_json(explained) for explained in self.areas],
        }

    def _area_json(self, explained: AreaExplanation) -> dict[str, Any]:
        ranked = [
            {
                "word": word.text,
                "times": word.times,
                "contribution": _rounded(word.total),
                "transformer": _rounded(word.transformer),
                "linear": None if explained.linear is None else _rounded(word.linear),
            }
            for word in self.ranking(explained)
        ]
        return {
            "area": explained.area,
            "assigned": explained.assigned,
            "probability": _rounded(explained.probability),
            "log_odds": _rounded(explained.log_odds),
            "baseline": _rounded(explained.baseline),
            "gap": _rounded(explained.gap),
            "ranking": ranked,
            "contributions": _rounded_list(explained.contributions),
            "transformer": _rounded_list(explained.transformer),
            "linear": None if explained.linear is None else _rounded_list(explained.linear),
        }


class Explainer:
    """Explains what a tagger does, with the gradients of its transformer."""

    def __init__(self, tagger: Tagger, model: Any, tokenizer: Any, *, steps: int) -> None:
        """Join a tagger with its classifier as PyTorch module; see `from_folder`.

        Raises:
            UserError: the tokenizer does not tell where its tokens stand.
        """
        if not getattr(tokenizer, "is_fast", False):
            raise UserError("the model's tokenizer does not tell where its tokens stand: it needs a tokenizer.json")
        self.tagger = tagger
        self._model = model.requires_grad_(False)
        self._tokenizer = tokenizer
        self._steps = steps
        # The token that the encoder knows for a word it cannot see: hidden by padding, a paper still scores for areas.
        self._no_word = tokenizer.pad_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id
        self._gradients = LayerIntegratedGradients(self._logits, model.get_input_embeddings())

    @classmethod
    def from_folder(cls, folder: str | Path, *, steps: int = 32) -> "Explainer":
        """Load a model folder.

        Args:
            folder: a model folder.
            steps: points on the path of the integral; more of them make the gap smaller, and take longer.

        Raises:
            UserError: the folder lacks something or is damaged, or its tokenizer does not tell where tokens stand.
        """
        # Loaded once more, since engines give logits and no gradients.
        return cls(Tagger.from_folder(folder), *load_classifier(Path(folder)), steps=steps)

    def explain(
        self, paper: Paper, areas: Sequence[str] = (), on_area: Callable[[int, int], None] | None = None
    ) -> Explanation:
        """Take the log-odds of `areas` apart; without them those of the assigned areas, or of the most probable one.

        Args:
            paper: the paper.
            areas: names of areas, in any order.
            on_area: called before each area with the number done and that of all.

        Raises:
            UserError: an area is not known to the model.
        """
        metadata, linear = self.tagger.metadata, self.tagger.linear
        taxonomy, calibration = metadata.taxonomy, metadata.calibration
        areas = taxonomy.check(areas, "areas")
        [tagged] = self.tagger.tag([paper])
        tokens = self._tokenizer(
            paper.text,
            truncation=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_tensors="pt",
        )
        ids, mask = tokens["input_ids"], tokens["attention_mask"]
        hidden = torch.where(tokens["special_tokens_mask"].bool(), ids, self._no_word)
        with torch.inference_mode():
            logits = self._logits(torch.cat([ids, hidden]), mask.expand(2, -1)).numpy()
        # A linear member sees no word in an empty text.
        log_odds, baseline = calibration.log_odds(logits, linear.logits([paper.text, ""]) if linear else None)
        probability = 1 / (1 + np.exp(-log_odds))
        chosen = areas or tagged.areas or [taxonomy.areas[int(log_odds.argmax())]]
        words = words_of(paper.text)
        offsets = [(int(start), int(end)) for start, end in tokens["offset_mapping"][0]]
        explained: list[AreaExplanation] = []
        for area in sorted(chosen, key=lambda area: -log_odds[taxonomy.index[area]]):
            if on_area:
                on_area(len(explained), len(chosen))
            number = taxonomy.index[area]
            of_tokens, gap = self._attribute(ids, hidden, mask, number)
            of_linear = (
                calibration.linear * from_features(words, paper.text, linear.contributions(paper.text, number))
                if linear
                else None
            )
            explained.append(
                AreaExplanation(
                    area=area,
                    assigned=area in tagged.areas,
                    probability=float(probability[number]),
                    log_odds=float(log_odds[number]),
                    baseline=float(baseline[number]),
                    gap=gap,
                    transformer=from_tokens(words, offsets, of_tokens),
                    linear=of_linear,
                )
            )
        last = max(end for _, end in offsets)
        read = sum(word.start < last for word in words)
        return Explanation(paper, words, read, tagged.areas, tuple(explained))

    def _attribute(self, ids: Tensor, hidden: Tensor, mask: Tensor, area: int) -> tuple[NDArray[np.float64], float]:
        """Return what each token adds to the calibrated log-odds, shape (tokens,), and by how much their sum misses.

        Gauss-Legendre points, captum's default, need far fewer steps here than evenly spaced ones.
        """
        attributed, delta = self._gradients.attribute(
            ids,
            hidden,
            target=area,
            additional_forward_args=(mask,),
            n_steps=self._steps,
            internal_batch_size=_BATCH,
            return_convergence_delta=True,
        )
        temperature = self.tagger.metadata.calibration.temperature
        of_tokens: NDArray[np.float64] = attributed[0].sum(dim=-1).double().numpy() / temperature
        return of_tokens, float(delta) / temperature

    def _logits(self, ids: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self._model(input_ids=ids, attention_mask=mask).logits
        return logits


def _rounded(value: float) -> float:
    # Enough for a sum over hundreds of words to stay well within the gap.
    return round(float(value), 6)


def _rounded_list(values: NDArray[np.float64]) -> list[float]:
    return [_rounded(value) for value in values]
