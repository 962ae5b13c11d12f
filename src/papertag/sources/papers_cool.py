"""The papers.cool venue page (and its pages of arXiv categories), saved as text.

A paper begins with ``#12 Title [PDF3] [Copy] [Kimi2] [REL]``; then come ``Authors: A ; B``, the abstract, and on
some pages ``Subject: ...`` and ``Publish: ...``. The head of the page gives the venue.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile

from papertag.paper import Paper, Reject, derived_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.paragraphs import Line, joined, page_lines
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream
from papertag.sources.text import clean

_NUMBERED = re.compile(r"#\d+(?:\s|\Z)")
_AUTHORS = re.compile(r"Authors?:(?=\s|\Z)\s*")
_BEGINS = re.compile(r"#\d+(?:\s|\Z)|Authors?:")
# The buttons of a paper in their order; a title may itself end in brackets, even in [PDF].
_BUTTONS = re.compile(r"(?=\[)(?:\[PDF *\d*\]\s*)?(?:\[Copy\]\s*)?(?:\[Kimi *\d*\]\s*)?(?:\[REL\]\s*)?\Z")
_FIRST_BUTTON = re.compile(r"\s*\[(?:PDF *\d*|Copy|Kimi *\d*|REL)\]")
_TRAILER = re.compile(r"(Subjects?|Publish)\s*:\s*(.*)\Z")
_FOOTER = re.compile(r"Designed by kexue\.fm|Powered by kimi\.ai")
_TOTAL = re.compile(r"\|?\s*Total\s*:\s*\d+")
_TITLE_LINES = 4


def parse_page(text: str, name: str) -> list[Paper | Reject]:
    """Read one page. ``extra["number"]`` is the paper's number on it; the paragraphs of an abstract are joined."""
    lines = page_lines(text)
    starts = _starts(lines)
    if not starts:
        return []
    venue = _venue(lines[: starts[0][0]])
    ends = [start for start, _ in starts[1:]] + [len(lines)]
    return [
        _paper(lines[start:body], lines[body:end], venue, name) for (start, body), end in zip(starts, ends, strict=True)
    ]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved page."""
    yield from parse_page(stream.text(), stream.name)


def _starts(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Return, for each paper, the index of its first line and of the first line below its title."""
    starts: list[tuple[int, int]] = []
    index = 0
    while index < len(lines):
        body = _title_end(lines, index)
        if body is not None:
            starts.append((index, body))
            index = body
        else:
            index += 1
    return starts


def _title_end(lines: Sequence[Line], index: int) -> int | None:
    if not _NUMBERED.match(lines[index].text):
        return None
    for end in range(index + 1, min(index + 1 + _TITLE_LINES, len(lines) + 1)):
        if end > index + 1 and (lines[end - 1].after_blank or _BEGINS.match(lines[end - 1].text)):
            break
        if _without_buttons(joined(lines[index:end])) is not None:
            return end
    # Without buttons (they are lost in some ways of copying), the line of authors tells a title.
    if index + 1 < len(lines) and _AUTHORS.match(lines[index + 1].text):
        return index + 1
    return None


def _without_buttons(title: str) -> str | None:
    for found in _FIRST_BUTTON.finditer(title):
        begin = title.index("[", found.start())
        if _BUTTONS.match(title, begin):
            return title[: found.start()]
    return None


def _venue(head: Sequence[Line]) -> str:
    for line, following in pairwise(head):
        if _TOTAL.match(following.text):
            return clean(line.text)
    return clean(head[0].text.partition("|")[0]) if head and not _TOTAL.match(head[0].text) else ""


def _paper(head: Sequence[Line], body: Sequence[Line], venue: str, name: str) -> Paper | Reject:
    whole = joined(head)
    bare = _without_buttons(whole)
    number, _, title = (whole if bare is None else bare).partition(" ")
    authors, rest = _authors(body)
    rest = list(takewhile(lambda line: not _FOOTER.search(line.text), rest))
    found: dict[str, str] = {}
    while rest and (trailer := _TRAILER.match(rest[-1].text)):
        found[trailer.group(1).lower().rstrip("s")] = trailer.group(2)
        rest.pop()
    text = joined(rest)
    if not title.strip():
        return reject(f"{name}:{head[0].number}", f"the title of paper {number} is empty", text)
    return Paper(
        id=derived_id(title, text),
        title=title,
        abstract=text,
        authors=authors,
        date=iso_date(found.get("publish", "")),
        venue=venue,
        categories=tuple(part for raw in re.split(r"[;,]", found.get("subject", "")) if (part := clean(raw))),
        source=Format.PAPERS_COOL.value,
        extra={"number": int(number[1:])},
    )


def _authors(body: Sequence[Line]) -> tuple[tuple[str, ...], Sequence[Line]]:
    if not body or not (found := _AUTHORS.match(body[0].text)):
        return (), body
    end = 1
    # A wrapped list of authors goes on as long as its semicolons do.
    while (
        end < len(body)
        and not body[end].after_blank
        and (body[end - 1].text.endswith(";") or body[end].text.startswith(";"))
    ):
        end += 1
    names = joined(body[:end])[found.end() :].split(";")
    return tuple(name.strip() for name in names if name.strip()), body[end:]
