"""An explanation as a person reads it: on the console, and as a page that needs nothing but itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import zip_longest

from rich import box
from rich.table import Table
from rich.text import Text

from papertag.tagging.explain import AreaExplanation, Explanation, WordWeight

# Words shown for an area, and as many against it.
TOP = 10
# Not by colour alone: bold speaks for an area, underlined against it.
_STYLES = {"for": "bold green", "against": "underline red"}
_LEVELS = 4
# A gap in log-odds from which on a reader is told.
_COARSE = 0.1


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the paper's text: a word that is marked, or what stands between.

    Attributes:
        text: the characters.
        sign: ``for`` or ``against`` the area, empty where nothing is marked.
        level: 1 (weak) to 4 (as strong as the strongest word of the paper).
        weight: the contribution of this place in calibrated log-odds.
    """

    text: str
    sign: str = ""
    level: int = 0
    weight: float = 0.0


def strongest(explanation: Explanation, area: AreaExplanation) -> tuple[list[WordWeight], list[WordWeight]]:
    """Return the words that speak most for the area, and those most against it, strongest first."""
    ranking = explanation.ranking(area)
    pro = [word for word in ranking[:TOP] if word.total > 0]
    contra = [word for word in ranking[: -TOP - 1 : -1] if word.total < 0]
    return pro, contra


def marked(explanation: Explanation, area: AreaExplanation) -> tuple[list[Piece], list[Piece]]:
    """Return title and abstract in pieces, with the strongest words marked wherever they stand."""
    signs = {
        word.text.casefold(): sign
        for sign, words in zip(("for", "against"), strongest(explanation, area), strict=True)
        for word in words
    }
    paper, weights = explanation.paper, area.contributions
    most = max(abs(weights), default=0.0)
    cut = len(paper.title)
    parts: tuple[list[Piece], list[Piece]] = ([], [])
    at = 0
    for word, weight in zip(explanation.words, weights, strict=True):
        sign = signs.get(word.text.casefold(), "")
        # A word may speak for the area in all and against it in one place: that place stays unmarked.
        if not sign or (weight > 0) != (sign == "for"):
            continue
        part = parts[word.start >= cut]
        if word.start >= cut and at <= cut:
            parts[0].append(Piece(paper.text[at:cut]))
            at = cut + 1
        part.append(Piece(paper.text[at : word.start]))
        part.append(Piece(word.text, sign, 1 + round((_LEVELS - 1) * abs(weight) / most), float(weight)))
        at = word.end
    if at <= cut:
        parts[0].append(Piece(paper.text[at:cut]))
        at = cut + 1
    parts[1].append(Piece(paper.text[at:]))
    return parts


def sentence(area: AreaExplanation) -> str:
    """Return how the log-odds of an area come about, as one sentence."""
    weights = area.contributions
    pro, contra = weights[weights > 0].sum(), weights[weights < 0].sum()
    return (
        f"probability {area.probability:.2f}, log-odds {area.log_odds:+.2f} = {area.baseline:+.2f} (no words) "
        f"{pro:+.2f} (words for it) {contra:+.2f} (words against it), within {abs(area.gap):.3f}"
    )


def notes(explanation: Explanation) -> Iterator[str]:
    """Yield what a reader must know beside the words."""
    if not explanation.assigned:
        yield "The tagger gives no area to this paper."
    coarse = [area.area for area in explanation.areas if abs(area.gap) > _COARSE]
    if coarse:
        yield f"The sums for {', '.join(coarse)} are off by more than {_COARSE}: a larger steps= makes them more exact."
    unread = len(explanation.words) - explanation.read
    if unread:
        linear = any(area.linear is not None for area in explanation.areas)
        yield (
            f"The transformer reads the first {explanation.read} of {len(explanation.words)} words; "
            + ("the rest count by the linear member alone." if linear else "the rest do not count.")
        )


def console(explanation: Explanation) -> Iterator[Text | Table]:
    """Yield for each area a heading, the text with its strongest words marked, and a table of them."""
    for area in explanation.areas:
        yield Text(f"\n{area.area}" + ("" if area.assigned else " (not assigned)"), style="bold")
        yield Text(sentence(area) + "\n")
        for part in marked(explanation, area):
            text = Text.assemble(*((piece.text, _STYLES.get(piece.sign, "")) for piece in part))
            if text.plain:
                yield text
        yield _table(explanation, area)
    for line in notes(explanation):
        yield Text(line)


def page(explanation: Explanation) -> str:
    """Return a page of HTML with style and text in it: it loads nothing."""
    from jinja2 import Environment, StrictUndefined

    template = (files("papertag") / "report" / "templates" / "explanation.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    areas = [
        {
            "area": area,
            "sentence": sentence(area),
            "parts": marked(explanation, area),
            "tables": dict(zip(("for", "against"), strongest(explanation, area), strict=True)),
        }
        for area in explanation.areas
    ]
    return environment.from_string(template).render(
        explanation=explanation, areas=areas, notes=list(notes(explanation))
    )


def _table(explanation: Explanation, area: AreaExplanation) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for side in ("for", "against"):
        table.add_column(f"words {side}", overflow="fold", max_width=28)
        table.add_column("log-odds", justify="right")
        if area.linear is not None:
            table.add_column("transformer", justify="right")
            table.add_column("linear", justify="right")
    for pair in zip_longest(*strongest(explanation, area)):
        table.add_row(*(cell for word in pair for cell in _cells(word, area.linear is not None)))
    return table


def _cells(word: WordWeight | None, members: bool) -> list[Text]:
    if word is None:
        return [Text("")] * (4 if members else 2)
    name = word.text if word.times == 1 else f"{word.text} (x{word.times})"
    values = [word.total, word.transformer, word.linear] if members else [word.total]
    return [Text(name), *(Text(f"{value:+.2f}") for value in values)]
