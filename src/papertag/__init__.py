"""papertag: listings of research papers in, papers tagged with research areas out.

The public names load on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papertag.errors import UserError
    from papertag.paper import Paper, Reject
    from papertag.taxonomy import Taxonomy, load_taxonomy

__version__ = "0.1.0"

_HOMES = {
    "Paper": "papertag.paper",
    "Reject": "papertag.paper",
    "Taxonomy": "papertag.taxonomy",
    "UserError": "papertag.errors",
    "load_taxonomy": "papertag.taxonomy",
}
__all__ = ["Paper", "Reject", "Taxonomy", "UserError", "load_taxonomy"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
