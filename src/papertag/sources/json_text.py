"""JSON read strictly: an error names line and column."""

import json
from typing import Any

from papertag.errors import UserError
from papertag.sources.stream import decode
from papertag.sources.text import mend_surrogates


def load_json(data: bytes | str, name: str) -> Any:
    """Return the value of a whole JSON document, free of lone surrogates.

    Raises:
        UserError: the document is cut off or malformed; the message gives line and column.
    """
    text = decode(data) if isinstance(data, bytes) else data
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        problem = "the JSON breaks off" if at_end else "this is not valid JSON"
        raise UserError(
            f"{name}:{error.lineno}:{error.colno}: {problem} ({error.msg}): fetch or write the file again"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: this JSON cannot be read ({problem_of(error)})") from None


def loads(text: str) -> Any:
    r"""Return `json.loads` of `text`; a lone surrogate (``\ud83d`` without its half) becomes U+FFFD.

    Raises:
        ValueError, RecursionError: `text` is not JSON that can be read.
    """
    value = json.loads(text)
    if "\\ud" in text or "\\uD" in text:
        return json.loads(mend_surrogates(json.dumps(value, ensure_ascii=False)))
    return value


def problem_of(error: Exception) -> str:
    """Return why `loads` raised, as half a sentence."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
