"""How a parser says no to a record."""

from papertag.paper import Reject
from papertag.sources.text import collapse

_SHOWN = 200


def reject(place: str, reason: str, record: str = "") -> Reject:
    """Return a reject that shows the beginning of `record` on one line."""
    return Reject(place, reason, collapse(record[: 2 * _SHOWN])[:_SHOWN])
