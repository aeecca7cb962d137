"""Shows another model compared with the one in use: changed photos, better or worse, by old and new class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui.classes.class_dialogs import swatch
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import RoomyRows, button, count_photos, describe, text_label
from flowersorter.workflows.evaluation.compare_models import Comparison

_PHOTOS_ROLE = Qt.ItemDataRole.UserRole
_MOST_MOVES = 200


class ComparisonView(QWidget):
    """Shows a comparison; every number opens its photos. Lives in the GUI thread, hidden until there is one.

    Signals:
        photos_requested(list of place ids, title): Show these photos.
    """

    photos_requested = Signal(object, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("model_comparison")
        self._found: Comparison | None = None
        self.heading = text_label(self, "comparison_heading", scale=1.05)
        self.summary = text_label(self, "comparison_summary")
        self.judged = text_label(self, "comparison_judged")
        self.changed_button = self._figure("comparison_changed", self.tr("Photos that would change class"))
        tip = self.tr("Confirmed photos that only this model gets right")
        self.better_button = self._figure("comparison_better", tip)
        tip = self.tr("Confirmed photos that only the model in use gets right")
        self.worse_button = self._figure("comparison_worse", tip)
        self.moves = QTreeWidget(self)
        self.moves.setObjectName("comparison_moves")
        describe(self.moves, self.tr("Changes by class"), self.tr("Enter shows the photos"))
        self.moves.setHeaderLabels([self.tr("Now"), self.tr("With this model"), self.tr("Photos")])
        self.moves.setRootIsDecorated(False)
        self.moves.setUniformRowHeights(True)
        self.moves.setAllColumnsShowFocus(True)
        self.moves.setItemDelegate(RoomyRows(self.moves))
        self.moves.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.moves.setMinimumHeight(self.fontMetrics().lineSpacing() * 5)
        header = self.moves.header()
        header.setStretchLastSection(False)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._build()
        self.changed_button.clicked.connect(self._show_changed)
        self.better_button.clicked.connect(self._show_better)
        self.worse_button.clicked.connect(self._show_worse)
        self.moves.itemActivated.connect(self._show_move)
        self.moves.itemClicked.connect(self._show_move)
        self.hide()

    def _figure(self, name: str, tip: str) -> QPushButton:
        made = button(self, name, "–", tip)
        made.setAccessibleName(tip)
        return made

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        for each in (self.changed_button, self.better_button, self.worse_button):
            row.addWidget(each)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP_PX, 0, 0)
        column.setSpacing(theme.GAP_PX)
        for text in (self.heading, self.summary, self.judged):
            column.addWidget(text)
        column.addLayout(row)
        column.addWidget(self.moves, 1)

    def show_comparison(self, found: Comparison, model: str, in_use: str, looks: Mapping[int, ClassLook]) -> None:
        """Show the changes from the model in use to another one.

        Args:
            found: The model in use is the older one.
            model: Title of the other model.
            in_use: Title of the model in use.
            looks: Names and colours by class id.
        """
        self._found = found
        self.heading.setText(self.tr("{0} instead of {1}").format(model, in_use))
        self.summary.setText(self._changes(found))
        self.judged.setText(self._judgement(found))
        for each, text, count in (
            (self.changed_button, self.tr("{0} changed"), len(found.changed)),
            (self.better_button, self.tr("{0} better"), len(found.better)),
            (self.worse_button, self.tr("{0} worse"), len(found.worse)),
        ):
            each.setText(text.format(QLocale().toString(count)))
            each.setAccessibleName(f"{each.text()}: {each.toolTip()}")
            each.setEnabled(count > 0)
        self._list(found, looks)
        self.show()

    def clear(self) -> None:
        """Hide the comparison."""
        self._found = None
        self.hide()

    def _changes(self, found: Comparison) -> str:
        if not found.photos:
            return self.tr("Nothing to compare yet. Open a folder of photos first.")
        if not len(found.changed):
            return self.tr("All {0} would keep their class.").format(count_photos(found.photos))
        text = self.tr("{0} of {1} would change class.")
        return text.format(QLocale().toString(len(found.changed)), count_photos(found.photos))

    def _judgement(self, found: Comparison) -> str:
        if not found.judged:
            return self.tr("Label some photos first to compare the accuracy.")
        text = self.tr("Of {0} with a label, this model gets {1} right and the model in use gets {2}.").format(
            count_photos(found.judged),
            QLocale().toString(found.newer_right),
            QLocale().toString(found.older_right),
        )
        text += " " + self.tr("Photos a model was trained on are judged by models that never saw them.")
        for number in found.unknown:
            told = self.tr(
                "Model {0} was imported. If it was trained on some of these photos, it looks better than it is."
            )
            text += " " + told.format(number)
        return text

    def _list(self, found: Comparison, looks: Mapping[int, ClassLook]) -> None:
        self.moves.clear()
        gone = ClassLook(self.tr("(deleted)"), "#888888")
        for old, new, photos in found.moves[:_MOST_MOVES]:
            before, after = looks.get(old, gone), looks.get(new, gone)
            item = QTreeWidgetItem(self.moves, [before.name, after.name, QLocale().toString(len(photos))])
            item.setIcon(0, swatch(before.colour))
            item.setIcon(1, swatch(after.colour))
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setData(0, _PHOTOS_ROLE, photos.tolist())
        self.moves.setVisible(bool(len(found.changed)))

    @Slot()
    def _show_changed(self) -> None:
        if self._found is not None:
            self._show(self._found.changed, self.tr("Would change"))

    @Slot()
    def _show_better(self) -> None:
        if self._found is not None:
            self._show(self._found.better, self.tr("Would be better"))

    @Slot()
    def _show_worse(self) -> None:
        if self._found is not None:
            self._show(self._found.worse, self.tr("Would be worse"))

    @Slot(QTreeWidgetItem)
    def _show_move(self, item: QTreeWidgetItem) -> None:
        photos = np.array(item.data(0, _PHOTOS_ROLE), np.int64)
        self._show(photos, self.tr("{0} → {1}").format(item.text(0), item.text(1)))

    def _show(self, photo_ids: NDArray[np.int64], title: str) -> None:
        assert self._found is not None
        place_of = self._found.place_of
        places = [place_of[photo_id] for photo_id in photo_ids.tolist() if photo_id in place_of]
        self.photos_requested.emit(places, title)
