"""Which format a listing has, judged by its beginning."""

import csv
import json
import re
from collections.abc import Mapping
from typing import Any

from papertag.errors import UserError
from papertag.sources.formats import KNOWN, Format
from papertag.sources.json_lines import head_objects
from papertag.sources.openreview import is_empty_answer, is_note
from papertag.sources.records import ALIASES
from papertag.sources.stream import Stream

_PACKED = {
    b"PK\x03\x04": "a ZIP archive: unpack it first",
    b"BZh": "a bzip2 file: unpack it first, or pack it with gzip or zstd",
    b"\xfd7zXZ\x00": "an xz file: unpack it first, or pack it with gzip or zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it first",
    b"%PDF": "a PDF: papertag reads listings, not papers",
}
_ROOT = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*<(?:\w+:)?([\w-]+)", re.DOTALL | re.I)
_ROOTS = {
    "feed": Format.ARXIV_ATOM,
    "entry": Format.ARXIV_ATOM,
    "rss": Format.ARXIV_RSS,
    "rdf": Format.ARXIV_RSS,
    "oai-pmh": Format.ARXIV_OAI,
    "listrecords": Format.ARXIV_OAI,
    "record": Format.ARXIV_OAI,
}
_BIBTEX = re.compile(r"^\s*@\s*[A-Za-z]+\s*[{(]\s*[^\s,{}]*\s*(?:,|=|\Z)", re.MULTILINE)
_PAPERS_COOL = re.compile(r"^#\d+ .*\[(?:PDF *\d*|Copy|Kimi *\d*|REL)\]\s*$|^#\d+ .+\n\s*Authors?: ", re.MULTILINE)
_HF_DAILY = re.compile(r"^\s*•\s*\d+ authors?\s*$|^Daily Papers\s*$|^by\s?AK and the research community", re.MULTILINE)
_HF_ITEM = re.compile(r"\[\s*\{\s*\"paper\"\s*:\s*\{")
_NOTE = re.compile(r"\"content\"\s*:\s*\{\s*\"[^\"]+\"\s*:")


class UnknownFormatError(UserError):
    """The content has no format that papertag knows."""


def sniff(stream: Stream, columns: Mapping[str, str]) -> Format:
    """Return the format of `stream`; `columns` helps to know a table by its header.

    Raises:
        UnknownFormatError: none fits, or the stream is empty; the message says what to do.
    """
    head = stream.head
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    for magic, what in _PACKED.items():
        if head.startswith(magic):
            raise UnknownFormatError(f"{stream.name} is {what}")
    text = stream.head_text.lstrip()
    if not text.strip("\0"):
        raise UnknownFormatError(f"{stream.name} is empty: there are no papers to read")
    found = _markup(text, stream.name) or _json(text) or _page(text) or _table(text, columns)
    if found is None:
        raise UnknownFormatError(f"{stream.name} has no known format: name it with format=..., one of {KNOWN}")
    return found


def _markup(text: str, name: str) -> Format | None:
    root = _ROOT.match(text)
    if root is None:
        return None
    tag = root.group(1).lower()
    if tag == "html":
        raise UnknownFormatError(f"{name} is a web page: open it in a browser and save it as text")
    return _ROOTS.get(tag)


def _json(text: str) -> Format | None:
    if text.startswith("["):
        first = _first_object(text[1:].lstrip())
        if first is None:
            daily, notes = _HF_ITEM.match(text) is not None, _NOTE.search(text) is not None
        else:
            daily, notes = isinstance(first.get("paper"), dict), is_note(first)
        return Format.HF_DAILY_JSON if daily else Format.OPENREVIEW if notes else Format.JSON
    if not text.startswith("{"):
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    records = head_objects(text)
    document = None if records else _first_object(text)
    if any(is_note(each) or is_empty_answer(each) for each in records or [document or {}]):
        return Format.OPENREVIEW
    if records and {"authors_parsed", "update_date"} <= records[0].keys():
        return Format.ARXIV_SNAPSHOT
    if records and (len(lines) > 1 or not _holds_list(records[0])):
        return Format.JSONL
    if '"notes"' in text and _NOTE.search(text):
        return Format.OPENREVIEW
    if len(lines) > 1 and sum(line[0] == "{" for line in lines) == len(lines):
        return Format.JSONL
    return Format.JSON


def _page(text: str) -> Format | None:
    for pattern, format in (
        (_PAPERS_COOL, Format.PAPERS_COOL),
        (_HF_DAILY, Format.HF_DAILY_TEXT),
        (_BIBTEX, Format.BIBTEX),
    ):
        if pattern.search(text):
            return format
    return None


def _table(text: str, columns: Mapping[str, str]) -> Format | None:
    first, _, rest = text.partition("\n")
    for delimiter in "\t,;|":
        if delimiter != "," and delimiter not in first:
            continue
        try:
            header = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
            second = next(csv.reader(rest.split("\n"), delimiter=delimiter), [])
        except csv.Error:
            continue
        named = any(cell in columns.values() or cell.lower() in ALIASES["title"] for cell in header)
        alike = len(header) > 1 and len(header) == len(second) and all(len(cell) <= 40 for cell in header)
        if (named and (len(header) > 1 or rest)) or alike:
            return Format.TSV if delimiter == "\t" else Format.CSV
    return None


def _first_object(text: str) -> dict[str, Any] | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _holds_list(record: Mapping[str, Any]) -> bool:
    return any(isinstance(value, list) and value and isinstance(value[0], dict) for value in record.values())
