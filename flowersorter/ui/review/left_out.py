"""The photos that the person leaves out of the answer for their section, by a click or a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtCore import QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication

from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel


class LeftOutMarks(QObject):
    """Remembers which photos are left out, and marks them in the grid. Lives in the GUI thread.

    Args:
        photos: The model of the grid.
        grid: The grid.
        can_leave_out: Whether the section of a model row has an answer that a photo can be left out of.
        parent: Owns it.

    Signals:
        changed(): Other photos are left out now.

    Attributes:
        place_ids: The photos.
    """

    changed = Signal()

    def __init__(
        self,
        photos: PhotoModel,
        grid: PhotoGrid,
        can_leave_out: Callable[[int], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._photos, self._can_leave_out = photos, can_leave_out
        self.place_ids: frozenset[int] = frozenset()
        grid.clicked.connect(self._on_clicked)
        grid.doubleClicked.connect(self._on_double_clicked)

    def take_in(self, place_ids: Iterable[int]) -> None:
        """Leave these photos out no longer."""
        self._set(self.place_ids - set(place_ids))

    def answer(self, place_ids: Iterable[int], class_id: int) -> None:
        """The section of these photos was given a class: a later sort does not file those left out of it as that class.

        They are left out no longer, so that they are asked about anew.
        """
        places, columns = set(place_ids), self._photos.columns
        rows = columns.locate(self.place_ids & places)
        rows = rows[(columns.photo_ids[rows] > 0) & (columns.suggested[rows] == class_id)]
        if class_id:
            self._photos.left_out_of.update(dict.fromkeys(columns.photo_ids[rows].tolist(), class_id))
        self.take_in(places)

    def toggle(self, rows: Rows) -> bool:
        """Leave out the photos on (M,) ascending rows, or include them if all are out; return whether any can be."""
        possible = np.array([row for row in rows if self._can_leave_out(row)], np.intp)
        places = set(self._photos.all_places_at(possible).tolist())
        self._set(self.place_ids - places if places <= self.place_ids else self.place_ids | places)
        return bool(places)

    def clear(self) -> None:
        """Leave no photo out: other photos are open."""
        self._photos.left_out_of.clear()
        self._set(frozenset())

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        plain = QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier
        if plain and self._can_leave_out(index.row()):
            self._set(self.place_ids ^ frozenset(self._photos.place_ids([index])))

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        """Undo the first click of a double click, which only shows the photo large."""
        self._on_clicked(index)

    def _set(self, place_ids: frozenset[int]) -> None:
        if place_ids != self.place_ids:
            self.place_ids = place_ids
            self._photos.set_left_out(place_ids)
            self.changed.emit()
