"""The confusion matrix, confirmed against suggested classes, as a table with heat colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import count_photos, describe

Index = QModelIndex | QPersistentModelIndex
_CELL_LETTERS = 6
_LONGEST_NAME_LETTERS = 22
_RIGHT, _WRONG = QColor("#2e9e5b"), QColor("#d9702b")
#: Even one wrong photo in a hundred should be seen.
_FAINTEST, _STRONGEST = 0.16, 0.85


class ConfusionModel(QAbstractTableModel):
    """The counts: confirmed classes in rows, suggested classes in columns.

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
            case Qt.ItemDataRole.BackgroundRole:
                return self._ground(row, column)
            case Qt.ItemDataRole.ForegroundRole if count:
                return theme.readable_on(self._ground(row, column))
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return self.sentence(row, column)
        return None

    def _ground(self, row: int, column: int) -> QColor:
        if not self._counts[row, column]:
            return QGuiApplication.palette().color(QPalette.ColorRole.Base)
        return heat(float(self._shares[row, column]), right=row == column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The class names."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.names[section]
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            text = self.tr("photos of {0}") if orientation is Qt.Orientation.Vertical else self.tr("suggested as {0}")
            return text.format(self.names[section])
        return None

    def count(self, row: int, column: int) -> int:
        """Photos in a cell."""
        return int(self._counts[row, column])

    def sentence(self, row: int, column: int) -> str:
        """Describe a cell in words."""
        photos, share = count_photos(self.count(row, column)), round(100 * float(self._shares[row, column]))
        if row == column:
            return self.tr("{0} of {1} recognised ({2} %)").format(photos, self.names[row], share)
        text = self.tr("{0} of {1} suggested as {2} ({3} %)")
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
        describe(self, self.tr("Confirmed classes (rows) against suggested classes (columns)"))
        self._matrix = model
        self.setModel(model)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
        self.setCornerButtonEnabled(False)
        for corner in self.findChildren(QAbstractButton):
            corner.installEventFilter(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)  # the space beyond the last class stays empty
        self._size_headers()
        self.activated.connect(self._on_activated)
        if whole:
            self.setFixedSize(self.whole_size())
            for policy in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
                policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Paint the corner flat, as the names beside it; a style sheet would keep the colours of another palette."""
        if event.type() != QEvent.Type.Paint or not isinstance(watched, QAbstractButton):
            return super().eventFilter(watched, event)
        painter = QPainter(watched)
        painter.fillRect(watched.rect(), self.palette().color(QPalette.ColorRole.Window))
        painter.end()
        return True

    def whole_size(self) -> QSize:
        """The size at which nothing needs to be scrolled."""
        across, down = self.horizontalHeader(), self.verticalHeader()
        return QSize(down.sizeHint().width() + across.length(), across.sizeHint().height() + down.length())

    def sizeHint(self) -> QSize:
        """Return the full size if there is room, else a large part of it."""
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().lineSpacing()
        scroll_bar = self.style().pixelMetric(self.style().PixelMetric.PM_ScrollBarExtent)
        return (self.whole_size() + QSize(scroll_bar, scroll_bar)).boundedTo(QSize(letter * 90, line * 26))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the names above the columns in a low table: half of it is for the numbers."""
        self.horizontalHeader().setMaximumHeight(max(self.fontMetrics().lineSpacing(), self.height() // 2))
        super().resizeEvent(event)

    def _size_headers(self) -> None:
        metrics = self.fontMetrics()
        cell = metrics.averageCharWidth() * _CELL_LETTERS
        turned = self._longest() > cell * 2
        upright = NameHeader(Qt.Orientation.Horizontal, self, turned=turned)
        self.setHorizontalHeader(upright)
        wide = cell if upright.turned else max(cell, self._longest() + 3 * theme.GAP_PX)
        upright.setDefaultSectionSize(wide)
        upright.setMinimumSectionSize(cell)
        side = NameHeader(Qt.Orientation.Vertical, self)
        self.setVerticalHeader(side)
        side.setDefaultSectionSize(metrics.lineSpacing() + 2 * theme.GAP_PX)
        for header in (upright, side):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(True)

    def _longest(self) -> int:
        return max((self.fontMetrics().horizontalAdvance(name) for name in self._matrix.names), default=0)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid() and self._matrix.count(index.row(), index.column()):
            self.cell_chosen.emit(index.row(), index.column())


class NameHeader(QHeaderView):
    """Class names beside the rows or above the columns, where long ones are turned to read upwards.

    Args:
        orientation: Above or beside.
        parent: The table.
        turned: Whether the names above the columns are turned.
    """

    def __init__(self, orientation: Qt.Orientation, parent: QWidget, *, turned: bool = False) -> None:
        super().__init__(orientation, parent)
        self.turned = turned
        self.setSectionsClickable(False)

    def sizeHint(self) -> QSize:
        """Room for the longest name, within reason."""
        metrics = self.fontMetrics()
        names = (self._name(at) for at in range(self.count()))
        longest = max((metrics.horizontalAdvance(name) for name in names), default=0)
        room = min(longest, metrics.averageCharWidth() * _LONGEST_NAME_LETTERS) + 3 * theme.GAP_PX
        if self.orientation() is Qt.Orientation.Vertical:
            return QSize(room, super().sizeHint().height())
        return QSize(super().sizeHint().width(), room if self.turned else metrics.lineSpacing() + 2 * theme.GAP_PX)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N802, N803 - Qt's
        """Paint a name."""
        painter.save()
        painter.fillRect(rect, self.palette().brush(QPalette.ColorRole.Button))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        alignment = Qt.AlignmentFlag.AlignCenter
        if self.turned:
            painter.translate(rect.left(), rect.bottom())
            painter.rotate(-90)
            rect = QRect(0, 0, rect.height(), rect.width())
            alignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elif self.orientation() is Qt.Orientation.Vertical:
            alignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        room = rect.adjusted(theme.GAP_PX, 0, -theme.GAP_PX, 0)
        text = self.fontMetrics().elidedText(self._name(logicalIndex), Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(self.palette().color(QPalette.ColorRole.ButtonText))
        painter.drawText(room, int(alignment), text)
        painter.restore()

    def _name(self, section: int) -> str:
        return str(self.model().headerData(section, self.orientation()))


def heat(share: float, *, right: bool) -> QColor:
    """The colour of a cell on the present ground: green on the diagonal, orange beside it, stronger for more.

    Args:
        share: Of the row's photos, 0 to 1.
        right: Whether the suggestion was right.
    """
    ground = QGuiApplication.palette().color(QPalette.ColorRole.Base)
    strong = _RIGHT if right else _WRONG
    weight = _FAINTEST + (_STRONGEST - _FAINTEST) * share**0.5
    mixed = (round(g + (s - g) * weight) for g, s in zip(_rgb(ground), _rgb(strong), strict=True))
    return QColor(*mixed)


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()
