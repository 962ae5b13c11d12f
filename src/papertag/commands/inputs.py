"""The value of ``input=`` or ``data=``, as the sources take it."""

from typing import Any

from papertag.errors import UserError


def inputs_of(value: Any, key: str = "input") -> str | list[str] | None:
    """Return a name, a list of names, or None.

    Raises:
        UserError: the value is something else; the message names `key`.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise UserError(f"{key}={value} is not a name or a list of names")
