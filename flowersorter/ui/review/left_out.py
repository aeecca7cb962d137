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
        taken_back(): So are photos of an answer that is undone; they go back where they were.

    Attributes:
        place_ids: The photos.
    """

    changed = Signal()
    taken_back = Signal()

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

    def answer(self, place_ids: Iterable[int], class_id: int = 0) -> LeftOutAnswer:
        """Return the change to the photos left out of an answer for a section.

        Args:
            place_ids: All photos of the section.
            class_id: The class that the others get; 0 for none.
        """
        return LeftOutAnswer(self, self._photos, self.place_ids & set(place_ids), class_id)

    def leave_out(self, place_ids: Iterable[int], *, wanted: bool) -> None:
        """Leave these photos out, as far as they are here, or leave them out no longer."""
        columns = self._photos.columns
        here = columns.place_ids[columns.locate(place_ids)].tolist()
        self._set(self.place_ids.union(here) if wanted else self.place_ids.difference(place_ids))

    def toggle(self, rows: Rows) -> bool:
        """Leave out the photos on (M,) ascending rows, or include them if all are out; return whether any can be."""
        possible = np.array([row for row in rows if self._can_leave_out(row)], np.intp)
        places = set(self._photos.all_places_at(possible).tolist())
        self._set(self.place_ids - places if places <= self.place_ids else self.place_ids | places)
        return bool(places)

    def clear(self) -> None:
        """Leave no photo out: other photos are open."""
        self._photos.leave_out_of(dict.fromkeys(self._photos.columns.left_out_of, 0))
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


class LeftOutAnswer:
    """Photos left out of an answer: they may be of another class, so the question about them is asked again.

    Applied and reverted together with the labels of the others, see `Beside`.
    """

    def __init__(self, marks: LeftOutMarks, photos: PhotoModel, place_ids: frozenset[int], class_id: int) -> None:
        self._marks, self._photos, self._place_ids = marks, photos, place_ids
        photo_ids = photos.columns.photo_ids[photos.columns.locate(place_ids)]
        self._after = dict.fromkeys(photo_ids[photo_ids > 0].tolist(), class_id) if class_id else {}
        self._before: dict[int, int] = {}

    def of(self, class_id: int) -> LeftOutAnswer:
        """Return this change for the class that was made for the answer."""
        return LeftOutAnswer(self._marks, self._photos, self._place_ids, class_id)

    def apply(self) -> None:
        """Remember the class, and take the marks away."""
        known = self._photos.columns.left_out_of
        self._before = {photo_id: known.get(photo_id, 0) for photo_id in self._after}
        self._photos.leave_out_of(self._after)
        self._marks.leave_out(self._place_ids, wanted=False)

    def revert(self) -> None:
        """Forget the class, and mark the photos again."""
        self._marks.taken_back.emit()
        self._photos.leave_out_of(self._before)
        self._marks.leave_out(self._place_ids, wanted=True)
