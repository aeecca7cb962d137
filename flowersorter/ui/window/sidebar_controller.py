"""Connects the sidebar with the filter, the selection and the classes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QSplitter

from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.classes.class_rows import TO_CHECK, TO_NAME
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.review.progress import ReviewProgress
from flowersorter.ui.review.review_controller import ReviewController
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.ui.window.selection_controller import SelectionController


class SidebarController(QObject):
    """Handles the actions of the class list, and shows the steps to do in it.

    Signals:
        naming_requested(): Show the groups to name.
        checking_requested(): Show the photos to check.
    """

    naming_requested = Signal()
    checking_requested = Signal()

    def __init__(
        self,
        class_list: ClassList,
        classes: ClassesController,
        selection: SelectionController,
        photo_filter: FilterController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._list, self._classes, self._filter = class_list, classes, photo_filter
        class_list.chosen.connect(self._on_chosen)
        class_list.dropped.connect(selection.drop)
        class_list.dropped_on_new.connect(selection.assign_to_new)
        class_list.dropped_on_not_mine.connect(selection.mark_not_mine)
        class_list.new_requested.connect(selection.make_class)
        class_list.split_requested.connect(selection.split_class)
        class_list.moved.connect(classes.move)
        class_list.up_requested.connect(classes.move_up)
        class_list.down_requested.connect(classes.move_down)
        class_list.renamed.connect(self._rename)
        class_list.merge_requested.connect(classes.merge)
        class_list.merged.connect(classes.merge_into)
        class_list.delete_requested.connect(classes.delete)

    def follow(self, review: ReviewController) -> None:
        """Connect the steps of a review, and show their counts."""
        self.naming_requested.connect(review.start_naming)
        self.checking_requested.connect(review.start_checking)
        review.progressed.connect(self.show_progress)

    @Slot(object)
    def show_progress(self, progress: ReviewProgress) -> None:
        """Show how many photos each step has left; a step without any is not listed."""
        self._list.show_to_do(progress.to_name or None, progress.to_check or None)

    @Slot(int)
    def _on_chosen(self, key: int) -> None:
        if key == TO_NAME:
            self.naming_requested.emit()
        elif key == TO_CHECK:
            self.checking_requested.emit()
        else:
            self._filter.show(key)

    @Slot()
    def rename_shown(self) -> None:
        """Edit the name of the shown class in the sidebar; opens a closed sidebar."""
        splitter = self._list.parentWidget()
        if isinstance(splitter, QSplitter):
            widths, at = splitter.sizes(), splitter.indexOf(self._list)
            widths[at] = max(widths[at], self._list.minimumWidth())
            splitter.setSizes(widths)
        self._list.rename(self._filter.class_shown)

    @Slot(int, str)
    def _rename(self, class_id: int, name: str) -> None:
        self._classes.rename(class_id, name, self._list.end_renaming, self._list.refuse_name)
