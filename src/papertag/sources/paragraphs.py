"""Pages saved as text: their paragraphs, with the lines they begin on."""

from collections.abc import Sequence
from dataclasses import dataclass

from papertag.sources.text import clean

# A page whose lines were wrapped has none as long as this; a paragraph on one line often has.
_UNWRAPPED = 240


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its number from 1, its text, and whether a blank line stands before it."""

    number: int
    text: str
    after_blank: bool


def page_lines(text: str) -> list[Line]:
    """Return the lines of `text` that are not blank, stripped."""
    lines: list[Line] = []
    blank = True
    for number, raw in enumerate(text.split("\n"), start=1):
        if stripped := raw.strip().lstrip("\ufeff"):
            lines.append(Line(number, stripped, blank))
        blank = not stripped
    return lines


def paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Return `lines` in paragraphs: parted by blank lines, or each line for itself where the page has none."""
    groups: list[list[Line]] = []
    for line in lines:
        if line.after_blank or not groups:
            groups.append([line])
        else:
            groups[-1].append(line)
    if any(len(group) > 1 and any(len(line.text) > _UNWRAPPED for line in group) for group in groups):
        return [[line] for line in lines]
    return groups


def joined(lines: Sequence[Line]) -> str:
    """Return `lines` as one clean line; a word broken at a hyphen keeps it and loses the space."""
    text = ""
    for line in lines:
        glue = "" if not text or (text.endswith("-") and text[-2:-1].isalpha()) else " "
        text += glue + line.text
    return clean(text)
