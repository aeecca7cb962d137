"""The thumbnail grid: selection, drag, zoom; keeps its scroll position when photos come and go."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QDrag, QKeyEvent, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from flowersorter.library.tables.settings import TILE_SIZE_PX
from flowersorter.ui.grid.drag_pixmap import drag_pixmap
from flowersorter.ui.grid.photo_delegate import PhotoDelegate
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.workers.throttle import Coalescer

SMALLEST_PX, USUAL_PX, LARGEST_PX = 96, TILE_SIZE_PX.default, 320
ZOOM_STEP_PX = 16
BATCH = 2000  # measured: the first paint of 100,000 rows takes 11-22 ms
SETTLE_MS = 60


class PhotoGrid(QListView):
    """A `QListView` in icon mode over a `PhotoModel`.

    Signals:
        selection_settled(): The selection has changed and stayed so for a moment.
        tile_size_changed(int): The person zoomed.
        visible_changed(list of place ids): These photos are in view, in the order shown; all others are not. Sent a
            moment after the person scrolled, zoomed or shows something else.
    """

    selection_settled = Signal()
    tile_size_changed = Signal(int)
    visible_changed = Signal(object)

    def __init__(self, model: PhotoModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.photos = model
        self._tile_px = 0
        self._keep_scroll: int | None = None
        self._notice = ""
        self._picked: list[int] = []  # while the model is reset
        self.tiles = PhotoDelegate(self)
        self._settle = Coalescer(SETTLE_MS, self)
        self._look = Coalescer(SETTLE_MS, self)
        self.setObjectName("photo_grid")
        self.setAccessibleName(self.tr("Photos"))
        self._set_up()
        self.setModel(model)
        self.setItemDelegate(self.tiles)
        self.set_tile_size(USUAL_PX)
        self._settle.fired.connect(self.selection_settled)
        self._look.fired.connect(self._tell_visible)
        self.selectionModel().selectionChanged.connect(self._settle.poke)
        self.verticalScrollBar().valueChanged.connect(self._look.poke)
        self.verticalScrollBar().rangeChanged.connect(self._restore_scroll)
        model.rowsAboutToBeRemoved.connect(self._remember_scroll)
        model.rowsAboutToBeInserted.connect(self._remember_scroll)
        for changed in (model.rowsInserted, model.rowsRemoved, self.tile_size_changed):
            changed.connect(self._look.poke)
        model.modelAboutToBeReset.connect(self._remember_all)
        model.modelReset.connect(self._recall_all)

    def _set_up(self) -> None:
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(BATCH)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)  # after setMovement, which turns it off
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setAcceptDrops(False)  # a folder that is dropped here is for the window
        self.viewport().setAcceptDrops(False)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)

    # -- zoom

    @property
    def tile_size(self) -> int:
        """Longest side of a photo in the grid, in pixels."""
        return self._tile_px

    @Slot(int)
    def set_tile_size(self, size_px: int) -> None:
        """Make the photos larger or smaller; the photo in the middle stays in view."""
        size_px = min(LARGEST_PX, max(SMALLEST_PX, size_px))
        if size_px == self._tile_px:
            return
        self._keep_scroll = None
        middle = self.currentIndex() if self._in_view(self.currentIndex()) else self._index_in_middle()
        self._tile_px = size_px
        self._fit_cells()
        self.verticalScrollBar().setSingleStep(size_px // 3)
        if middle.isValid():
            self.scrollTo(middle, QAbstractItemView.ScrollHint.PositionAtCenter)
        self.tile_size_changed.emit(size_px)

    def zoom(self, steps: int) -> None:
        """Make the photos larger, or with negative steps smaller."""
        self.set_tile_size(self._tile_px + steps * ZOOM_STEP_PX)

    @Slot()
    def zoom_in(self) -> None:
        """Make the photos larger."""
        self.zoom(2)

    @Slot()
    def zoom_out(self) -> None:
        """Make the photos smaller."""
        self.zoom(-2)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl the wheel zooms."""
        self._keep_scroll = None
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            delta = event.angleDelta().y()
            if delta:
                self.zoom(1 if delta > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width among the columns, so that no ragged edge is left."""
        self._fit_cells()
        super().resizeEvent(event)
        self._look.poke()

    def _fit_cells(self) -> None:
        """Lay out columns of about the requested size, and photos just large enough to fill them.

        Room for the scroll bar is left in any case: if cells became larger when it goes, it would have to come
        back, and so on for ever.
        """
        room = self.contentsRect().width() - self.verticalScrollBar().sizeHint().width()
        width = max(room - 2, self._tile_px)
        columns = max(1, round(width / self.tiles.cell_size(self._tile_px, self.font()).width()))
        self.tiles.set_cell_width(width // columns)
        size = self.tiles.cell_size(self.tiles.tile_size, self.font())
        if size != self.gridSize():
            self.setGridSize(size)

    # -- the selection

    def selected_places(self) -> list[int]:
        """Selected places, in the order shown."""
        return self.photos.place_ids(self.selectionModel().selectedIndexes())

    def select_places(self, place_ids: Iterable[int], *, scroll: bool = False) -> None:
        """Select these, as far as they are shown."""
        rows = self.photos.rows_of(place_ids)
        selection = QItemSelection()
        for row in rows:
            index = self.photos.index(row)
            selection.select(index, index)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().select(selection, flags)
        if rows:
            first = self.photos.index(rows[0])
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            if scroll:
                self.scrollTo(first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move and select as lists do; letters do not jump, Delete deletes nothing."""
        self._keep_scroll = None
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and (event.text().isprintable() and event.text()):
            event.ignore()  # shortcuts of the window: digits, space
        elif event.key() == Qt.Key.Key_Escape:
            self.clearSelection()
        else:
            super().keyPressEvent(event)

    def go_on(self) -> None:
        """Select the next photo."""
        following = self.photos.index(self.currentIndex().row() + 1)
        if following.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(following, flags)
            self.scrollTo(following)

    # -- drag

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: N803 - Qt's own name
        """Start a drag of the selected photos."""
        indexes = self.selectionModel().selectedIndexes()
        if not indexes:
            return
        drag = QDrag(self)
        drag.setMimeData(self.photos.mimeData(indexes))
        drag.setPixmap(self._drag_picture(indexes))
        drag.setHotSpot(QPoint(0, 0))
        drag.exec(Qt.DropAction.CopyAction)

    def _drag_picture(self, indexes: list[QModelIndex]) -> QPixmap:
        current = self.currentIndex()
        first = [current] if current in indexes else []
        shown = (first + [index for index in indexes[:3] if index != current])[:3]
        images = [index.data(PhotoRole.THUMBNAIL) for index in shown]
        return drag_pixmap(images, len(indexes), self.palette(), self.devicePixelRatioF())

    def rest(self) -> None:
        """Stop the timers of selection and viewport signals."""
        self._settle.stop()
        self._look.stop()
        self.blockSignals(True)
        self.photos.disconnect(self)
        self.setModel(None)  # whichever of the two is destroyed first, the other does not ask for it

    # -- nothing to show

    def set_notice(self, text: str) -> None:
        """The text shown in an empty grid."""
        if text != self._notice:
            self._notice = text
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the photos, or why there are none."""
        super().paintEvent(event)
        if self._notice and not self.photos.rowCount():
            painter = QPainter(self.viewport())
            colour = self.palette().color(QPalette.ColorRole.Text)
            colour.setAlphaF(0.6)
            painter.setPen(colour)
            box = self.viewport().rect().adjusted(32, 0, -32, -self.viewport().height() // 6)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._notice)
            painter.end()

    # -- where we are

    def visible_rows(self) -> range:
        """Model rows in view, a row more at either end."""
        count = self.photos.rowCount()
        if not count:
            return range(0)
        columns = max(1, self.viewport().width() // max(1, self.gridSize().width()))
        height = max(1, self.gridSize().height())
        first_line = max(0, self.verticalOffset() // height - 1)
        lines = self.viewport().height() // height + 4
        return range(min(count, first_line * columns), min(count, (first_line + lines) * columns))

    @Slot()
    def _tell_visible(self) -> None:
        self.visible_changed.emit([self.photos.wanted(row).place_id for row in self.visible_rows()])

    def _in_view(self, index: QModelIndex) -> bool:
        return index.isValid() and self.viewport().rect().intersects(self.visualRect(index))

    def _index_in_middle(self) -> QModelIndex:
        if not self.gridSize().isValid():
            return QModelIndex()
        rows = self.visible_rows()
        return self.photos.index(rows[len(rows) // 2]) if rows else QModelIndex()

    @Slot()
    def _remember_scroll(self) -> None:
        """Batched layout starts again at the top when rows come or go; see `_restore_scroll`."""
        if self._keep_scroll is None and self.verticalScrollBar().value() > 0:
            self._keep_scroll = self.verticalScrollBar().value()

    @Slot(int, int)
    def _restore_scroll(self, _minimum: int, maximum: int) -> None:
        if self._keep_scroll is not None and maximum >= self._keep_scroll:
            value, self._keep_scroll = self._keep_scroll, None
            self.verticalScrollBar().setValue(value)

    @Slot()
    def _remember_all(self) -> None:
        self._picked = self.selected_places()
        self._keep_scroll = None

    @Slot()
    def _recall_all(self) -> None:
        rows = self.photos.rows_of(self._picked)
        if rows:
            self.select_places(self._picked, scroll=True)
        self._settle.poke()
        self._look.poke()
