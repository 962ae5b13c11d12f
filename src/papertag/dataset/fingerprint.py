"""The fingerprint of a dataset: one hash of what went in and how it was treated."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from papertag.content import file_hash
from papertag.paper import Paper


def content_hash(papers: Sequence[Paper], holdout: Sequence[str | None]) -> str:
    """Return the SHA-256 of the papers and the splits they are fixed to, in order, as hex digits."""
    digest = hashlib.sha256()
    for paper, split in zip(papers, holdout, strict=True):
        digest.update(json.dumps([split, paper.to_json()], sort_keys=True, default=str).encode())
    return digest.hexdigest()


def fingerprint(content: str, configuration: Mapping[str, Any], taxonomy_hash: str) -> str:
    """Return 16 hex digits for the input's `content_hash`, the configuration as `plain` gives it, and the taxonomy."""
    whole = json.dumps([content, configuration, taxonomy_hash], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """Return a configuration as JSON; a file that it names by its last name and the SHA-256 of its content.

    So the same files give the same fingerprint wherever they lie.
    """
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str) and _is_file(value):
        path = Path(value)
        return {"file": path.name, "sha256": file_hash(path)}
    return value


def _is_file(value: str) -> bool:
    try:
        return bool(value) and Path(value).is_file()
    except OSError:
        return False
