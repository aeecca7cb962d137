"""Recall and precision of each class, as a table; every number opens the photos behind it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QLocale, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from flowersorter.domain.figures import percent
from flowersorter.domain.photo_class import PALETTE
from flowersorter.ui.classes.class_dialogs import swatch
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import count_photos, describe
from flowersorter.workflows.evaluation.evaluate import Evaluation

Index = QModelIndex | QPersistentModelIndex
_WIDEST_LETTERS, _FEWEST_LETTERS = 90, 10


class Column(IntEnum):
    """The columns of the table."""

    NAME = 0
    PHOTOS = 1
    RECALL = 2
    PRECISION = 3


class ClassScoreModel(QAbstractTableModel):
    """One row a class.

    Args:
        evaluation: The evaluation.
        colours: "#rrggbb" by class id; classes without one get the palette's by position.
        parent: Owns it.
    """

    def __init__(self, evaluation: Evaluation, colours: Mapping[int, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._of = evaluation
        self._photos: NDArray[np.int64] = evaluation.confusion.sum(axis=1)
        self._swatches = [
            swatch(colours.get(class_id, PALETTE[at % len(PALETTE)]))
            for at, class_id in enumerate(evaluation.class_ids)
        ]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row a class."""
        return 0 if parent.isValid() else len(self._of.class_names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Name, photos, recall, precision."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return texts, the class's colour, and the meaning of a number."""
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.DecorationRole if column is Column.NAME:
                return self._swatches[row]
            case Qt.ItemDataRole.TextAlignmentRole if column is not Column.NAME:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleDescriptionRole:
                return self._meaning(row, column)
            case _:
                return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the titles of the columns."""
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            texts = (self.tr("Class"), self.tr("Photos"), self.tr("Found"), self.tr("Right when suggested"))
            return texts[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            texts = (
                "",
                self.tr("Photos that were measured"),
                self.tr("Share of the class's photos that were recognised (recall)"),
                self.tr("Share of suggestions of this class that are right (precision)"),
            )
            return texts[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: int, column: Column) -> str:
        match column:
            case Column.NAME:
                return self._of.class_names[row]
            case Column.PHOTOS:
                return QLocale().toString(int(self._photos[row]))
            case Column.RECALL:
                return percent(float(self._of.recall[row]))
            case Column.PRECISION:
                return percent(float(self._of.precision[row]))

    def _meaning(self, row: int, column: Column) -> str:
        name, right = self._of.class_names[row], int(self._of.confusion[row, row])
        photos, predictions = int(self._photos[row]), int(self._of.confusion[:, row].sum())
        match column:
            case Column.RECALL if photos:
                text = self.tr("Of the photos of {0}, {1} were found ({2} of {3})")
                return text.format(name, percent(right / photos), right, photos)
            case Column.PRECISION if predictions:
                text = self.tr("Of the photos suggested as {0}, {1} are ({2} of {3})")
                return text.format(name, percent(right / predictions), right, predictions)
            case Column.PRECISION:
                return self.tr("No photo was suggested as {0}").format(name)
            case Column.PHOTOS | Column.NAME:
                return self.tr("{0} of {1} measured").format(count_photos(photos), name)
            case _:
                return self.tr("No photo of {0} was measured").format(name)


class ClassScoreView(QTableView):
    """Shows the scores. Enter or a double click shows the photos behind a number.

    Args:
        model: The scores.
        parent: Owns it.
        whole: Every row at once, for a picture.

    Signals:
        number_chosen(row, column): Show the photos behind this number.
    """

    number_chosen = Signal(int, int)

    def __init__(self, model: ClassScoreModel, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("class_scores")
        describe(self, self.tr("Accuracy of each class"))
        self.setModel(model)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().lineSpacing() + theme.GAP_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(int(Column.NAME), QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * _FEWEST_LETTERS)
        header.setFixedHeight(self.fontMetrics().lineSpacing() + theme.GAP_PX)
        self.setMaximumHeight(self._height(model.rowCount()))
        self.activated.connect(self._on_activated)
        if whole:
            self.setFixedHeight(self._height(model.rowCount()))
            self.setMaximumWidth(self.fontMetrics().averageCharWidth() * _WIDEST_LETTERS)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def sizeHint(self) -> QSize:
        """Up to eight classes at once."""
        return QSize(self.fontMetrics().averageCharWidth() * 60, self._height(min(8, self.model().rowCount())))

    def minimumSizeHint(self) -> QSize:
        """Return the height of the header and two classes: a low dialog leaves little more."""
        return QSize(self.fontMetrics().averageCharWidth() * 20, self._height(min(2, self.model().rowCount())))

    def _height(self, rows: int) -> int:
        header = self.fontMetrics().lineSpacing() + theme.GAP_PX
        return header + rows * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth()

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.number_chosen.emit(index.row(), index.column())
