"""Asks whether the photos sorted into a class move along when it is renamed or merged, and previews the moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.errors import UserError
from flowersorter.messages import worded
from flowersorter.sorting.plan import Action, SortPlan
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import (
    Message,
    RoomyRows,
    button,
    button_row,
    column_of,
    count_photos,
    describe,
    open_at,
    text_label,
)


class ClassMoveDialog(QDialog):
    """Previews the moves. Touches nothing itself. Lives in the GUI thread.

    Accepted with `plans` to move the photos too, or without to change only the name.

    Args:
        old: The present name of the class.
        new: Its new name, or the class it is merged into.
        filed: Number of photos sorted into it.
        merging: Whether it is merged, not renamed.
        parent: The window.
    """

    def __init__(self, old: str, new: str, filed: int, *, merging: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_move_dialog")
        self._merging = merging
        self._shown: tuple[SortPlan, ...] = ()
        self.plans: tuple[SortPlan, ...] = ()
        self.setWindowTitle(self.tr("Merge class") if merging else self.tr("Rename class"))
        self.what = text_label(self, "class_move_what", self._question(old, new, filed), scale=1.1)
        self.list = self._tree()
        self.message = Message(self, "class_move_message")
        self.message.say(self.tr("Checking the sorted photos…"))
        stays = self.tr("the classes stay merged") if merging else self.tr("the class keeps its new name")
        undo = self.tr("Undo reverses both. In History you can undo only the move: {0}.").format(stays)
        self.note = text_label(self, "class_move_note", undo, muted=True)
        self._build()

    def _question(self, old: str, new: str, filed: int) -> str:
        if filed == 1:
            return self.tr("1 photo is sorted into “{0}”. Move it to “{1}”?").format(old, new)
        return self.tr("{2} are sorted into “{0}”. Move them to “{1}”?").format(old, new, count_photos(filed))

    def _tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setObjectName("class_move_list")
        describe(tree, self.tr("Photos that move, and photos that stay"))
        tree.setHeaderLabels([self.tr("Folder"), self.tr("Photos")])
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        tree.setItemDelegate(RoomyRows(tree))
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        return tree

    def _build(self) -> None:
        tip = self.tr("Rename the class and move its sorted photos to the folder with the new name")
        self.move_button = button(self, "class_move_button", self._move_text(0), tip)
        self.move_button.setDefault(True)
        self.move_button.setEnabled(False)
        text = self.tr("Merge &only") if self._merging else self.tr("Rename &only")
        self.only_button = button(self, "class_only_button", text, self.tr("Sorted photos stay where they are"))
        self.cancel_button = button(self, "class_cancel_button", self.tr("Cancel"), self.tr("Change nothing (Esc)"))
        self.move_button.clicked.connect(self._move)
        self.only_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        column = column_of(self)
        column.addWidget(self.what)
        column.addWidget(self.list, 1)
        column.addWidget(self.message)
        column.addWidget(self.note)
        column.addLayout(button_row([], [self.cancel_button, self.only_button, self.move_button]))
        open_at(self, 84, 20, least=(74, 14))

    def _move_text(self, photos: int) -> str:
        text = self.tr("&Merge and move {0}") if self._merging else self.tr("&Rename and move {0}")
        return text.format(count_photos(photos) if photos else self.tr("photos"))

    @Slot(object)
    def show_plans(self, plans: Sequence[SortPlan]) -> None:
        """Show the planned moves, one plan for each destination folder."""
        self._shown = tuple(plans)
        self.list.clear()
        for plan in plans:
            root = QTreeWidgetItem(self.list, [str(plan.destination), ""])
            root.setIcon(0, theme.icon("open-folder"))
            root.setToolTip(0, str(plan.destination))
            for text, photos in (*self._moving(plan), *self._staying(plan)):
                line = QTreeWidgetItem(root, [text, QLocale().toString(photos)])
                line.setToolTip(0, text)
                line.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            root.setExpanded(True)
        moving = sum(sum(plan.counts_by_class.values()) for plan in plans)
        self.message.say("" if moving else self.tr("None of these photos can be moved."))
        self.move_button.setText(self._move_text(moving))
        self.move_button.setAccessibleName(self.move_button.text().replace("&", ""))
        self.move_button.setEnabled(bool(moving))
        (self.move_button if moving else self.only_button).setFocus()

    @Slot(object)
    def show_refusal(self, error: UserError) -> None:
        """Say why nothing can be moved; the name can be changed all the same."""
        self.message.say(str(error), warning=True)

    def _moving(self, plan: SortPlan) -> Iterator[tuple[str, int]]:
        ways = Counter(
            (file.filing.source.parent, file.destination.parent) for file in plan.files if file.action.is_filed
        )
        for (old, new), photos in sorted(ways.items()):
            yield f"{_below(old, plan.destination)} → {_below(new, plan.destination)}", photos

    def _staying(self, plan: SortPlan) -> Iterator[tuple[str, int]]:
        reasons = Counter(worded(skipped.reason).partition(": ")[0] for skipped in plan.skipped)
        there = plan.counts_by_action.get(Action.ALREADY_THERE, 0)
        twice = plan.counts_by_action.get(Action.DUPLICATE, 0)
        reasons[self.tr("the same photo is already in that folder")] += there
        reasons[self.tr("duplicate")] += twice
        for reason, photos in reasons.most_common():
            if photos:
                yield self.tr("stays where it is: {0}").format(reason), photos

    @Slot()
    def _move(self) -> None:
        self.plans = self._shown
        self.accept()


def _below(folder: Path, root: Path) -> str:
    """The path of a folder relative to another one, or in full."""
    return str(folder.relative_to(root)) if folder.is_relative_to(root) else str(folder)
