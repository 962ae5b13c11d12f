"""The model that ships with the package, merged on first use into an ordinary model folder in the user's cache."""

import os
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from papertag.content import folder_hash
from papertag.errors import UserError
from papertag.models.delta import DELTA_FILE, unpack

# Set by users whose home is read-only, and by tests.
CACHE_VARIABLE = "PAPERTAG_CACHE"


def shipped_delta() -> Path:
    """Return the packaged folder with the model's difference from its pretrained encoder.

    Raises:
        UserError: this installation has none.
    """
    folder = Path(str(files("papertag") / "data" / "model"))
    if not (folder / DELTA_FILE).is_file():
        raise UserError(f"the model that ships is missing from {folder}: install papertag again, or name one by model=")
    return folder


def shipped_model() -> Path:
    """Return a model folder with the model that ships; the first call merges it, in about a second.

    It lies in ``$PAPERTAG_CACHE``, or else in the user's cache folder, under a name made from its content.

    Raises:
        UserError: the installation is damaged, or the cache cannot be written.
    """
    delta = shipped_delta()
    cache = Path(os.environ.get(CACHE_VARIABLE) or user_cache_path("papertag"))
    folder = cache / "models" / folder_hash(delta)[:16]
    if not (folder / "config.json").is_file():
        try:
            unpack(delta, folder)
        except UserError as error:
            raise UserError(f"{error} (the cache folder can be set by {CACHE_VARIABLE}=DIR)") from None
    return folder
