"""Labels the selected photos by key, menu or drag."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QKeySequence

from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink
from flowersorter.ui.window.filter_controller import FilterController


class SelectionController(QObject):
    """Labels the selected photos and moves on to the next one."""

    def __init__(
        self,
        front: MessageSink,
        grid: PhotoGrid,
        classes: ClassesController,
        labels: LabelsController,
        photo_filter: FilterController,
        split_key: QKeySequence,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._front, self._grid, self._classes, self._labels = front, grid, classes, labels
        self._filter, self._split_key = photo_filter, split_key

    @Slot(int)
    def assign(self, class_id: int) -> None:
        """Label the selected photos with this class."""
        self._after_key(self._labels.assign(self._grid.selected_places(), class_id))

    @Slot()
    def confirm(self) -> None:
        """Confirm the suggestions."""
        selected = self._grid.selected_places()
        if selected and not self._after_key(self._labels.confirm(selected)):
            self._front.bar.say(self.tr("No suggestion to confirm. Drag it onto a class or press a number."))

    @Slot()
    def clear_label(self) -> None:
        """Remove the labels of the selected photos."""
        self._labels.clear(self._grid.selected_places())

    @Slot(int, object)
    def drop(self, class_id: int, place_ids: list[int]) -> None:
        """Label dragged photos with the class under the drop."""
        self._labels.assign(place_ids, class_id)

    @Slot()
    def make_class(self) -> None:
        """Create a class and move the selected photos to it."""
        self.assign_to_new(self._grid.selected_places())

    @Slot(object)
    def assign_to_new(self, place_ids: list[int]) -> None:
        """Make a class for these photos."""
        made = self._classes.make(len(place_ids), self._labels.come_from(place_ids))
        if made is not None:
            self._labels.assign_to_made(place_ids, made)

    @Slot()
    def split(self) -> None:
        """Move the selected photos to a new class; the others stay."""
        selected = self._grid.selected_places()
        if selected:
            self.assign_to_new(selected)
        else:
            self._front.bar.say(self.tr("Select the photos for the new class first."))

    @Slot(int)
    def split_class(self, class_id: int) -> None:
        """Show a class, so that the person can select photos for a new class."""
        if self._filter.class_shown == class_id:
            self.split()
            return
        self._filter.show(class_id)
        key = self._split_key.toString(QKeySequence.SequenceFormat.NativeText)
        text = self.tr("Select the photos for the new class, then press {0}.").format(key)
        self._front.bar.say(text, (self.tr("New class from selection"), self.split))

    def _after_key(self, count: int) -> int:
        """After a single photo, select the next one, so that a series needs one key each."""
        picked = self._grid.selectionModel().selectedIndexes()
        if count == 1 and len(picked) == 1:
            self._grid.go_on()
        return count
