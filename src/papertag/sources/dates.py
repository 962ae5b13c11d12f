"""Dates as listings write them, turned into ISO 8601."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_ISO = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?(?![\d/.])")
_WRITTEN = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d")


def iso_date(text: str) -> str:
    """Return the day in `text` as ``2025-01-31``, or empty where it names none.

    Read are ISO 8601 with or without a time (a year, or a year and month, stay as short as they are),
    RFC 2822 as in feeds, and dates in words such as ``Jan 31, 2025``. Numeric orders that mean different
    days in different countries (``01/02/2025``) are not guessed at.
    """
    text = text.strip()
    if found := _ISO.match(text):
        day = found.group()
        padded = day + "-01-01"[len(day) - 4 :] if len(day) < 10 else day
        return day if _is_day(padded) else ""
    for written in _WRITTEN:
        try:
            return datetime.strptime(text, written).date().isoformat()
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""


def epoch_date(milliseconds: int | float) -> str:
    """Return the UTC day of a time in milliseconds since 1970, or empty where it is out of range."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
