"""A list of classes or pseudo-classes on which photos can be dropped."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from flowersorter.ui.classes.sidebar_model import SidebarModel, SidebarRole, SidebarRow
from flowersorter.ui.grid.photo_model import PLACES_MIME, places_in
from flowersorter.ui.shared import theme

Index = QModelIndex | QPersistentModelIndex

MARGIN_PX = 8
SWATCH_PX = 12
KEYCAP_PX = 18
LINE_PX = 2


class SidebarDelegate(QStyledItemDelegate):
    """Paints swatch or icon, name, count and digit key; lights up the row a drag is over."""

    def __init__(self, view: SidebarView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Room for one line and some air."""
        return QSize(80, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        row: SidebarRow = index.data(SidebarRole.ROW)
        palette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(4, 1, -4, -1)
        text = self._background(painter, option, box, self._view.drop_row == index.row())
        selected = text == palette.color(QPalette.ColorRole.HighlightedText)
        muted = QColor(text)
        if not selected:  # on the highlight even the full colour has little contrast
            muted.setAlphaF(0.66)
        self._mark(painter, palette, row, box, selected=selected)
        left = box.left() + MARGIN_PX + SWATCH_PX + 10
        right = box.right() - MARGIN_PX
        if self._view.shows_digits:
            self._keycap(painter, option, row.digit, QPoint(right - KEYCAP_PX, box.center().y()), muted)
            right -= KEYCAP_PX + 6
        if row.count is not None:
            count = f"{row.count:,}".replace(",", "\u202f")
            width = option.fontMetrics.horizontalAdvance(count)
            painter.setPen(muted)
            place = QRect(right - width, box.top(), width + 1, box.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count)
            right -= width + 8
        painter.setPen(text if row.count != 0 else muted)
        name = option.fontMetrics.elidedText(row.text, Qt.TextElideMode.ElideRight, right - left)
        place = QRect(left, box.top(), right - left, box.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()

    def _background(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, drop_here: bool) -> QColor:
        """Fill the row as its state asks for; returns the colour of its text."""
        palette = option.palette
        highlight = palette.color(QPalette.ColorRole.Highlight)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(Qt.PenStyle.NoPen)
        if drop_here:
            tint = QColor(highlight)
            tint.setAlphaF(0.28)
            painter.setBrush(tint)
            painter.setPen(QPen(highlight, 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 6, 6)
        elif selected:
            painter.setBrush(highlight)
            painter.drawRoundedRect(box, 6, 6)
            return palette.color(QPalette.ColorRole.HighlightedText)
        elif hovered:
            tint = palette.color(QPalette.ColorRole.Text)
            tint.setAlphaF(0.07)
            painter.setBrush(tint)
            painter.drawRoundedRect(box, 6, 6)
        return palette.color(QPalette.ColorRole.Text)

    def _mark(self, painter: QPainter, palette: QPalette, row: SidebarRow, box: QRect, *, selected: bool) -> None:
        left, middle = box.left() + MARGIN_PX, box.center().y() + 1
        if row.colour:
            edge = palette.color(QPalette.ColorRole.Base)
            painter.setPen(QPen(edge, 1))
            painter.setBrush(QColor(row.colour))
            painter.drawRoundedRect(left, middle - SWATCH_PX // 2, SWATCH_PX, SWATCH_PX, 3.5, 3.5)
        elif row.icon:
            side = SWATCH_PX + 6
            mode = QIcon.Mode.Selected if selected else QIcon.Mode.Normal
            place = QRect(left - 3, middle - side // 2, side, side)
            theme.icon(row.icon).paint(painter, place, Qt.AlignmentFlag.AlignCenter, mode)

    def _keycap(self, painter: QPainter, option: QStyleOptionViewItem, digit: str, at: QPoint, colour: QColor) -> None:
        if not digit:
            return
        edge = QColor(colour)
        edge.setAlphaF(0.4)
        cap = QRect(at.x(), at.y() - KEYCAP_PX // 2 + 1, KEYCAP_PX, KEYCAP_PX)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(cap, 4, 4)
        font = QFont(option.font)
        font.setPointSizeF(max(6.0, font.pointSizeF() * 0.82))
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, digit)
        painter.setFont(option.font)


class SidebarView(QListView):
    """Shows a `SidebarModel`; one row at a time is selected.

    Signals:
        picked(key): The person clicked the row or went to it with the keyboard.
        dropped(key, list of place ids): Photos were dropped on the row.
        moved(key, before): The row was dragged to where the row with this number is; their number for behind the last.
        menu_requested(key, QPoint): Show the menu of the row at a global position.
    """

    picked = Signal(int)
    dropped = Signal(int, object)
    moved = Signal(int, int)
    menu_requested = Signal(int, QPoint)

    def __init__(self, *, shows_digits: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shows_digits = shows_digits
        self.drop_row = -1
        self.drop_line = -1  # the row before which a dragged row would go
        self._picked_before: int | None = None
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
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.viewport().setAutoFillBackground(False)

    def key_at(self, point: QPoint) -> int | None:
        """Key of the row at a point of the viewport."""
        index = self.indexAt(point)
        return index.data(SidebarRole.ROW).key if index.isValid() else None

    def pick(self, key: int | None) -> None:
        """Select this row without a signal; None or an unknown key clears the selection."""
        row = self.rows.row_of(key) if key is not None else -1
        if row < 0:
            self.selectionModel().clear()
        elif self.currentIndex().row() != row or not self.selectionModel().hasSelection():
            self.setCurrentIndex(self.rows.index(row))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember the selection: a press that becomes a drag selects nothing."""
        self._picked_before = self.currentIndex().data(SidebarRole.ROW).key if self.selectedIndexes() else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit `picked` on a click, also on the row that is already selected."""
        super().mouseReleaseEvent(event)
        key = self.key_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and key is not None:
            self.picked.emit(key)

    def keyPressEvent(self, event: object) -> None:
        """Emit `picked` on the arrow keys, too."""
        before = self.currentIndex().row()
        super().keyPressEvent(event)  # type: ignore[arg-type]
        if self.currentIndex().isValid() and self.currentIndex().row() != before:
            self.picked.emit(self.currentIndex().data(SidebarRole.ROW).key)

    # -- drags and drops

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: N803 - Qt's own name
        """Carry a row to another place."""
        row = self.currentIndex().row()
        if row < 0 or not self.rows.rows[row].movable:
            return
        drag = QDrag(self)
        drag.setMimeData(self.rows.row_mime(row))
        picture = self.viewport().grab(self.visualRect(self.currentIndex()))
        drag.setPixmap(picture)
        drag.setHotSpot(QPoint(MARGIN_PX, self.visualRect(self.currentIndex()).height() // 2))
        self.pick(self._picked_before)
        drag.exec(Qt.DropAction.MoveAction)
        self._light(-1, -1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Only photos and rows of this program are of interest; anything else may be for the window."""
        if event.mimeData().hasFormat(PLACES_MIME) or self.rows.dragged_row(event.mimeData()) >= 0:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Light up the row under the mouse, or show where a row would go; scroll when near an end."""
        row, line = self._row_for_drop(event), self._line_for_drop(event)
        self._light(row, line)
        if row >= 0 or line >= 0:
            event.acceptProposedAction()
        else:
            event.ignore()
        if event.mimeData().hasFormat(PLACES_MIME) or line >= 0:
            self._scroll_near_edge(event.position().toPoint())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The drag went elsewhere."""
        self._light(-1, -1)

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit the dropped photos or the moved row."""
        row, line = self._row_for_drop(event), self._line_for_drop(event)
        self._light(-1, -1)
        if row < 0 and line < 0:
            event.ignore()
            return
        event.acceptProposedAction()
        if line >= 0:
            self._move(self.rows.dragged_row(event.mimeData()), line)
        else:
            self.dropped.emit(self.rows.rows[row].key, places_in(event.mimeData()))

    def _move(self, row: int, line: int) -> None:
        """A drag that ends where it began was meant as a click."""
        key = self.rows.rows[row].key
        if line in (row, row + 1):
            self.picked.emit(key)
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
        y = max(y, LINE_PX)
        painter.drawLine(MARGIN_PX, y, self.viewport().width() - MARGIN_PX, y)
        painter.end()

    def _line_for_drop(self, event: QDropEvent) -> int:
        """Before which row a dragged one would go, -1 where it is none; only among those that can be moved."""
        if self.rows.dragged_row(event.mimeData()) < 0:
            return -1
        movable = [number for number, row in enumerate(self.rows.rows) if row.movable]
        y = event.position().toPoint().y()
        above = [number for number in movable if self.visualRect(self.rows.index(number)).center().y() < y]
        return max(above, default=movable[0] - 1) + 1

    def _row_for_drop(self, event: QDropEvent) -> int:
        index = self.indexAt(event.position().toPoint())
        if not event.mimeData().hasFormat(PLACES_MIME) or not index.isValid():
            return -1
        return index.row() if self.rows.rows[index.row()].droppable else -1

    def _scroll_near_edge(self, at: QPoint) -> None:
        bar, step = self.verticalScrollBar(), self.fontMetrics().height() // 2
        if at.y() < 2 * step:
            bar.setValue(bar.value() - step)
        elif at.y() > self.viewport().height() - 2 * step:
            bar.setValue(bar.value() + step)

    def _light(self, row: int, line: int) -> None:
        if (row, line) != (self.drop_row, self.drop_line):
            self.drop_row, self.drop_line = row, line
            self.viewport().update()

    def _on_menu(self, point: QPoint) -> None:
        key = self.key_at(point)
        if key is not None:
            self.menu_requested.emit(key, self.viewport().mapToGlobal(point))
