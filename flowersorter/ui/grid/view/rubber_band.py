"""The rubber band: selects the photos that it touches, in addition to the selection if Ctrl or Shift is held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QObject,
    QPoint,
    QRect,
    Qt,
    QTimer,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QApplication, QStyle, QStyleOptionRubberBand

from flowersorter.ui.grid.photo_delegate import GAP_PX

_PULL_MS = 30
_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
Runs = Iterable[tuple[int, int]]


class RubberBand(QObject):
    """A box from the point of the press to the mouse. Lives in the GUI thread.

    Beyond the upper or lower edge of the view it scrolls, as long as the mouse stays there.

    Args:
        view: The view to scroll and select in.
        runs_in: Returns the runs (first, last) of rows in a box of the viewport, smaller by a margin at each side.
    """

    def __init__(self, view: QAbstractItemView, runs_in: Callable[[QRect, int], Runs]) -> None:
        super().__init__(view)
        self._view, self._runs_in = view, runs_in
        self._start: QPoint | None = None  # as if the view were as high as all photos
        self._pointer = QPoint()
        self._adds = False
        self._drawn = False
        self._pull = QTimer(self)
        self._pull.setInterval(_PULL_MS)
        self._pull.timeout.connect(self._on_pull)

    @property
    def held(self) -> bool:
        """Whether the mouse was pressed in a gap and is still held."""
        return self._start is not None

    @property
    def box(self) -> QRect:
        """The box, in the viewport; null while there is none."""
        if self._start is None or not self._drawn:
            return QRect()
        return QRect(self._start - self._scrolled, self._pointer).normalized()

    def press(self, at: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        """Begin at a point of the viewport."""
        self._start, self._pointer = at + self._scrolled, at
        self._adds, self._drawn = bool(modifiers & _ADDING), False

    def move_to(self, at: QPoint) -> None:
        """Stretch to a point, and select the photos that the box touches."""
        if self._start is None:
            return
        self._pointer = at
        far = (at + self._scrolled - self._start).manhattanLength() >= QApplication.startDragDistance()
        self._drawn = self._drawn or far
        if self._drawn:
            flag = QItemSelectionModel.SelectionFlag
            flags = flag.Select | flag.Current if self._adds else flag.ClearAndSelect
            selection = self._view.selectionModel()
            selection.select(selection_of(self._runs_in(self.box, GAP_PX), selection.model()), flags)
            self._view.viewport().update()
        if self._beyond():
            self._pull.start()
        else:
            self._pull.stop()

    def follow(self) -> None:
        """Stretch the box after the view was scrolled under the mouse."""
        if self._drawn:
            self.move_to(self._pointer)

    def release(self) -> bool:
        """End it; returns whether there was a box."""
        drawn, self._start, self._drawn = self._drawn, None, False
        self._pull.stop()
        if drawn:
            self._view.viewport().update()
        return drawn

    def paint(self, painter: QPainter) -> None:
        """Draw the box as the system does."""
        if self.box.isNull():
            return
        option = QStyleOptionRubberBand()
        option.initFrom(self._view)
        option.rect = self.box
        option.opaque = False
        self._view.style().drawControl(QStyle.ControlElement.CE_RubberBand, option, painter, self._view)

    @property
    def _scrolled(self) -> QPoint:
        return QPoint(0, self._view.verticalScrollBar().value())

    def _beyond(self) -> int:
        """How far the mouse is above (negative) or below the view."""
        y, height = self._pointer.y(), self._view.viewport().height()
        return min(0, y) + max(0, y - height)

    def _on_pull(self) -> None:
        bar = self._view.verticalScrollBar()
        bar.setValue(bar.value() + self._beyond())


def runs_of(selection: QItemSelection) -> list[tuple[int, int]]:
    """A selection as runs (first, last) of rows, as they were selected."""
    return [(each.top(), each.bottom()) for each in cast("Iterable[QItemSelectionRange]", selection)]


def selection_of(runs: Runs, model: QAbstractItemModel) -> QItemSelection:
    """Runs (first, last) of rows as a selection."""
    selection, index_of = QItemSelection(), model.createIndex  # existing rows: `index` would check each
    for first, last in runs:
        index = index_of(first, 0)
        selection.select(index, index if first == last else index_of(last, 0))
    return selection
