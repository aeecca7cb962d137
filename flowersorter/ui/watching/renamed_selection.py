"""Keeps photos selected whose files were renamed or moved in the open folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot

from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_grid import PhotoGrid


@dataclass(frozen=True, slots=True)
class _Selected:
    """A selection before rows went.

    Attributes:
        place_ids: (M,) int64, the selected ones.
        photo_ids: (M,) int64.
        known: (N,) int64, the places of all photos.
    """

    place_ids: NDArray[np.int64]
    photo_ids: NDArray[np.int64]
    known: NDArray[np.int64]


class RenamedSelection(QObject):
    """Selects photos again that a scan finds at another place. Lives in the GUI thread.

    A new path is a new place, whose photo is known only once its file is read: at the end of the scan. A selection that
    the person changed meanwhile stays.

    Args:
        folder: Scans.
        grid: Has the selection.
        parent: Owns it.
    """

    def __init__(self, folder: FolderController, grid: PhotoGrid, parent: QObject) -> None:
        super().__init__(parent)
        self._grid = grid
        self._before: tuple[PhotoColumns, NDArray[np.int64]] | None = None
        self._gone: _Selected | None = None
        grid.photos.modelAboutToBeReset.connect(self._remember)
        grid.photos.modelReset.connect(self._compare)
        folder.opened.connect(self._forget)
        folder.labelled.connect(self._select_again)

    @Slot()
    def _remember(self) -> None:
        self._before = self._grid.photos.columns, self._grid.selected_before

    @Slot()
    def _compare(self) -> None:
        before, self._before = self._before, None
        if before is None or before[0] is self._grid.photos.columns:
            return  # photos have only moved
        columns, places = before
        if not np.isin(places, self._grid.photos.columns.place_ids).all():
            self._gone = _Selected(places, columns.photo_ids[columns.locate(places)], columns.place_ids)

    @Slot()
    def _forget(self) -> None:
        self._gone = None

    @Slot()
    def _select_again(self) -> None:
        gone, self._gone = self._gone, None
        if gone is None:
            return
        photos, columns = self._grid.photos, self._grid.photos.columns
        is_left = np.isin(gone.place_ids, columns.place_ids)
        left = gone.place_ids[is_left]
        if not np.array_equal(np.sort(photos.all_places_at(self._grid.selected_rows())), np.sort(left)):
            return
        wanted = gone.photo_ids[~is_left]
        found = np.isin(columns.photo_ids, wanted[wanted > 0]) & ~np.isin(columns.place_ids, gone.known)
        if found.any():
            self._grid.select_places(np.concatenate([left, columns.place_ids[found]]))
