"""The Hugging Face Daily Papers API: a JSON list of ``{"paper": {"id", "title", "summary", ...}, ...}``."""

from collections.abc import Iterator, Mapping
from typing import Any

from papertag.errors import UserError
from papertag.paper import Paper, Reject
from papertag.sources.arxiv import arxiv_paper
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.json_text import load_json
from papertag.sources.rejecting import reject
from papertag.sources.stream import Stream


def parse_page(data: bytes, name: str) -> list[Paper | Reject]:
    """Read one answer of ``/api/daily_papers``.

    ``extra`` keeps ``votes``, ``n_authors``, ``listed_on`` (the day of the daily page) and ``ai_keywords``,
    which are a model's and therefore not in ``Paper.keywords``.

    Raises:
        UserError: the JSON is broken or is not a list.
    """
    items = load_json(data, name)
    if not isinstance(items, list):
        raise UserError(f"{name}: a list of daily papers was expected, not {type(items).__name__}")
    return [_item(item, f"{name}#{number}") for number, item in enumerate(items, start=1)]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved answer."""
    yield from parse_page(stream.read(), stream.name)


def _item(item: Any, place: str) -> Paper | Reject:
    paper = item.get("paper") if isinstance(item, dict) else None
    if not isinstance(paper, dict):
        return reject(place, "the item has no object 'paper'", str(item))
    for field in ("id", "title"):
        if not isinstance(paper.get(field), str):
            return reject(place, f"the paper has no {field}", str(paper))
    names = [
        author["name"]
        for author in paper.get("authors") or ()
        if isinstance(author, dict) and isinstance(author.get("name"), str)
    ]
    return arxiv_paper(
        place=place,
        format=Format.HF_DAILY_JSON,
        id=paper["id"],
        title=paper["title"],
        abstract=_text(paper.get("summary")),
        authors=names,
        date=iso_date(_text(paper.get("publishedAt"))),
        extra={
            "n_authors": len(names),
            "votes": paper.get("upvotes"),
            "listed_on": iso_date(_text(paper.get("submittedOnDailyAt"))),
            "ai_keywords": paper.get("ai_keywords"),
        },
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
