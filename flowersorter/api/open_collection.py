"""An open collection of a script: its lock, its engine, and the thread that works while the script waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias, TypeVar

from flowersorter.api.answers import Expectation
from flowersorter.api.background import run_in_background
from flowersorter.api.paths import AnyPath, given_path
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import with_restore_hint
from flowersorter.library.files.locations import default_collection
from flowersorter.messages import text
from flowersorter.workflows.engine import Engine

Request = TypeVar("Request")
Result = TypeVar("Result")
Device: TypeAlias = Literal["auto", "cpu", "cuda"]


class OpenCollection:
    """Opens and closes a collection, and runs workflows on it in the background."""

    def __init__(self, engine: Engine, device: Device, progress: Callable[[Progress], None] | None) -> None:
        self._engine_or_closed: Engine | None = engine
        self._folder = engine.collection.folder
        self._device, self._progress = device, progress
        self._left_out: Mapping[str, int] = {}
        self._expectation: Expectation | None = None
        self._opened = ExitStack()
        self._opened.callback(engine.close)

    def __repr__(self) -> str:
        state = ", closed" if self._engine_or_closed is None else ""
        return f"<{type(self).__name__} {str(self._folder)!r}{state}>"

    @classmethod
    def open(
        cls,
        folder: AnyPath | None = None,
        *,
        device: Device = "auto",
        progress: Callable[[Progress], None] | None = None,
        read_only: bool = False,
    ) -> Self:
        """Open a collection. Creates its folder if it is missing, and finishes or rolls back interrupted sorts.

        Args:
            folder: The collection's folder; None for the one that the window opens.
            device: The device that the network runs on.
            progress: Called in the calling thread during long work. An exception that it raises stops the work and is
                raised by the method that was called.
            read_only: Read an existing collection as it is now, also while the window is open. `predict_image`,
                `models`, `history`, `verify`, `export_model`, and `evaluate` and `label_errors` without new photos
                work; methods that change the collection raise CollectionLocked.

        Raises:
            DeviceUnavailable: the device is not there.
            CollectionLocked: a window or another program has it open.
            CollectionDamaged: its library cannot be read; the message says how to restore a backup.
            FolderUnusable: the folder cannot be created or written to.
        """
        from flowersorter.vision.backbone.device import require_device

        require_device(device)
        where = default_collection() if folder is None else given_path(folder).absolute()
        try:
            library = CollectionStore.open(where, read_only=read_only)
        except CollectionDamaged as error:
            raise with_restore_hint(error, where) from error
        collection = cls(Engine(library), device, progress)
        if not read_only and library.journal.open_runs():
            from flowersorter.workflows.filing.history import recover_collection

            recover_collection(library)
        return collection

    def close(self) -> None:
        """Close the collection, so that other programs can open it. A second call does nothing."""
        self._opened.close()
        self._engine_or_closed = None

    @property
    def _engine(self) -> Engine:
        if self._engine_or_closed is None:
            raise UserError(text("The collection is closed"), text("its with block has ended"), text("Open it again"))
        return self._engine_or_closed

    @property
    def _library(self) -> CollectionStore:
        return self._engine.collection

    def _keep_cache_small(self) -> None:
        """Shrink the thumbnail cache to its limit if thumbnails were added and it is larger."""
        from flowersorter.workflows.maintenance.cache import clean_cache, cleaning_due

        if not self._library.read_only and self._library.thumbnails.written_bytes and cleaning_due(self._library):
            with suppress(UserError):  # the requested work has succeeded
                run_in_background(partial(clean_cache, self._library), self._progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._engine_or_closed is not None:
                self._keep_cache_small()
        finally:
            self.close()

    @property
    def folder(self) -> Path:
        """The folder with the library, models and caches; the photos are elsewhere."""
        return self._folder

    def _run(self, verb: Callable[[Engine, Request, Report, CancelToken], Result], request: Request) -> Result:
        return run_in_background(partial(verb, self._engine, request), self._progress)
