"""Reads the dates of photos: for tool tips after a scan, at once if the order or the sections need them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.library.collection import CollectionStore
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import Session


class DateController(QObject):
    """Gives the photos their dates, each asked for once. Lives in the GUI thread.

    Signals:
        dates_read(): More photos have a date.
    """

    dates_read = Signal()

    def __init__(self, session: Session, folder: FolderController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reading = False
        session.photos.modelReset.connect(self._ask)
        session.photos.rearranged.connect(self._ask)
        folder.labelled.connect(self._read)

    @Slot()
    def _ask(self) -> None:
        if self._is_needed():
            self._read()

    def _is_needed(self) -> bool:
        """Whether the order, the sections or the photos shown depend on the dates."""
        return self._session.photos.filter.needs_dates

    @Slot()
    def _read(self) -> None:
        lacking = self._session.photos.columns.without_moment()
        if len(lacking) and not self._reading:
            self._reading = True
            read = partial(_moments, self._session.collection, lacking)
            self._session.library.submit(read, partial(self._on_read, lacking), self._on_failed)

    def _on_read(self, photo_ids: NDArray[np.int64], moments: NDArray[np.datetime64]) -> None:
        self._reading = False
        self._session.photos.columns.set_moments(photo_ids, moments)
        self.dates_read.emit()
        if self._is_needed():
            self._session.photos.rearrange()

    def _on_failed(self, error: Exception) -> None:
        self._reading = False
        self._session.library.failed.emit(error)


def _moments(collection: CollectionStore, photo_ids: NDArray[np.int64]) -> NDArray[np.datetime64]:
    from flowersorter.workflows.predicting.select_rows import taken_at  # imported here: most starts order by name

    return taken_at(collection, photo_ids)
