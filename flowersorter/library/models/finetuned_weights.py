"""Fine-tuned weights of a collection: one file for each backbone that was fine-tuned here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.library.tables.settings import FINETUNED_COUNT, Settings
from flowersorter.messages import text

_SUFFIX = ".safetensors"


class FinetunedWeights:
    """Weight files, named after their backbone.

    A number is never used twice, even after its file is deleted: embeddings are stored by the same name, and those of
    two networks must not mix.

    Args:
        folder: The folder of the files; made when the first one is stored.
        settings: Stores the last number.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings

    def path(self, name: str) -> Path:
        """The path of a network's file, whether it exists or not."""
        return self._folder / f"{name}{_SUFFIX}"

    def next_number(self) -> int:
        """A number that no network of this collection has or had; stored when this returns."""
        number = self._settings.get(FINETUNED_COUNT) + 1
        self._settings.set(FINETUNED_COUNT, number)
        return number

    def write(self, name: str, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Path:
        """Store a network.

        Raises:
            UserError: the disk refuses; nothing was stored.
        """
        path = self.path(name)
        try:
            self._folder.mkdir(exist_ok=True)
            write_bundle(path, arrays, metadata)
        except OSError as error:
            raise UserError(text("The trained network could not be saved"), error.strerror or str(error)) from error
        return path

    def read(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Read a network's arrays and metadata.

        Raises:
            ModelFileBad: its file is missing or damaged.
        """
        return read_bundle(self.path(name))

    def names(self, infix: str) -> list[str]:
        """The names of the stored networks that contain this text."""
        return sorted(path.name.removesuffix(_SUFFIX) for path in self._folder.glob(f"*{infix}*{_SUFFIX}"))

    def remove(self, name: str) -> None:
        """Delete a network's file; if the disk refuses, it only takes space."""
        with contextlib.suppress(OSError):
            self.path(name).unlink(missing_ok=True)
