"""The key ``model`` of the commands that take a finished model."""

from dataclasses import dataclass

from papertag.errors import UserError


@dataclass
class ModelFolder:
    """A finished model; ``model=DIR`` is short for ``model.folder=DIR``."""

    folder: str | None = None

    def required(self) -> str:
        """Return the folder.

        Raises:
            UserError: none was named.
        """
        if self.folder is None:
            raise UserError("model=DIR is missing: name a model folder, such as the one that 'papertag train' wrote")
        return self.folder
