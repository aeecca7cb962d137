"""Labels the selected photos by key, menu, drag or the buttons on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QKeySequence

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.tile_buttons import TileButtons
from flowersorter.ui.labels.assign_controller import AssignController
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import count_photos
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
        self.typing = AssignController(front, classes, grid.selected_places, self)
        self.typing.watch(grid, lambda: grid.visualRect(grid.currentIndex()))
        self.typing.assigned.connect(self.assign_to)
        self.typing.made.connect(self._assign_to_made)
        buttons = TileButtons(grid, grid.tiles)
        buttons.confirm_clicked.connect(self.confirm_place)
        buttons.reject_clicked.connect(self.reject_place)

    @property
    def handlers(self) -> dict[str, Callable[[], None]]:
        """The handlers of the actions that need a photo, by the action's name."""
        return {
            "confirm": self.confirm,
            "reject": self.reject,
            "not_mine": self.not_mine,
            "dont_know": self.dont_know,
            "clear_label": self.clear_label,
            "assign_class": self.typing.open_box,
        }

    @Slot(int)
    def assign(self, class_id: int) -> None:
        """Label the selected photos with this class."""
        self.assign_to(self._grid.selected_places(), class_id)

    @Slot(object, int)
    def assign_to(self, place_ids: Sequence[int], class_id: int) -> None:
        """Label photos, which were selected when a question about them was asked, with this class."""
        self.typing.remember(class_id)
        self._answer(place_ids, partial(self._labels.assign, place_ids, class_id))

    @Slot(object, object)
    def _assign_to_made(self, place_ids: Sequence[int], made: PhotoClass) -> None:
        self.typing.remember(made.id)
        self._answer(place_ids, partial(self._give_made, place_ids, made))

    def _give_made(self, place_ids: Sequence[int], made: PhotoClass) -> int:
        self._labels.assign_to_made(place_ids, made)
        return len(place_ids)

    @Slot()
    def confirm(self) -> None:
        """Confirm the suggestions, except of photos left out and those that changed just before the key press."""
        selected, photos = self._grid.selected_places(), self._grid.photos
        meant = [place_id for place_id in selected if place_id not in photos.left_out]
        seen = photos.columns.seen(meant)
        if not selected or self._answer(selected, partial(self._labels.confirm, seen)):
            return
        if meant and not seen:
            self._labels.say_just_changed()
            return
        if not meant:
            text = self.tr("Not confirmed: it is left out of its section. Click it or press O to take it in.")
        else:
            text = self.tr("No suggestion to confirm. Drag it onto a class or press a number.")
        self._front.bar.say(text, until=Until.ANSWER)

    @Slot()
    def clear_label(self) -> None:
        """Remove the labels of the selected photos."""
        self._labels.clear(self._grid.selected_places())

    @Slot()
    def reject(self) -> None:
        """Store that the selected photos do not show the class they are shown with; none that changed under the key."""
        selected = self._grid.selected_places()
        seen = self._grid.photos.columns.seen(selected)
        if not selected or self._answer(selected, partial(self._labels.reject, seen)):
            return
        if not seen:
            self._say_not_rejected()
        else:
            self._front.bar.say(self.tr("No suggestion or label to reject."), until=Until.ANSWER)

    def _say_not_rejected(self) -> None:
        text = self.tr("Not rejected: the suggestion has just changed. Reject it again if it is wrong.")
        self._front.bar.say(text, until=Until.ANSWER)

    @Slot(int)
    def confirm_place(self, place_id: int) -> None:
        """Confirm the suggestion of a photo, or of its stack, as `confirm` does; the selected ones stay selected."""
        photos = self._grid.photos
        seen = photos.columns.seen(photos.tile_of(place_id))
        self._labels.confirm(seen)
        if not seen:
            self._labels.say_just_changed()

    @Slot(int)
    def reject_place(self, place_id: int) -> None:
        """Store that a photo, or its stack, does not show the class it is suggested for, as `reject` does."""
        photos = self._grid.photos
        seen = photos.columns.seen(photos.tile_of(place_id))
        self._labels.reject(seen)
        if not seen:
            self._say_not_rejected()

    @Slot()
    def not_mine(self) -> None:
        """Store that the selected photos show none of the classes."""
        self.mark_not_mine(self._grid.selected_places())

    @Slot(object)
    def mark_not_mine(self, place_ids: list[int]) -> None:
        """Store that photos, selected or dragged, show none of the classes."""
        count = self._answer(place_ids, partial(self._labels.mark, place_ids, Mark.NOT_MINE))
        if count:
            one, many = self.tr("{0} not mine. It is not sorted."), self.tr("{0} not mine. They are not sorted.")
            self._front.bar.say((one if count == 1 else many).format(count_photos(count)), until=Until.ANSWER)

    @Slot()
    def dont_know(self) -> None:
        """Store that the person cannot tell the class of the selected photos."""
        selected = self._grid.selected_places()
        count = self._answer(selected, partial(self._labels.mark, selected, Mark.DONT_KNOW))
        if count:
            text = self.tr("{0} not suggested for labelling again.").format(count_photos(count))
            self._front.bar.say(text, until=Until.ANSWER)

    @Slot(int, object)
    def drop(self, class_id: int, place_ids: list[int]) -> None:
        """Label dragged photos with the class under the drop."""
        self.typing.remember(class_id)
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
            self._front.bar.ask_to_select(self.tr("Select the photos for the new class first."))

    @Slot(int)
    def split_class(self, class_id: int) -> None:
        """Move the selected photos to a new class; without any, show a class so that the person can select some."""
        if self._filter.class_shown == class_id or self._grid.selected_places():
            self.split()
            return
        self._filter.show(class_id)
        key = self._split_key.toString(QKeySequence.SequenceFormat.NativeText)
        text = self.tr("Select the photos for the new class, then press {0}.").format(key)
        self._front.bar.say(text, (self.tr("New class from selection"), self.split), until=Until.ANSWER)

    def _answer(self, selected: Sequence[int], give: Callable[[], int]) -> int:
        """Give an answer; after a single photo or stack select the next one, so that a series needs one key each.

        Args:
            selected: The places selected before; an answer may move a photo out of view, or to another tile.
            give: Gives the answer and returns the number of changed photos.

        Returns:
            The same number.
        """
        grid = self._grid
        is_one_tile = grid.photos.is_one_tile(selected)
        count = give()
        if count and is_one_tile and set(grid.selected_places()) in (set(), set(selected)):
            grid.go_on()
        return count
