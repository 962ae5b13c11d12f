"""The taxonomy: areas in groups, each with a definition, read from YAML with errors that name the line."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from ruamel.yaml.comments import CommentedMap

from papertag.errors import UserError
from papertag.yaml_file import line_of, read_section

_AREA_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")


@dataclass(frozen=True)
class Taxonomy:
    """Research areas, in the order that labels keep.

    Attributes:
        groups: group name to its areas, each area to its definition.
    """

    groups: dict[str, dict[str, str]]

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """Every area's name, group by group."""
        return tuple(area for group in self.groups.values() for area in group)

    @cached_property
    def index(self) -> dict[str, int]:
        """Area name to its position in `areas`."""
        return {area: i for i, area in enumerate(self.areas)}

    @cached_property
    def definitions(self) -> dict[str, str]:
        """Area name to its definition."""
        return {area: text for group in self.groups.values() for area, text in group.items()}

    @cached_property
    def hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of names, order and definitions."""
        canonical = json.dumps(self.groups, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def check(self, areas: Sequence[str], place: str) -> tuple[str, ...]:
        """Return `areas` without repeats, in the taxonomy's order.

        Raises:
            UserError: an area is unknown; the message names it, `place` and the nearest known one.
        """
        from difflib import get_close_matches

        for area in areas:
            if area not in self.index:
                near = get_close_matches(area, self.areas, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UserError(f"{place}: unknown area {area!r}{hint} (the taxonomy has {len(self.areas)})")
        return tuple(sorted(set(areas), key=self.index.__getitem__))


def load_taxonomy(path: str | Path | None = None, extend: str | Path | None = None) -> Taxonomy:
    """Read a taxonomy.

    Args:
        path: a YAML file that replaces the default taxonomy; None takes the one in the package.
        extend: a YAML file whose groups and areas are added; an area that is already there gets the
            new definition and keeps its place.

    Raises:
        UserError: a file is missing or malformed; the message names the file and the line.
    """
    groups = _read(Path(path)) if path else _read(Path(str(files("papertag") / "data" / "taxonomy.yaml")))
    if extend:
        for group, areas in _read(Path(extend)).items():
            for area, definition in areas.items():
                home = next((g for g, known in groups.items() if area in known), group)
                groups.setdefault(home, {})[area] = definition
    if sum(map(len, groups.values())) < 2:
        raise UserError(f"{path}: a taxonomy needs at least two areas")
    return Taxonomy(groups)


def _read(path: Path) -> dict[str, dict[str, str]]:
    return _groups(read_section(path, "groups", "taxonomy"), path)


def _groups(groups: CommentedMap, path: Path) -> dict[str, dict[str, str]]:
    seen: dict[str, int] = {}
    result: dict[str, dict[str, str]] = {}
    for group, areas in groups.items():
        at = line_of(groups, group)
        if not isinstance(areas, CommentedMap) or not areas:
            raise UserError(f"{path}:{at}: group {group!r} must map area names to definitions")
        result[str(group)] = {}
        for area, definition in areas.items():
            at = line_of(areas, area)
            if not isinstance(area, str) or not _AREA_NAME.match(area):
                raise UserError(f"{path}:{at}: area {area!r} must be lower-case letters, digits and hyphens")
            if area in seen:
                raise UserError(f"{path}:{at}: area {area!r} stands twice (first on line {seen[area]})")
            if not isinstance(definition, str) or not definition.strip():
                raise UserError(f"{path}:{at}: area {area!r} needs a definition, as text")
            seen[area] = at
            result[str(group)][area] = " ".join(definition.split())
    return result
