"""Settings that only some kinds of a method read: null where they have no meaning."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from papertag.errors import UserError


def check_read(group: str, config: Any, reads: Collection[str]) -> None:
    """Check that those of the nullable settings are set that ``config.kind`` reads, and no others.

    Args:
        group: what the user calls the configuration, such as ``loss``.
        config: a dataclass with a field ``kind``; its nullable fields default to None.
        reads: the nullable settings that its kind reads.

    Raises:
        UserError: a setting is missing, or one is set that would be ignored.
    """
    kind = config.kind.value.replace("_", "-")
    for name in (field.name for field in fields(config) if field.default is None):
        value = getattr(config, name)
        if name in reads and value is None:
            raise UserError(f"{group}={kind} needs a value for {group}.{name}")
        if name not in reads and value is not None:
            raise UserError(f"{group}.{name}={value} has no meaning for {group}={kind}: leave it null")
