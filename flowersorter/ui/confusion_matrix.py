"""The confusion matrix: what photos show against what they were guessed as, as a table with heat colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from flowersorter.ui import theme
from flowersorter.ui.dialog_parts import count_photos, describe

Index = QModelIndex | QPersistentModelIndex
_CELL_LETTERS = 6
_LONGEST_NAME_LETTERS = 18
_RIGHT, _WRONG = QColor("#2e9e5b"), QColor("#d9702b")
#: Even one wrong photo in a hundred should be seen.
_FAINTEST, _STRONGEST = 0.16, 0.85


class ConfusionModel(QAbstractTableModel):
    """The counts. Rows are what photos show, columns what they were guessed as.

    Args:
        names: C class names.
        confusion: (C, C) int64, rows true, columns predicted.
        parent: Owns it.
    """

    def __init__(self, names: Sequence[str], confusion: NDArray[np.int64], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = tuple(names)
        self._counts = confusion
        totals = confusion.sum(axis=1, keepdims=True)
        self._shares = np.divide(confusion, totals, out=np.zeros(confusion.shape), where=totals > 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One row a class."""
        return 0 if parent.isValid() else len(self.names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """One column a class."""
        return self.rowCount(parent)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Count, colours, and the sentence the cell stands for."""
        row, column = index.row(), index.column()
        count = int(self._counts[row, column])
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return QLocale().toString(count) if count else ""
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignCenter
            case Qt.ItemDataRole.BackgroundRole if count:
                return self._ground(row, column)
            case Qt.ItemDataRole.ForegroundRole if count:
                return theme.readable_on(self._ground(row, column))
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return self.sentence(row, column)
        return None

    def _ground(self, row: int, column: int) -> QColor:
        return heat(float(self._shares[row, column]), right=row == column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The class names."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[section]
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            text = self.tr("photos of {0}") if orientation is Qt.Orientation.Vertical else self.tr("guessed as {0}")
            return text.format(self.names[section])
        return None

    def count(self, row: int, column: int) -> int:
        """Photos in a cell."""
        return int(self._counts[row, column])

    def sentence(self, row: int, column: int) -> str:
        """What a cell says, in words."""
        photos, share = count_photos(self.count(row, column)), round(100 * float(self._shares[row, column]))
        if row == column:
            return self.tr("{0} of {1} guessed right ({2} %)").format(photos, self.names[row], share)
        text = self.tr("{0} of {1} guessed as {2} ({3} %)")
        return text.format(photos, self.names[row], self.names[column], share)


class ConfusionView(QTableView):
    """Shows the matrix. Arrows move, Enter or a double click shows the photos of a cell.

    Args:
        model: The counts.
        parent: Owns it.
        whole: Every row and column at once, for a picture.

    Signals:
        cell_chosen(row, column): Show the photos of this cell; only cells that have some.
    """

    cell_chosen = Signal(int, int)

    def __init__(self, model: ConfusionModel, parent: QWidget | None = None, *, whole: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("confusion_matrix")
        describe(self, self.tr("What photos show (rows), and what they were guessed as (columns)"))
        self._matrix = model
        self.setModel(model)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
        self.setCornerButtonEnabled(False)
        self._size_headers()
        self.activated.connect(self._on_activated)
        if whole:
            self.setFixedSize(self.whole_size())
            for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
                policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def whole_size(self) -> QSize:
        """The size at which nothing needs to be scrolled."""
        frame = 2 * self.frameWidth()
        across, down = self.horizontalHeader(), self.verticalHeader()
        return QSize(
            down.sizeHint().width() + across.length() + frame, across.sizeHint().height() + down.length() + frame
        )

    def sizeHint(self) -> QSize:
        """All of it if there is room, else a good part."""
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().lineSpacing()
        scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
        return (self.whole_size() + QSize(scroll_bar, scroll_bar)).boundedTo(QSize(letter * 90, line * 26))

    def _size_headers(self) -> None:
        metrics = self.fontMetrics()
        cell = metrics.averageCharWidth() * _CELL_LETTERS
        upright = NameHeader(self._longest() > cell * 2, self)
        self.setHorizontalHeader(upright)
        wide = cell if upright.turned else max(cell, self._longest() + 3 * theme.GAP_PX)
        upright.setDefaultSectionSize(wide)
        upright.setMinimumSectionSize(cell)
        side = self.verticalHeader()
        side.setDefaultSectionSize(metrics.lineSpacing() + 2 * theme.GAP_PX)
        side.setFixedWidth(min(self._longest(), self._name_limit()) + 3 * theme.GAP_PX)
        side.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for header in (upright, side):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(True)

    def _longest(self) -> int:
        return max((self.fontMetrics().horizontalAdvance(name) for name in self._matrix.names), default=0)

    def _name_limit(self) -> int:
        return self.fontMetrics().averageCharWidth() * _LONGEST_NAME_LETTERS

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid() and self._matrix.count(index.row(), index.column()):
            self.cell_chosen.emit(index.row(), index.column())


class NameHeader(QHeaderView):
    """Class names above the columns; long ones are turned to read upwards.

    Args:
        turned: Whether they are.
        parent: The table.
    """

    def __init__(self, turned: bool, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.turned = turned
        self.setSectionsClickable(False)

    def sizeHint(self) -> QSize:
        """As high as the longest name, within reason."""
        if not self.turned:
            return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() + 2 * theme.GAP_PX)
        model, metrics = self.model(), self.fontMetrics()
        names = (str(model.headerData(at, self.orientation())) for at in range(model.columnCount()))
        longest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        limit = metrics.averageCharWidth() * _LONGEST_NAME_LETTERS
        return QSize(super().sizeHint().width(), min(longest, limit) + 2 * theme.GAP_PX)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N802, N803 - Qt's
        """Paint the ground as the style does, the name turned."""
        if not self.turned:
            super().paintSection(painter, rect, logicalIndex)
            return
        painter.save()
        painter.fillRect(rect, self.palette().brush(QPalette.ColorRole.Button))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.translate(rect.left(), rect.bottom())
        painter.rotate(-90)
        painter.setPen(self.palette().color(QPalette.ColorRole.ButtonText))
        room = QRect(theme.GAP_PX, 0, rect.height() - 2 * theme.GAP_PX, rect.width())
        name = str(self.model().headerData(logicalIndex, self.orientation()))
        text = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def heat(share: float, *, right: bool) -> QColor:
    """The colour of a cell on the present ground: green on the diagonal, orange beside it, stronger for more.

    Args:
        share: Of the row's photos, 0 to 1.
        right: Whether these photos were guessed right.
    """
    ground = QGuiApplication.palette().color(QPalette.ColorRole.Base)
    strong = _RIGHT if right else _WRONG
    weight = _FAINTEST + (_STRONGEST - _FAINTEST) * share**0.5
    mixed = (round(g + (s - g) * weight) for g, s in zip(_rgb(ground), _rgb(strong), strict=True))
    return QColor(*mixed)


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()
