"""Records of papers to a dataset folder and back: deduplicated, labelled, split without leakage, with a card.

`build_dataset` writes a folder as `DedupConfig` and `SplitConfig` ask; `load_folder` reads it for training.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from papertag.dataset.build import Built, build_dataset
    from papertag.dataset.dedup import DedupConfig
    from papertag.dataset.load import load_folder
    from papertag.dataset.split import SplitConfig

_HOMES = {
    "Built": "papertag.dataset.build",
    "DedupConfig": "papertag.dataset.dedup",
    "SplitConfig": "papertag.dataset.split",
    "build_dataset": "papertag.dataset.build",
    "load_folder": "papertag.dataset.load",
}
__all__ = ["Built", "DedupConfig", "SplitConfig", "build_dataset", "load_folder"]


def __getattr__(name: str) -> Any:
    # On first use: to train on a folder needs nothing of what builds one.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
