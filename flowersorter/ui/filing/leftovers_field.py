"""Offers to move duplicates along, and to remove folders that a move empties."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from flowersorter.domain.journal import DUPLICATES
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import CheckBox
from flowersorter.ui.shared.widgets import describe


class LeftoversField(QWidget):
    """Two check boxes, shown where a move leaves something. Lives in the GUI thread.

    Signals:
        choice_changed(): One of them was checked or unchecked.
    """

    choice_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.duplicates = CheckBox(self)
        self.duplicates.setObjectName("sort_move_duplicates")
        self.folders = CheckBox(self)
        self.folders.setObjectName("sort_remove_emptied")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        for box in (self.duplicates, self.folders):
            column.addWidget(box)
            box.toggled.connect(self.choice_changed)
        self.hide()

    def show_plan(self, plan: SortPlan) -> None:
        """Show a box for each kind of leftovers of this plan; a checked box stays."""
        twice = sum(count for action, count in plan.counts_by_action.items() if not action.is_filed)
        one, many = self.tr("Also move 1 &duplicate into “{1}”"), self.tr("Also move {0} &duplicates into “{1}”")
        self._offer(self.duplicates, one if twice == 1 else many, twice, DUPLICATES)
        empty, nearly = len(plan.emptied.empty), len(plan.emptied.nearly_empty)
        one, many = (
            self.tr("Remove the &folder that becomes empty"),
            self.tr("Remove the {0} &folders that become empty"),
        )
        self._offer(self.folders, one if empty == 1 else many, empty, "")
        tip = self.tr("Undo makes them again. Folders with anything in them stay, hidden files included.")
        if nearly:
            tip += " " + self.tr("Only hidden files, and therefore left: {0}.").format(QLocale().toString(nearly))
        describe(self.folders, self.folders.text().replace("&", ""), tip)
        describe(
            self.duplicates, self.duplicates.text().replace("&", ""), self.tr("Otherwise they stay where they are.")
        )
        self.setVisible(plan.mode is Mode.MOVE and bool(twice or empty))

    def _offer(self, box: CheckBox, text: str, count: int, folder: str) -> None:
        box.setText(text.format(QLocale().toString(count), folder))
        box.setVisible(count > 0)
