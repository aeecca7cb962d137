"""The networks of a collection's own: what deep training changed in a backbone, a file each."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from flowersorter.errors import UserError
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.library.tables.settings import Settings

_COUNTER = "networks trained"
_SUFFIX = ".safetensors"


class FinetunedWeights:
    """Files by the name of the network they make.

    A number is never given twice, even where its file is gone: embeddings are kept by that name too, and those of two
    networks must not mix.

    Args:
        folder: Where the files are; made when there is something to keep.
        settings: Remember the last number.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder, self._settings = folder, settings

    def path(self, name: str) -> Path:
        """Where the file of this network is or would be."""
        return self._folder / f"{name}{_SUFFIX}"

    def next_number(self) -> int:
        """A number that no network of this collection has or had; it is on disk when this returns."""
        number = self._settings.get(_COUNTER, 0) + 1
        self._settings.set(_COUNTER, number)
        return number

    def write(self, name: str, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> Path:
        """Keep a network.

        Raises:
            UserError: the disk refuses; nothing was kept.
        """
        path = self.path(name)
        try:
            self._folder.mkdir(exist_ok=True)
            write_bundle(path, arrays, metadata)
        except OSError as error:
            raise UserError("The trained network could not be saved", error.strerror or str(error)) from error
        return path

    def read(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Read a network's arrays and metadata.

        Raises:
            ModelFileBad: its file is missing or damaged.
        """
        return read_bundle(self.path(name))

    def names(self, mark: str) -> list[str]:
        """The networks there are: whatever has this in its name."""
        return sorted(path.name.removesuffix(_SUFFIX) for path in self._folder.glob(f"*{mark}*{_SUFFIX}"))

    def remove(self, name: str) -> None:
        """Delete a network's file, if the disk lets us; one that stays just takes up room."""
        with contextlib.suppress(OSError):
            self.path(name).unlink(missing_ok=True)
