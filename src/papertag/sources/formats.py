"""The names of the file formats that papertag reads."""

from difflib import get_close_matches
from enum import StrEnum

from papertag.errors import UserError


class Format(StrEnum):
    """A format of listings; the values are what ``format=`` takes."""

    PAPERS_COOL = "papers_cool"
    HF_DAILY_TEXT = "hf_daily_text"
    HF_DAILY_JSON = "hf_daily_json"
    ARXIV_ATOM = "arxiv_atom"
    ARXIV_RSS = "arxiv_rss"
    ARXIV_OAI = "arxiv_oai"
    ARXIV_SNAPSHOT = "arxiv_snapshot"
    OPENREVIEW = "openreview"
    BIBTEX = "bibtex"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


KNOWN = ", ".join(Format)


def format_named(name: str) -> Format | None:
    """Return the format called `name`, or None for ``auto``.

    Raises:
        UserError: there is no such format; the message lists them.
    """
    if name == "auto":
        return None
    try:
        return Format(name.replace("-", "_").lower())
    except ValueError:
        near = get_close_matches(name, [format.value for format in Format], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(f"format={name} is not a known format; {hint}known are auto, {KNOWN}") from None
