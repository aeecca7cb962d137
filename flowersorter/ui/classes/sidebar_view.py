"""A list of classes or pseudo-classes on which photos can be dropped, and classes on one another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from flowersorter.ui.classes.drop_label import DropLabel
from flowersorter.ui.classes.sidebar_delegate import MARGIN_PX, SidebarDelegate
from flowersorter.ui.classes.sidebar_model import Index, SidebarModel, SidebarRole
from flowersorter.ui.grid.photo_model import PLACES_MIME, count_in, places_in

LINE_PX = 2
#: A dragged class merges in this middle part of a row, and goes before or behind it in the rest.
MERGING_PART = 0.5


class SidebarView(QListView):
    """Shows a `SidebarModel`; one row at a time is selected.

    Signals:
        chosen(key): The person clicked the row or went to it with the keyboard.
        dropped(key, list of place ids): Photos were dropped on the row.
        moved(key, before): The row was dragged before the row with this number; the number of rows for the end.
        merged(key, into): The row was dropped on the row with the key `into`.
        rename_requested(key): The row was double-clicked.
        menu_requested(key, QPoint): Show the menu of the row at a global position.
        stepped_out(int): An arrow key went beyond the first row (-1) or the last one (1).
    """

    chosen = Signal(int)
    dropped = Signal(int, object)
    moved = Signal(int, int)
    merged = Signal(int, int)
    rename_requested = Signal(int)
    menu_requested = Signal(int, QPoint)
    stepped_out = Signal(int)

    def __init__(self, *, shows_digits: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shows_digits = shows_digits
        self.drop_row = -1
        self.drop_line = -1  # the row before which a dragged row would go
        self.merging = False  # whether a class, not a photo, is dragged over `drop_row`
        self.drop_count = 0  # photos that are dragged over it
        self._selected_before: int | None = None
        self.drop_label = DropLabel(self)
        self.rows = SidebarModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(SidebarDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAcceptDrops(True)
        self.setDragEnabled(True)
        self.viewport().setAutoFillBackground(False)

    def key_at(self, point: QPoint) -> int | None:
        """Key of the row at a point of the viewport."""
        index = self.indexAt(point)
        return index.data(SidebarRole.ROW).key if index.isValid() else None

    def outline(self, key: int | None) -> None:
        """Outline the row that an open menu is about; None outlines no row."""
        self._light(self.rows.row_of(key) if key is not None else -1, -1)

    def pick(self, key: int | None) -> None:
        """Select this row without a signal; None or an unknown key clears the selection."""
        row = self.rows.row_of(key) if key is not None else -1
        if row < 0:
            self.selectionModel().clear()
        elif self.currentIndex().row() != row or not self.selectionModel().hasSelection():
            self.setCurrentIndex(self.rows.index(row))

    def fit(self) -> None:
        """Make the list as high as its rows; hide it without any."""
        self.setFixedHeight(self.sizeHintForRow(0) * len(self.rows.rows) + 2)
        self.setVisible(bool(self.rows.rows))

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint changed rows again; rows are equally high, but the list would lay out and paint all of them."""
        QAbstractItemView.dataChanged(self, first, last, roles)

    def minimumSizeHint(self) -> QSize:
        """Return the size of two rows: a low window leaves little more for the list."""
        return QSize(super().minimumSizeHint().width(), 2 * max(1, self.sizeHintForRow(0)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember the selection: a press that becomes a drag, or opens the menu, selects nothing."""
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
            return
        self._selected_before = self.currentIndex().data(SidebarRole.ROW).key if self.selectedIndexes() else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit `chosen` on a click, also on the row that is already selected."""
        super().mouseReleaseEvent(event)
        key = self.key_at(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if key is not None:
            self.chosen.emit(key)
        else:
            self.pick(self._selected_before)  # let go beside the rows: the one that is shown stays selected

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Request a new name for the class."""
        key = self.key_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and key is not None:
            self.rename_requested.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit `chosen` on the arrow keys, too; at an end they leave the list. Enter is a click."""
        before = self.currentIndex().row()
        super().keyPressEvent(event)
        row = self.currentIndex().data(SidebarRole.ROW)
        if row is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(row.key)
        elif row is not None and self.currentIndex().row() != before:
            if not row.is_command:
                self.chosen.emit(row.key)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped_out.emit(-1 if event.key() == Qt.Key.Key_Up else 1)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Request the menu of the row under the mouse, or with the keyboard of the selected one."""
        at = event.pos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.visualRect(self.currentIndex()).center()
        key = self.key_at(at)
        if key is not None:
            self.menu_requested.emit(key, self.viewport().mapToGlobal(at))

    # -- drags and drops

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: N803 - Qt's own name
        """Start a drag of a row."""
        row = self.currentIndex().row()
        if row < 0 or not self.rows.rows[row].movable:
            return
        drag = QDrag(self)
        drag.setMimeData(self.rows.row_mime(row))
        picture = self.viewport().grab(self.visualRect(self.currentIndex()))
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(MARGIN_PX, self.visualRect(self.currentIndex()).height() // 2))
        self.pick(self._selected_before)
        drag.exec(Qt.DropAction.MoveAction)
        self._light(-1, -1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept only photos and rows of this program; anything else may be for the window."""
        if event.mimeData().hasFormat(PLACES_MIME) or self.rows.dragged_row(event.mimeData()) >= 0:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Highlight the row under the mouse, or show the drop position of a row; scroll near an end."""
        row, line = self._target(event)
        count = count_in(event.mimeData())
        self._light(row, line, merging=not count, count=count)
        if row >= 0 and count:
            pointer = self.viewport().mapTo(self.window(), event.position().toPoint())
            self.drop_label.show_class(self.rows.rows[row].text, count, pointer)
        if row >= 0 or line >= 0:
            event.acceptProposedAction()
        else:
            event.ignore()
        if event.mimeData().hasFormat(PLACES_MIME) or row >= 0 or line >= 0:
            self._scroll_near_edge(event.position().toPoint())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        self._light(-1, -1)

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit the dropped photos, or the moved or merged row."""
        row, line = self._target(event)
        self._light(-1, -1)
        if row < 0 and line < 0:
            event.ignore()
            return
        event.acceptProposedAction()
        dragged = self.rows.dragged_row(event.mimeData())
        if line >= 0:
            self._move(dragged, line)
        elif dragged >= 0:
            self.merged.emit(self.rows.rows[dragged].key, self.rows.rows[row].key)
        else:
            self.dropped.emit(self.rows.rows[row].key, places_in(event.mimeData()))

    def _move(self, row: int, line: int) -> None:
        """Move the dragged row; a drag that ends where it began counts as a click."""
        key = self.rows.rows[row].key
        if line in (row, row + 1):
            self.chosen.emit(key)
        else:
            self.moved.emit(key, line)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a line where a dragged row would go."""
        super().paintEvent(event)
        if self.drop_line < 0:
            return
        below = self.visualRect(self.rows.index(self.drop_line))
        y = below.top() if below.isValid() else self.visualRect(self.rows.index(self.drop_line - 1)).bottom()
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), LINE_PX, c=Qt.PenCapStyle.RoundCap))
        y = max(y, 2 * LINE_PX)
        painter.drawEllipse(QPoint(MARGIN_PX, y), LINE_PX, LINE_PX)
        painter.drawLine(MARGIN_PX + LINE_PX, y, self.viewport().width() - MARGIN_PX, y)
        painter.end()

    def _target(self, event: QDropEvent) -> tuple[int, int]:
        """Return the row that takes the drop, and the row before which a dragged class would go; -1 for none."""
        at, dragged = event.position().toPoint(), self.rows.dragged_row(event.mimeData())
        index = self.indexAt(at)
        row = index.row()
        if dragged < 0:
            droppable = row >= 0 and self.rows.rows[row].droppable and event.mimeData().hasFormat(PLACES_MIME)
            return (row if droppable else -1), -1
        if row not in (-1, dragged) and self.rows.rows[row].movable and _in_middle(self.visualRect(index), at.y()):
            return row, -1
        return -1, self._line_at(at.y())

    def _line_at(self, y: int) -> int:
        """Return the row before which a dragged one would go, among the movable ones."""
        movable = [number for number, row in enumerate(self.rows.rows) if row.movable]
        above = [number for number in movable if self.visualRect(self.rows.index(number)).center().y() < y]
        return max(above, default=movable[0] - 1) + 1

    def _scroll_near_edge(self, at: QPoint) -> None:
        bar, step = self.verticalScrollBar(), self.fontMetrics().height() // 2
        if at.y() < 2 * step:
            bar.setValue(bar.value() - step)
        elif at.y() > self.viewport().height() - 2 * step:
            bar.setValue(bar.value() + step)

    def _light(self, row: int, line: int, *, merging: bool = False, count: int = 0) -> None:
        if (row, line, merging) != (self.drop_row, self.drop_line, self.merging):
            self.drop_row, self.drop_line, self.merging, self.drop_count = row, line, merging, count
            self.viewport().update()
        if row < 0 or not count:
            self.drop_label.hide()


def _in_middle(row: QRect, y: int) -> bool:
    """Whether a drop at this height is on the row, not between it and a neighbour."""
    return abs(y - row.center().y()) <= MERGING_PART * row.height() / 2
