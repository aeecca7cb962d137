"""The objects that the window and its controllers share, built once by the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QWidget

from flowersorter.domain.changes import Changes
from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import DEVICE
from flowersorter.messages import joined_texts, stored, text
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.shared.library_state import LibraryState
from flowersorter.ui.shared.status_bar import StatusBar
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import JobQueue
from flowersorter.workers.library_queue import LibraryQueue
from flowersorter.workers.thumbnail_pool import ThumbnailPool
from flowersorter.workflows.engine import Engine

if TYPE_CHECKING:
    from flowersorter.sorting.plan import Skipped


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One open collection with its queues, state and models.

    Attributes:
        engine: The collection with its caches, for the workflows.
        queue: Runs jobs.
        library: Runs short operations on the collection; the window itself reads no table.
        state: Classes, label counts and settings, in memory.
        thumbnails: Decodes thumbnails.
        photos: The open folder.
        undo_stack: The undo stack.
    """

    engine: Engine
    queue: JobQueue
    library: LibraryQueue
    state: LibraryState
    thumbnails: ThumbnailPool
    photos: PhotoModel
    undo_stack: QUndoStack

    @property
    def collection(self) -> CollectionStore:
        """The library of the engine."""
        return self.engine.collection

    @property
    def device(self) -> str:
        """The processing device: "auto", "cpu" or "cuda"."""
        return self.state.setting(DEVICE)

    def use_model(self, model_id: int, done: Callable[[None], None], failed: Callable[[Exception], None]) -> None:
        """Use a model; fails if the model was deleted after it was offered."""
        from flowersorter.workflows.models.current_model import use_model  # imported here: most starts change no model

        use = partial(use_model, self.engine, model_id)
        self.library.submit(use, done, failed, changes=Changes.MODEL | Changes.CLASSES)


#: Photos that a message names with their reason.
_REASONS_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class MessageSink:
    """Parent window and status bar for a controller's messages.

    Attributes:
        window: Parent of its dialogs.
        bar: Shows short messages.
    """

    window: QWidget
    bar: StatusBar

    def complain(self, error: Exception) -> None:
        """Show an error in a dialog."""
        from flowersorter.ui.shared.error_dialog import show_error  # imported here: most starts see no error

        show_error(self.window, error)

    def complain_not_moved(self, refused: Sequence[Skipped]) -> None:
        """Show how many photos stay where they are, with the reasons of the first few; nothing if there are none."""
        self._complain_of(QCoreApplication.translate("MessageSink", "{0} not moved"), refused)

    def complain_not_undone(self, refused: Sequence[Skipped]) -> None:
        """Show how many photos an undo left, with the reasons of the first few; nothing if there are none."""
        self._complain_of(QCoreApplication.translate("MessageSink", "Not undone: {0}"), refused)

    def _complain_of(self, what: str, refused: Sequence[Skipped]) -> None:
        if not refused:
            return
        reasons = [
            text("• {name}: {reason}", name=skipped.path.name, reason=stored(skipped.reason))
            for skipped in refused[:_REASONS_SHOWN]
        ]
        if more := len(refused) - len(reasons):
            reasons.append(text("and {count} more", count=more))
        self.complain(UserError(what.format(count_photos(len(refused))), joined_texts("\n", *reasons)))
