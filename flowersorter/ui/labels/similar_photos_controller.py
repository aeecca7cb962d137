"""Show similar photos: those of the open folder that resemble the selected one most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.latest_only import LatestOnly

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class SimilarPhotosController(QObject):
    """Finds similar photos off the GUI thread. Lives in the GUI thread.

    Signals:
        found(list of place ids, title): Show these photos in this order: the photo, then the most similar ones.
    """

    found = Signal(object, str)

    def __init__(self, session: Session, front: MessageSink, grid: PhotoGrid, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front, self._grid = session, front, grid
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        self._loader.failed.connect(self._on_failed)

    @Slot()
    def show(self) -> None:
        """Show the photos like the first selected one."""
        columns, selected = self._session.photos.columns, self._grid.selected_places()
        photo_ids = columns.photo_ids[columns.locate(selected[:1])].tolist()
        if not photo_ids or not photo_ids[0]:
            self._front.bar.ask_to_select(self.tr("Select a photo that has been read."))
            return
        engine, photo_id, candidates = self._session.engine, photo_ids[0], columns.photo_ids.copy()
        self._loader.request(selected[0], lambda: _similar(engine, photo_id, candidates))

    def shutdown(self) -> None:
        """Wait for the running comparison."""
        self._loader.shutdown()

    @Slot(object, object)
    def _on_loaded(self, place_id: int, photo_ids: list[int]) -> None:
        columns = self._session.photos.columns
        if not len(columns.locate([place_id])):
            return  # another folder was opened meanwhile
        rows = [np.flatnonzero(columns.photo_ids == photo_id)[:1] for photo_id in photo_ids]
        places: list[int] = columns.place_ids[np.concatenate([np.zeros(0, np.intp), *rows])].tolist()
        if not places:
            self._front.bar.say(self.tr("There are no similar photos in this folder."))
            return
        self.found.emit([place_id, *places], self.tr("Similar photos"))
        self._grid.select_places([place_id])

    @Slot(object, object)
    def _on_failed(self, _place_id: int, error: Exception) -> None:
        self._front.complain(error)


def _similar(engine: Engine, photo_id: int, candidates: NDArray[np.int64]) -> list[int]:
    from flowersorter.workflows.labelling.lookalikes import similar_photos  # in the thread, as most starts show none

    return [each.photo_id for each in similar_photos(engine, photo_id, candidates)]
