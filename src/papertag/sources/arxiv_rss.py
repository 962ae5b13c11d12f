"""arXiv's daily RSS feeds, as they are now and as they were before 2024 (https://info.arxiv.org/help/rss.html)."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from papertag.paper import Paper, Reject
from papertag.sources.arxiv import arxiv_paper, split_announcement, split_names
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.stream import Stream
from papertag.sources.text import clean
from papertag.sources.xml import parse_xml

_OLD_TITLE = re.compile(r"\.?\s*\(arXiv:(\S+)\s*\[([^\]]+)\][^)]*\)\s*\Z")
_LINKED_NAME = re.compile(r"<a\b[^>]*>([^<]*)</a>")


def parse_feed(data: bytes, name: str) -> list[Paper | Reject]:
    """Read one feed; ``extra["announced"]`` says whether a paper is new, a cross-listing or a replacement.

    Raises:
        UserError: the XML is broken; see `parse_xml`.
    """
    import feedparser

    # feedparser mends what is broken without a word, so a strict and hardened parser goes first.
    parse_xml(data, name)
    feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    return [_item(item, f"{name}#{number}") for number, item in enumerate(feed.entries, start=1)]


def read(stream: Stream, columns: Mapping[str, str]) -> Iterator[Paper | Reject]:
    """Yield the papers of a saved feed."""
    yield from parse_feed(stream.read(), stream.name)


def _item(item: Any, place: str) -> Paper | Reject:
    title = item.get("title", "")
    id, announced, abstract = split_announcement(item.get("summary", ""))
    id = id or item.get("id") or item.get("link", "")
    categories = [tag.term for tag in item.get("tags", ()) if tag.term]
    if found := _OLD_TITLE.search(title):
        id, title = found.group(1), title[: found.start()]
        categories = categories or [found.group(2)]
    return arxiv_paper(
        place=place,
        format=Format.ARXIV_RSS,
        id=id,
        title=title,
        abstract=abstract,
        authors=_authors(item),
        date=iso_date(item.get("published", "") or item.get("updated", "")),
        categories=categories,
        url=item.get("link", ""),
        extra={"announced": clean(item.get("arxiv_announce_type", "") or announced), "doi": item.get("arxiv_doi", "")},
    )


def _authors(item: Any) -> list[str]:
    # One dc:creator holds all names: with commas now, as links to the authors' pages before 2024.
    names = [author.get("name", "") for author in item.get("authors", ())]
    linked = [name for text in names for name in _LINKED_NAME.findall(text)]
    return linked or [name for text in names for name in split_names(text)]
