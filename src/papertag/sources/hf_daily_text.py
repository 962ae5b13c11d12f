"""The Hugging Face Daily Papers page, saved as text, with and without the lines below each abstract.

With them, a paper is its title, its abstract, ``• 3 authors``, ``·`` and a date, and these trailers part the
papers. Without them, only titles and abstracts stand there, and the shape of the paragraphs has to tell which
is which. Some ways of saving the page add, above each title, who submitted the paper and its votes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from papertag.paper import Paper, Reject, derived_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.paragraphs import Line, joined, page_lines, paragraphs
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream

AUTHORS = re.compile(r"[•·*]?\s*(\d+)\s+authors?\Z")
_DAY = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:, \d{4})?"
_DATED = re.compile(rf"[•·]?\s*(?:Published on\s+)?({_DAY})((?:\s*·?\s+[\d.,]*\dk?)*)\Z")
_PAGE_DAY = re.compile(rf"{_DAY}\Z")
_VOTES = re.compile(r"[\d.,]*\d[\d.,]*k?\Z")
_SEPARATOR = re.compile(r"[•·]\Z")
_SUBMITTED = re.compile(r"[•·]?\s*Submitted by(?:\s*:?\s+@?(\S+))?\Z", re.IGNORECASE)
_HEADING = re.compile(r"(?:Daily Papers|by\s?AK and the research community)\Z", re.IGNORECASE)
_FURNITURE = re.compile(
    r"(?:new|Get trending papers in your email inbox!?|Subscribe|Daily Papers|by\s?AK and the research community"
    r"|Upvote.*|Previous|Next|\.{3}|…|Company|TOS|Privacy|About|Jobs|Website|Models|Datasets|Spaces|Pricing|Docs"
    r"|System theme|(?:©|\(c\)) ?Hugging Face.*)\Z",
    re.IGNORECASE,
)
_LONGEST_TITLE = 250
_SHORTEST_ABSTRACT = 200
_ENDS_A_SENTENCE = re.compile(r"[.:;,][\"'”’)\]]*\Z|https?://\S+\Z")


@dataclass
class _Chunk:
    """One paper's paragraphs, the line they begin on, and what its trailer said."""

    line: int

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
    lines, votes = _without_submitters([line for line in lines if not _SEPARATOR.match(line.text)])
    head, day = _below_heading(lines)
    body = lines[head : _above_footer(lines, head)]
    chunks = _by_trailers if any(AUTHORS.match(line.text) for line in body) else _by_shape
    return [_paper(chunk, day, name) for chunk in chunks(body, votes)]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved page."""
    yield from parse_page(stream.text(), stream.name)


def _without_submitters(lines: Sequence[Line]) -> tuple[list[Line], dict[int, int]]:
    """Return `lines` without ``Submitted by``, the name after it, and votes after that: those by line below."""
    kept: list[Line] = []
    votes: dict[int, int] = {}
    index, is_below, count = 0, False, None
    while index < len(lines):
        line = lines[index]
        if found := _SUBMITTED.match(line.text):
            index += 1 if found.group(1) else 2
            is_below, count = True, None
            if index < len(lines) and _VOTES.match(lines[index].text):
                count = _count(lines[index].text)
                index += 1
            continue
        kept.append(replace(line, after_blank=line.after_blank or is_below))
        if count is not None:
            votes[line.number] = count
        index, is_below, count = index + 1, False, None
    return kept, votes


def _below_heading(lines: Sequence[Line]) -> tuple[int, str]:
    """Return the index of the first line below the head of the page, and the day that stands there."""
    head, day = 0, ""
    for index, line in enumerate(lines):
        if AUTHORS.match(line.text) or len(line.text) >= _SHORTEST_ABSTRACT:
            break
        if _HEADING.match(line.text):
            head = index + 1
    while head < len(lines) and (_FURNITURE.match(lines[head].text) or _PAGE_DAY.match(lines[head].text)):
        if _PAGE_DAY.match(lines[head].text):
            day = lines[head].text
        head += 1
    return head, day


def _above_footer(lines: Sequence[Line], head: int) -> int:
    """Return the index of the first line of the footer; numbers above it are votes, inside of it pages."""
    start = len(lines)
    while start > head and (_FURNITURE.match(lines[start - 1].text) or _VOTES.match(lines[start - 1].text)):
        start -= 1
    return next((index for index in range(start, len(lines)) if _FURNITURE.match(lines[index].text)), len(lines))


def _paper(chunk: _Chunk, day: str, name: str) -> Paper | Reject:
    title, abstract = chunk.texts[0] if chunk.texts else "", " ".join(chunk.texts[1:])
    if not title or _FURNITURE.match(title) or _VOTES.match(title):
        what = f"{title!r} is no title" if title else "there is no title above the number of authors"
        return reject(f"{name}:{chunk.line}", what, f"{title} {abstract}")
    extra = {**chunk.extra, "page_day": day} if day else chunk.extra
    return Paper(
        id=derived_id(title, abstract),
        title=title,
        abstract=abstract,
        date=chunk.date,
        source=Format.HF_DAILY_TEXT.value,
        extra=extra,
    )


def _by_trailers(lines: Sequence[Line], votes: Mapping[int, int]) -> Iterator[_Chunk]:
    start = index = 0
    while index < len(lines):
        text = lines[index].text
        if not (AUTHORS.match(text) or (text[0] in "•·" and _DATED.match(text))):
            index += 1
            continue
        chunk = _begin(lines[start : index + 1], votes)
        chunk.texts = [joined(group) for group in paragraphs(lines[start:index])]
        start = index = _read_trailer(lines, index, chunk)
        yield chunk
    # The page was cut off inside a paper, whose trailer is missing.
    if start < len(lines):
        chunk = _begin(lines[start:], votes)
        chunk.texts = [joined(group) for group in paragraphs(lines[start:])]
        yield chunk


def _begin(lines: Sequence[Line], votes: Mapping[int, int]) -> _Chunk:
    number = lines[0].number
    return _Chunk(number, extra={"votes": votes[number]} if number in votes else {})


def _read_trailer(lines: Sequence[Line], index: int, chunk: _Chunk) -> int:
    """Fill in the number of authors, date, votes and comments; return the index of the first line below."""
    numbers: list[str] = []
    if found := AUTHORS.match(lines[index].text):
        chunk.extra["n_authors"] = int(found.group(1))
        index += 1
    while index < len(lines):
        if found := _DATED.match(lines[index].text):
            chunk.date = iso_date(found.group(1)) if "," in found.group(1) else ""
            if not chunk.date:
                chunk.extra["listed_as"] = found.group(1)
            numbers += found.group(2).replace("·", " ").split()
        elif _VOTES.match(lines[index].text):
            numbers.append(lines[index].text)
        else:
            break
        index += 1
    if numbers and "votes" not in chunk.extra:
        chunk.extra["votes"] = _count(numbers.pop(0))
    if numbers:
        chunk.extra["comments"] = _count(numbers[0])
    return index


def _by_shape(lines: Sequence[Line], votes: Mapping[int, int]) -> Iterator[_Chunk]:
    groups = paragraphs(lines)
    texts = [joined(group) for group in groups]
    titles, abstracts = texts[::2], texts[1::2]
    alternate = all(len(text) <= _LONGEST_TITLE for text in titles) and all(
        len(text) >= _SHORTEST_ABSTRACT for text in abstracts
    )
    chunk: _Chunk | None = None
    for number, (group, text) in enumerate(zip(groups, texts, strict=True)):
        begins = number % 2 == 0 if alternate else chunk is None or _looks_like_title(text)
        if begins or chunk is None:
            if chunk is not None:
                yield chunk
            chunk = _begin(group, votes)
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
