"""The Hugging Face Daily Papers page, saved as text, with and without the lines below each abstract.

With them, a paper is its title, its abstract, ``• 3 authors``, ``·`` and a date, and these trailers part the
papers. Without them, only titles and abstracts stand there, and the shape of the paragraphs has to tell which
is which.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from papertag.paper import Paper, Reject, derived_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.paragraphs import Line, joined, page_lines, paragraphs
from papertag.sources.stream import Stream

AUTHORS = re.compile(r"[•·*]?\s*(\d+)\s+authors?\Z")
_DAY = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:, \d{4})?"
_DATED = re.compile(rf"·?\s*({_DAY})(?:\s*·?\s+([\d.,]+k?))?\Z")
_PAGE_DAY = re.compile(rf"{_DAY}\Z")
_VOTES = re.compile(r"[\d.,]*\d[\d.,]*k?\Z")
_FURNITURE = re.compile(
    r"(?:new|Get trending papers in your email inbox!?|Subscribe|Daily Papers|by\s?AK and the research community"
    r"|Submitted by.*|Upvote.*|Previous|Next|Company|TOS|Privacy|About|Jobs|Website|Models|Datasets|Spaces|Pricing|Docs"
    r"|System theme|(?:©|\(c\)) ?Hugging Face.*)\Z",
    re.IGNORECASE,
)
_LONGEST_TITLE = 250
_SHORTEST_ABSTRACT = 200
_ENDS_A_SENTENCE = re.compile(r"[.:;,][\"'”’)\]]*\Z|https?://\S+\Z")


@dataclass
class _Chunk:
    """One paper's paragraphs, and what its trailer said."""

    texts: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    date: str = ""


def parse_page(text: str, name: str) -> list[Paper | Reject]:
    """Read one page.

    A date with its year becomes the paper's date. The site leaves out the current year, which the page does
    not tell: such a date stays as it is in ``extra["listed_as"]``. ``extra`` also has ``n_authors`` and ``votes``
    where the page gives them, and in ``page_day`` the day that the page is of (``Dec 11``).
    """
    lines = page_lines(text)
    if not any(line.after_blank for line in lines[1:]):
        # Some ways of copying lose the blank lines; then each line is a paragraph.
        lines = [replace(line, after_blank=True) for line in lines]
    head = 0
    day = ""
    while head < len(lines) and (_FURNITURE.match(lines[head].text) or _PAGE_DAY.match(lines[head].text)):
        if _PAGE_DAY.match(lines[head].text):
            day = lines[head].text
        head += 1
    tail = len(lines)
    while tail > head and _FURNITURE.match(lines[tail - 1].text):
        tail -= 1
    body = lines[head:tail]
    trailers = any(AUTHORS.match(line.text) for line in body)
    chunks = _by_trailers(body) if trailers else _by_shape([joined(group) for group in paragraphs(body)])
    return [_paper(chunk, day) for chunk in chunks]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved page."""
    yield from parse_page(stream.text(), stream.name)


def _paper(chunk: _Chunk, day: str) -> Paper:
    title, abstract = chunk.texts[0], " ".join(chunk.texts[1:])
    extra = {**chunk.extra, "page_day": day} if day else chunk.extra
    return Paper(
        id=derived_id(title, abstract),
        title=title,
        abstract=abstract,
        date=chunk.date,
        source=Format.HF_DAILY_TEXT.value,
        extra=extra,
    )


def _by_trailers(lines: Sequence[Line]) -> Iterator[_Chunk]:
    start = index = 0
    while index < len(lines):
        found = AUTHORS.match(lines[index].text)
        if not found:
            index += 1
            continue
        chunk = _Chunk([joined(group) for group in paragraphs(lines[start:index])])
        chunk.extra["n_authors"] = int(found.group(1))
        start = index = _read_trailer(lines, index + 1, chunk)
        if chunk.texts:
            yield chunk
    # The page was cut off inside a paper, whose trailer is missing.
    if start < len(lines):
        yield _Chunk([joined(group) for group in paragraphs(lines[start:])])


def _read_trailer(lines: Sequence[Line], index: int, chunk: _Chunk) -> int:
    """Fill in date and votes, and return the index of the first line below the trailer."""
    if index < len(lines) and lines[index].text == "·":
        index += 1
    if index < len(lines) and (found := _DATED.match(lines[index].text)):
        chunk.date = iso_date(found.group(1)) if "," in found.group(1) else ""
        if not chunk.date:
            chunk.extra["listed_as"] = found.group(1)
        if found.group(2):
            chunk.extra["votes"] = _count(found.group(2))
        index += 1
        if "votes" not in chunk.extra and index < len(lines) and _VOTES.match(lines[index].text):
            chunk.extra["votes"] = _count(lines[index].text)
            index += 1
    return index


def _by_shape(texts: Sequence[str]) -> Iterator[_Chunk]:
    if not texts:
        return
    titles, abstracts = texts[::2], texts[1::2]
    alternate = all(len(text) <= _LONGEST_TITLE for text in titles) and all(
        len(text) >= _SHORTEST_ABSTRACT for text in abstracts
    )
    chunk: _Chunk | None = None
    for number, text in enumerate(texts):
        begins = number % 2 == 0 if alternate else chunk is None or _looks_like_title(text)
        if begins or chunk is None:
            if chunk is not None:
                yield chunk
            chunk = _Chunk([text])
        else:
            chunk.texts.append(text)
    if chunk is not None:
        yield chunk


def _looks_like_title(text: str) -> bool:
    """Return whether a paragraph is a title rather than (a part of) an abstract."""
    return len(text) <= _LONGEST_TITLE and not text[0].islower() and not _ENDS_A_SENTENCE.search(text)


def _count(text: str) -> int:
    """Return the number in ``12``, ``1,024`` or ``1.2k``."""
    if text.endswith("k"):
        return round(float(text[:-1].replace(",", "")) * 1000)
    return int(re.sub(r"\D", "", text))
