"""The key ``model`` of the commands that take a finished model."""

from dataclasses import dataclass


@dataclass
class ModelFolder:
    """A finished model; ``model=DIR`` is short for ``model.folder=DIR``, and none is the one that ships."""

    folder: str | None = None

    def resolve(self) -> str:
        """Return the folder; without one, that of the model that ships with the package.

        Raises:
            UserError: the model that ships cannot be had.
        """
        if self.folder is not None:
            return self.folder
        from papertag.models.shipped import shipped_model

        return str(shipped_model())
