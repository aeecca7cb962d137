"""Lists the keywords that other programs gave the photos of the open folder, to choose those that become labels."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from flowersorter.messages import worded
from flowersorter.ui.shared.indicators import CheckRows
from flowersorter.ui.shared.widgets import (
    button,
    button_row,
    column_of,
    describe,
    open_at,
    text_label,
)
from flowersorter.workflows.exchange.keyword_labels import FoundKeyword, FoundKeywords

_KEYWORD_ROLE = Qt.ItemDataRole.UserRole
#: The columns with numbers of photos.
_NUMBERS = (2, 3)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class TakeKeywordsDialog(QDialog):
    """A list of keywords with check boxes; those that name a class are checked. Lives in the GUI thread.

    Args:
        found: The keywords.
        parent: The window.
    """

    def __init__(self, found: FoundKeywords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("take_keywords_dialog")
        self.setWindowTitle(self.tr("Labels from keywords"))
        heading = self.tr("Which keywords are classes? Photos that have a label keep it.")
        self.heading = text_label(self, "take_keywords_heading", heading, scale=1.15)
        self.tree = QTreeWidget(self)
        self._build_tree()
        for each in found.keywords:
            self._add(each)
        self.problems = text_label(self, "take_keywords_problems", self._problems(found), muted=True)
        self.problems.setVisible(bool(found.problems))
        self.take_button = button(self, "take_keywords_button", self.tr("&Label photos"))
        self.cancel_button = button(self, "take_keywords_cancel", self.tr("Cancel"), self.tr("Close (Esc)"))
        self.take_button.clicked.connect(self.accept)
        self.take_button.setDefault(True)
        self.cancel_button.clicked.connect(self.reject)
        column = column_of(self)
        column.addWidget(self.heading)
        column.addWidget(self.tree, 1)
        column.addWidget(self.problems)
        column.addLayout(button_row([], [self.cancel_button, self.take_button]))
        open_at(self, 84, 28, least=(50, 14))
        self.tree.itemChanged.connect(self._enable)
        self._enable()
        self.tree.setFocus()

    def _build_tree(self) -> None:
        tree = self.tree
        tree.setObjectName("take_keywords_list")
        describe(tree, self.tr("Keywords of the photos"), self.tr("Space checks or unchecks the selected keyword"))
        tree.setHeaderLabels([self.tr("Keyword"), self.tr("Class"), self.tr("Photos"), self.tr("Without a label")])
        tree.setRootIsDecorated(False)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setUniformRowHeights(True)
        tree.setAllColumnsShowFocus(True)
        tree.setItemDelegate(CheckRows(tree))
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)  # of the names; every number is in view
        for column in _NUMBERS:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            tree.headerItem().setTextAlignment(column, _RIGHT)

    def _add(self, found: FoundKeyword) -> None:
        number = QLocale().toString
        class_name = found.class_name or self.tr("New class “{0}”").format(found.keyword)
        item = QTreeWidgetItem(self.tree, [found.keyword, class_name, number(found.photos), number(found.unlabelled)])
        item.setData(0, _KEYWORD_ROLE, found)
        for column, text in enumerate((found.keyword, class_name)):
            item.setToolTip(column, text)
        for column in _NUMBERS:
            item.setTextAlignment(column, _RIGHT)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        chosen = bool(found.class_name and found.unlabelled)
        item.setCheckState(0, Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
        if self.tree.currentItem() is None:
            self.tree.setCurrentItem(item)

    @property
    def chosen(self) -> dict[str, str]:
        """The class of each checked keyword."""
        chosen = {}
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            if item is not None and item.checkState(0) is Qt.CheckState.Checked:
                found = item.data(0, _KEYWORD_ROLE)
                chosen[found.keyword] = found.class_name or found.keyword
        return chosen

    def _problems(self, found: FoundKeywords) -> str:
        if not found.problems:
            return ""
        path, why = found.problems[0]
        said = self.tr("{0} cannot be read: {1}.").format(path.name, worded(why))
        more = len(found.problems) - 1
        others = self.tr("Other sidecar files that cannot be read: {0}.")
        return f"{said} {others.format(QLocale().toString(more))}" if more else said

    @Slot()
    def _enable(self) -> None:
        self.take_button.setEnabled(bool(self.chosen))
