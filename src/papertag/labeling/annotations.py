"""The labeler of areas that somebody has already given: annotation files, and listings with labels.

An annotation is complete: the areas that it does not name, the paper does not carry. Where two annotations
of one paper differ, the paper carries the areas of both, because an overlooked area is commoner than an
invented one; each such conflict is kept for the report.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from papertag.errors import UserError
from papertag.labeling.vote import Vote
from papertag.paper import Paper, title_key
from papertag.taxonomy import Taxonomy

NAME = "annotations"

_ARXIV = re.compile(
    r"(?:arxiv:|https?://(?:\w+\.)?arxiv\.org/(?:abs|pdf|html)/)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Annotation:
    """The areas of one paper as somebody gave them.

    Attributes:
        place: where it stands, ``file:line`` or ``file#record``.
        areas: in the taxonomy's order; empty where none fits.
        id: the paper's id, empty where only its title is known.
        title: the paper's title, empty where only its id is known.
    """

    place: str
    areas: tuple[str, ...]
    id: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two or more annotations of one paper that differ; `areas` is what the paper gets of them."""

    paper: str
    places: tuple[str, ...]
    areas: tuple[str, ...]


def comparable_id(identifier: str) -> str:
    """Return `identifier` as it is compared: an arXiv id without prefix, address and version."""
    identifier = identifier.strip()
    arxiv = _ARXIV.fullmatch(identifier)
    return arxiv.group(1).lower() if arxiv else identifier


def _may_name(annotation: Annotation, identifier: str, key: str) -> bool:
    """Return whether an annotation of the same id is of this paper.

    An arXiv id is one paper's for good, whatever later versions call it. Ids of other making have been seen
    on two papers; then the titles must agree.
    """
    if annotation.title in {"", annotation.id} or _ARXIV.fullmatch(identifier.strip()):
        return True
    return title_key(annotation.title) == key


def read_annotations(path: str | Path, taxonomy: Taxonomy) -> Iterator[Annotation]:
    """Read annotations from a file: JSON lines, JSON, CSV or TSV, by its suffix.

    JSON lines hold ``{"id": ..., "title": ..., "areas": [...]}``, one of id and title enough and other keys
    ignored; JSON holds a list of such objects, or one object of id or title to areas; CSV and TSV have the
    columns ``id`` or ``title``, and ``areas`` separated by ``;``.

    Raises:
        UserError: the file is missing or malformed, or names an unknown area; the message has the line.
    """
    path = Path(path)
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json, ".csv": _table, ".tsv": _table}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"annotations file {path} must end in {', '.join(readers)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"annotations file {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"annotations file {path} cannot be read: {error}") from None
    empty = True
    for place, record in reader(path, text):
        empty = False
        yield _annotation(record, place, taxonomy)
    if empty:
        raise UserError(f"annotations file {path} holds no annotation")


class AnnotationLabeler:
    """Votes for the areas that annotations give, found by id first and then by title.

    Its list of votes is empty where an annotation says that no area fits, and None where there is none.

    Attributes:
        conflicts: papers whose annotations differ, among the files and between them and a listing.
    """

    name = NAME

    def __init__(self, annotations: Sequence[Annotation], taxonomy: Taxonomy) -> None:
        self.conflicts: list[Conflict] = []
        self._taxonomy = taxonomy
        self._annotations = list(annotations)
        self._by_id = self._merged([(comparable_id(a.id), a) for a in annotations if a.id])
        self._by_title = self._merged([(title_key(a.title), a) for a in annotations if a.title])
        self._found: set[str] = set()

    @classmethod
    def from_files(cls, paths: Sequence[str], taxonomy: Taxonomy) -> "AnnotationLabeler":
        """Return the labeler of the annotation files at `paths`; see `read_annotations`."""
        return cls([a for path in paths for a in read_annotations(path, taxonomy)], taxonomy)

    @property
    def unmatched(self) -> list[Annotation]:
        """The annotations that have met none of the papers labelled so far."""
        return [a for a in self._annotations if a.place not in self._found]

    def label(self, papers: Sequence[Paper]) -> list[list[Vote] | None]:
        """Return the votes on each of `papers`, all of probability 1.

        Raises:
            UserError: a listing's own areas are not in the taxonomy.
        """
        return [self._label(paper) for paper in papers]

    def _label(self, paper: Paper) -> list[Vote] | None:
        key = title_key(paper.title)
        by_id = [a for a in self._by_id.get(comparable_id(paper.id), ()) if _may_name(a, paper.id, key)]
        known = by_id or self._by_title.get(key)
        if known:
            self._found.update(a.place for a in known)
        if paper.areas is not None:
            place = f"listing {paper.source or paper.id}"
            own = Annotation(
                place, self._taxonomy.check(paper.areas, f"{place}, paper {paper.id!r} ({paper.title!r})"), paper.id
            )
            if known and own.areas != _union(known, self._taxonomy):
                self._note_conflict([*known, own])
            known = [*(known or []), own]
        if not known:
            return None
        return [
            Vote(area, 1.0, NAME, "; ".join(a.place for a in known if area in a.areas))
            for area in _union(known, self._taxonomy)
        ]

    def _merged(self, keyed: list[tuple[str, Annotation]]) -> dict[str, list[Annotation]]:
        """Group annotations by key, and note the groups that differ."""
        groups: dict[str, list[Annotation]] = {}
        for key, annotation in keyed:
            if key:
                groups.setdefault(key, []).append(annotation)
        for group in groups.values():
            if len({annotation.areas for annotation in group}) > 1:
                self._note_conflict(group)
        return groups

    def _note_conflict(self, group: Sequence[Annotation]) -> None:
        name = next((a.id for a in group if a.id), group[0].title)
        conflict = Conflict(name, tuple(a.place for a in group), _union(group, self._taxonomy))
        if conflict not in self.conflicts:
            self.conflicts.append(conflict)


def _union(group: Sequence[Annotation], taxonomy: Taxonomy) -> tuple[str, ...]:
    return tuple(sorted({area for a in group for area in a.areas}, key=taxonomy.index.__getitem__))


def _annotation(record: Any, place: str, taxonomy: Taxonomy) -> Annotation:
    if not isinstance(record, dict):
        raise UserError(f"{place}: an annotation must be an object with 'id' or 'title', and 'areas'")
    areas = record.get("areas")
    if not isinstance(areas, list) or not all(isinstance(area, str) for area in areas):
        raise UserError(f"{place}: 'areas' must be a list of area names (an empty one where none fits)")
    identifier, title = (str(record.get(key) or "").strip() for key in ("id", "title"))
    if not identifier and not title:
        raise UserError(f"{place}: an annotation needs an 'id' or a 'title'")
    return Annotation(place, taxonomy.check(areas, place), identifier, title)


def _json_lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            yield place, json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{place}: not valid JSON: {error.msg} (column {error.colno})") from None


def _json(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from None
    if isinstance(document, _Pairs):
        for key, areas in document:
            # The key may be an id or a title; it is looked up as both.
            yield f"{path}:{_line_of_key(text, key)}", {"id": key, "title": key, "areas": areas}
    elif isinstance(document, list):
        for number, record in enumerate(document, 1):
            yield f"{path}#{number}", dict(record) if isinstance(record, _Pairs) else record
    else:
        raise UserError(f"{path}:1: annotations must be a JSON object of id to areas, or a list of objects")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its repeated keys kept, since each is an annotation."""


def _line_of_key(text: str, key: str) -> int:
    at = max(text.find(json.dumps(key)), text.find(json.dumps(key, ensure_ascii=False)))
    return text.count("\n", 0, max(at, 0)) + 1


def _table(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    header = [name.strip().lower() for name in next(rows, [])]
    if "areas" not in header or not {"id", "title"} & set(header):
        found = ", ".join(map(repr, header)) or "none"
        raise UserError(f"{path}:1: columns 'areas' and 'id' or 'title' are needed, found {found}")
    line = rows.line_num + 1
    for row in rows:
        place, line = f"{path}:{line}", rows.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise UserError(f"{place}: {len(row)} cells under {len(header)} columns")
        record: dict[str, Any] = dict(zip(header, row, strict=True))
        record["areas"] = [area.strip() for area in record["areas"].split(";") if area.strip()]
        yield place, record
