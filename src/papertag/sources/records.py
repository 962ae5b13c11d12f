"""Records of users' own files (JSON, tables, Parquet) to papers, by the names of their columns."""

import ast
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from papertag.console import note
from papertag.errors import UserError
from papertag.paper import Paper, Reject, derived_id
from papertag.sources.dates import iso_date
from papertag.sources.formats import Format
from papertag.sources.rejecting import reject
from papertag.sources.text import mend_surrogates, verbatim

# A field's columns, the first that is there wins. Case does not count; spaces and hyphens are underscores.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "paper_id", "paperid", "arxiv_id", "arxivid", "uid", "key"),
    "title": ("title", "paper_title", "papertitle", "article_title"),
    "abstract": ("abstract", "summary", "paper_abstract", "abstract_text", "abstract_note", "description"),
    "authors": ("authors", "author", "author_names", "creators"),
    "date": (
        "date", "listed", "published", "publishedat", "published_at", "publication_date", "publicationdate",
        "submitted", "update_date", "year", "publication_year",
    ),
    "url": ("url", "link", "abs_url"),
    "venue": ("venue", "journal", "conference", "booktitle", "source_title", "publication_title"),
    "categories": ("categories", "sections", "category", "subjects"),
    "keywords": ("keywords", "author_keywords", "keyword", "manual_tags"),
    "source": ("source",),
    "areas": ("areas",),
}  # fmt: skip

_LISTS = frozenset({"authors", "categories", "keywords", "areas"})
_CATEGORY_CODES = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?(?: [a-z-]+(?:\.[A-Za-z-]+)?)+\Z")
_MANY_PLANS = 1000


class _BadValueError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Plan:
    fields: dict[str, str]
    extra: tuple[str, ...]


class RecordReader:
    """Turns records into papers; the text of a record is taken `verbatim`.

    Columns without a field of their own are kept in ``Paper.extra``. List-like cells may hold a JSON or
    Python list, or items separated by ``;`` (or by commas, where they are plainly no part of the items).
    An empty cell of areas means that there are no labels; an empty list (``[]``) that no area fits.
    """

    def __init__(self, columns: Mapping[str, str], format: Format) -> None:
        """Take `columns`, which names a column for some fields of a paper; others are found by `ALIASES`.

        Raises:
            UserError: a key of `columns` is no field of a paper.
        """
        for field in columns:
            if field not in ALIASES:
                raise UserError(f"columns.{field} is no field of a paper; known are {', '.join(ALIASES)}")
        self._columns = columns
        self._source = format.value
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def check(self, found: Sequence[str], name: str) -> None:
        """Check the columns of a table once, before its rows; a note says so where none holds the abstract.

        Raises:
            UserError: a column named in the mapping is missing, or no column holds the title; the message
                lists the columns found.
        """
        listed = ", ".join(map(repr, found)) or "none"
        for field, column in self._columns.items():
            if column not in found:
                raise UserError(f"{name}: there is no column {column!r} (columns.{field}); found are {listed}")
        if not self.has_title(found):
            raise UserError(
                f"{name}: no column holds the title; found are {listed}: "
                "name it with columns={title: COLUMN, abstract: COLUMN}"
            )
        if "abstract" not in self._plan(tuple(found)).fields:
            note(f"{name}: no abstract column; found are {listed}; set columns.abstract=COLUMN if one is it")

    def has_title(self, found: Collection[str]) -> bool:
        """Return whether a record with these keys has a title."""
        return "title" in self._plan(tuple(found)).fields

    def paper(self, record: Mapping[str, Any], place: str) -> Paper | Reject:
        """Return the paper in `record`, or a reject at `place` that names the field that is wrong."""
        plan = self._plan(tuple(record))
        try:
            values: dict[str, Any] = {field: _READ[field](record[key], key) for field, key in plan.fields.items()}
            extra = {key: value for key in plan.extra if (value := _plain(record[key])) is not None}
        except _BadValueError as error:
            return reject(place, str(error), str(record))
        if not values.get("title"):
            keys = ", ".join(map(repr, record))
            reason = "the title is empty" if "title" in plan.fields else f"there is no title among {keys or 'no keys'}"
            return reject(place, reason, str(record))
        if not values.get("id"):
            values["id"] = derived_id(values["title"], values.get("abstract", ""))
        if "date" in values:
            written, values["date"] = values["date"], iso_date(values["date"])
            if written and not values["date"]:
                extra.setdefault(plan.fields["date"] if plan.fields["date"] != "date" else "listed_as", written)
        if not values.get("source"):
            values["source"] = self._source
        return Paper(**values, extra=extra)

    def _plan(self, found: tuple[str, ...]) -> _Plan:
        plan = self._plans.get(found)
        if plan is None:
            if len(self._plans) >= _MANY_PLANS:
                self._plans.clear()
            plan = self._plans[found] = self._make_plan(found)
        return plan

    def _make_plan(self, found: tuple[str, ...]) -> _Plan:
        fields = {field: column for field, column in self._columns.items() if column in found}
        folded: dict[str, str] = {}
        for key in found:
            if key not in fields.values():
                folded.setdefault(re.sub(r"[\s-]+", "_", key.strip().lower()), key)
        for field, aliases in ALIASES.items():
            # A field that the mapping names is never filled from elsewhere.
            known = next((folded[alias] for alias in aliases if alias in folded), None)
            if field not in self._columns and known is not None:
                fields[field] = known
        used = set(fields.values())
        return _Plan(fields, tuple(key for key in found if key not in used))


def _string(value: Any, key: str) -> str:
    if isinstance(value, str):
        return verbatim(value)
    if _missing(value):
        return ""
    raise _BadValueError(f"{key!r} must be a string, not {type(value).__name__}")


def _id(value: Any, key: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _string(value, key)


def _date(value: Any, key: str) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not _missing(value):
        return str(int(value))
    return _string(value, key)


def _list(value: Any, key: str) -> tuple[str, ...]:
    if _missing(value):
        return ()
    if isinstance(value, str):
        value = _items(verbatim(value), key)
    if not isinstance(value, list | tuple):
        raise _BadValueError(f"{key!r} must be a list of strings, not {type(value).__name__}")
    items: list[Any] = [item.get("name", item.get("fullname")) if isinstance(item, dict) else item for item in value]
    if not all(isinstance(item, str) for item in items):
        raise _BadValueError(f"{key!r} must be a list of strings")
    return tuple(text for item in items if (text := verbatim(item)))


def _areas(value: Any, key: str) -> tuple[str, ...] | None:
    if _missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    return _list(value, key)


_READ = {
    field: _id if field == "id" else _date if field == "date" else _areas if field == "areas"
    else _list if field in _LISTS else _string
    for field in ALIASES
}  # fmt: skip


def _items(cell: str, key: str) -> list[Any]:
    if cell.startswith("[") and cell.endswith("]"):
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(cell)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            return value if isinstance(value, list) else [cell]
    if ";" in cell:
        return cell.split(";")
    if "," in cell:
        parts = [part.strip() for part in cell.split(",")]
        # "Family, Given" is one name, "Ada Lovelace, Alan Turing" are two.
        if "author" not in key.lower() or 2 * sum(" " in part for part in parts) > len(parts):
            return parts
    elif _CATEGORY_CODES.match(cell) and "." in cell:
        return cell.split()
    return [cell]


def _missing(value: Any) -> bool:
    return value is None or value != value


def _plain(value: Any) -> Any:
    """Return `value` as something JSON can hold, None where it is missing."""
    if isinstance(value, str):
        return verbatim(value) or None
    if isinstance(value, bool | int) or (isinstance(value, list | dict) and value):
        return value
    if _missing(value) or value in ([], {}):
        return None
    return value if isinstance(value, float) else mend_surrogates(str(value))
