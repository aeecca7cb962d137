"""Lists classes that other programs gave photos, to choose those that become labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.ui.shared.indicators import CheckRows
from flowersorter.ui.shared.widgets import (
    button,
    button_row,
    column_of,
    describe,
    open_at,
    text_label,
)

_NAME_ROLE = Qt.ItemDataRole.UserRole
#: The columns with numbers of photos.
_NUMBERS = (2, 3)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """A line of the list.

    Attributes:
        name: As the other program writes it.
        class_name: The class that it means, in words.
        photos: Number of photos with it.
        unlabelled: How many of them have no label.
        checked: Whether it is checked at first.
        possible: Whether it can be checked.
    """

    name: str
    class_name: str
    photos: int
    unlabelled: int
    checked: bool
    possible: bool = True


class ChoiceDialog(QDialog):
    """A list of names with check boxes. Lives in the GUI thread.

    Args:
        prefix: Begins the object names of its widgets.
        title: Its title.
        heading: The question.
        column: Title of the column of names.
        choices: The lines.
        problems: A sentence about what cannot be read; "" for none.
        parent: The window.
    """

    def __init__(
        self,
        prefix: str,
        title: str,
        heading: str,
        column: str,
        choices: Iterable[LabelChoice],
        problems: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_dialog")
        self.setWindowTitle(title)
        self.heading = text_label(self, f"{prefix}_heading", heading, scale=1.15)
        self.tree = QTreeWidget(self)
        self._build_tree(prefix, title, column)
        for each in choices:
            self._add(each)
        self.problems = text_label(self, f"{prefix}_problems", problems, muted=True)
        self.problems.setVisible(bool(problems))
        self.take_button = button(self, f"{prefix}_button", self.tr("&Label photos"))
        self.cancel_button = button(self, f"{prefix}_cancel", self.tr("Cancel"), self.tr("Close (Esc)"))
        self.take_button.clicked.connect(self.accept)
        self.take_button.setDefault(True)
        self.cancel_button.clicked.connect(self.reject)
        layout = column_of(self)
        layout.addWidget(self.heading)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.problems)
        layout.addLayout(button_row([], [self.cancel_button, self.take_button]))
        open_at(self, 110, 28, least=(50, 14))
        self.tree.itemChanged.connect(self._enable)
        self._enable()
        self.tree.setFocus()

    def _build_tree(self, prefix: str, title: str, column: str) -> None:
        tree = self.tree
        tree.setObjectName(f"{prefix}_list")
        describe(tree, title, self.tr("Space checks or unchecks the selected line"))
        tree.setHeaderLabels([column, self.tr("Class"), self.tr("Photos"), self.tr("Unlabelled")])
        tree.setRootIsDecorated(False)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setItemDelegate(CheckRows(tree))
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)  # of the names; every number is in view
        for each in _NUMBERS:
            header.setSectionResizeMode(each, QHeaderView.ResizeMode.ResizeToContents)
            tree.headerItem().setTextAlignment(each, _RIGHT)

    def _add(self, choice: LabelChoice) -> None:
        number = QLocale().toString
        cells = [choice.name, choice.class_name, number(choice.photos), number(choice.unlabelled)]
        item = QTreeWidgetItem(self.tree, cells)
        item.setData(0, _NAME_ROLE, choice.name)
        for column, text in enumerate((choice.name, choice.class_name)):
            item.setToolTip(column, text)
        for column in _NUMBERS:
            item.setTextAlignment(column, _RIGHT)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Checked if choice.checked else Qt.CheckState.Unchecked)
        if not choice.possible:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
        if self.tree.currentItem() is None:
            self.tree.setCurrentItem(item)

    @property
    def checked(self) -> list[str]:
        """The names that are checked, in the order of the list."""
        items = map(self.tree.topLevelItem, range(self.tree.topLevelItemCount()))
        checked = (item for item in items if item is not None and item.checkState(0) is Qt.CheckState.Checked)
        return [item.data(0, _NAME_ROLE) for item in checked]

    @Slot()
    def _enable(self) -> None:
        self.take_button.setEnabled(bool(self.checked))
