"""What the files of weights an area have in common: where they lie, and what their entries may say."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from papertag.errors import UserError
from papertag.taxonomy import Taxonomy

DEFAULT = "default"


def locate(name: str, file: str) -> Path:
    """Return the path that `name` stands for: the packaged `file` for ``default``."""
    return Path(str(files("papertag") / "data" / file)) if name == DEFAULT else Path(name)


def weight(value: Any, place: str, what: str) -> float:
    """Return `value` as a probability.

    Raises:
        UserError: it is not a number from 0 to 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UserError(f"{place}: {what} must be a number from 0 to 1, not {value!r}")
    return float(value)


def known_area(area: Any, taxonomy: Taxonomy, place: str, *, lenient: bool) -> bool:
    """Return whether the taxonomy has `area`.

    The packaged files are written for the packaged taxonomy: with a taxonomy of the user's own, `lenient`
    passes over what they say of other areas.

    Raises:
        UserError: the area is unknown and not `lenient`.
    """
    if area in taxonomy.index:
        return True
    if not lenient:
        taxonomy.check([str(area)], place)
    return False
