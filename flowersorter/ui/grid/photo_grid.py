"""The thumbnail grid: zoom, drag, the photos in view, and a notice where there are none."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QDrag, QKeyEvent, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from flowersorter.domain.arrays import sorted_unique
from flowersorter.library.tables.settings import TILE_SIZE_PX
from flowersorter.ui.grid.drag_pixmap import drag_pixmap
from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.photo_delegate import PhotoDelegate
from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.ui.grid.sections import Section
from flowersorter.ui.grid.view.section_layout import Cells
from flowersorter.ui.grid.view.sectioned_view import SectionedView
from flowersorter.ui.review.sections.section_header import SectionHeader
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import button
from flowersorter.workers.throttle import Coalescer

SMALLEST_PX, USUAL_PX, LARGEST_PX = 96, TILE_SIZE_PX.default, 320
ZOOM_STEP_PX = 16
SETTLE_MS = 60


class PhotoGrid(SectionedView):
    """The photos of a `PhotoModel` as tiles, in sections where it has them. Lives in the GUI thread.

    Signals:
        selection_settled(): The selection has changed and stayed so for a moment.
        tile_size_changed(int): The person zoomed.
        visible_changed(list of place ids): These photos are in view, in the order shown; all others are not. Sent a
        moment after the person scrolled, zoomed or changed the filter.
    """

    selection_settled = Signal()
    tile_size_changed = Signal(int)
    visible_changed = Signal(object)

    def __init__(self, model: PhotoModel, parent: QWidget | None = None) -> None:
        super().__init__(model, self._plain_header, parent)
        self.photos = model
        self._tile_px = 0
        self._notice = ""
        self.tiles = PhotoDelegate(self)
        self.clear_button = button(self.viewport(), "clear_filters", self.tr("Clear filters"))
        self.clear_button.hide()
        self._settle = Coalescer(SETTLE_MS, self)
        self._look = Coalescer(SETTLE_MS, self)
        self.setObjectName("photo_grid")
        self.setAccessibleName(self.tr("Photos"))
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setAcceptDrops(False)  # a folder dropped here is for the window
        self.viewport().setAcceptDrops(False)
        self.setItemDelegate(self.tiles)
        self.set_tile_size(USUAL_PX)
        self._settle.fired.connect(self.selection_settled)
        self._look.fired.connect(self._tell_visible)
        self.selectionModel().selectionChanged.connect(self._settle.poke)
        self.scrolled.connect(self._look.poke)
        model.modelReset.connect(self._settle.poke)

    def _plain_header(self, section: Section, parent: QWidget) -> QWidget:
        header = SectionHeader(section, self.photos.section_names, parent)
        header.refresh()
        return header

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
        middle = self.currentIndex() if self._in_view(self.currentIndex()) else self._index_in_middle()
        self._tile_px = size_px
        self._fit_cells()
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
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            delta = event.angleDelta().y()
            if delta:
                self.zoom(1 if delta > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Distribute the width among the columns."""
        self._headers.forget_absent()
        self._fit_cells()
        super().resizeEvent(event)
        self._place_clear_button()

    def _fit_cells(self) -> None:
        """Lay out columns of about the requested size, and photos just large enough to fill them.

        Room for the scroll bar is always left: if cells became larger when it is hidden, it would have to be shown
        again, without end.
        """
        room = self.contentsRect().width() - self.verticalScrollBar().sizeHint().width()
        width = max(room - 2, self._tile_px)
        wanted = round(width / self.tiles.cell_size(self._tile_px, self.font()).width())
        columns = max(1, min(wanted, width // self.tiles.least_cell_width(self.font())))
        self.tiles.set_cell_width(width // columns)
        size = self.tiles.cell_size(self.tiles.tile_size, self.font())
        self.set_cells(Cells(columns, size.width(), size.height()))

    # -- the selection

    def selected_places(self) -> list[int]:
        """Places of all photos on the selected tiles, in the order shown."""
        selected: list[int] = self.photos.all_places_at(self.selected_rows()).tolist()
        return selected

    def settle(self) -> None:
        """Emit `selection_settled` in a moment: more is known of the selected photos."""
        self._settle.poke()

    def select_places(self, place_ids: Iterable[int] | NDArray[np.int64], *, scroll: bool = False) -> None:
        """Select these, if the filter shows them.

        Folded sections that hide one are opened, and so are stacks with photos that are not to be selected.
        """
        wanted = place_ids if isinstance(place_ids, np.ndarray) else np.array(list(place_ids), np.int64)
        self.photos.open_stacks_for(wanted)
        rows = sorted_unique(self.photos.rows_at(wanted))
        self._select_tiles(rows[rows >= 0], scroll=scroll)

    def select_row(self, row: int) -> None:
        """Select a tile, with all its photos, and show it."""
        self._select_tiles(np.array([row], np.intp), scroll=True)

    def _select_tiles(self, rows: Rows, *, scroll: bool) -> None:
        self._open_sections_of(rows)
        self.select_rows(rows)
        if len(rows):
            first = self.photos.index(int(rows[0]))
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
            if scroll:
                self.scrollTo(first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move and select as lists do; letters do not jump to a photo, and Delete deletes nothing."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and (event.text().isprintable() and event.text()):
            event.ignore()  # shortcuts of the window: digits, space
        elif event.key() == Qt.Key.Key_Escape:
            self.clearSelection()
        else:
            super().keyPressEvent(event)

    def go_on(self) -> None:
        """Select the next photo: the current one if it is not selected, as after another one moved away."""
        following = self.currentIndex()
        if following.isValid() and self.selectionModel().isSelected(following):
            row = self._places.beside(following.row(), 1)
            following = self.photos.index(row) if row != following.row() else QModelIndex()
        if following.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(following, flags)
            self.scrollTo(following)

    def _look_of(self, row: int) -> Hashable:
        return self.photos.look(row), self.tiles.lit_at(int(self.photos.front_places_at(slice(row, row + 1))[0]))

    # -- drag

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: N803 - Qt's own name
        """Start a drag of the selected photos."""
        rows = self.selected_rows()
        if not len(rows):
            return
        drag = QDrag(self)
        drag.setMimeData(self.photos.drag_data(rows))
        drag.setPixmap(self._drag_picture(rows))
        drag.setHotSpot(QPoint(0, 0))
        drag.exec(Qt.DropAction.CopyAction)

    def _drag_picture(self, rows: Rows) -> QPixmap:
        """Draw the current photo, if it is among the dragged (M,) rows, and the first of them."""
        current = self.currentIndex().row()
        first = [current] if current in rows else []
        shown = list(dict.fromkeys(first + rows[:3].tolist()))[:3]
        images = [self.photos.index(row).data(PhotoRole.THUMBNAIL) for row in shown]
        return drag_pixmap(images, len(self.photos.all_places_at(rows)), self.palette(), self.devicePixelRatioF())

    def rest(self) -> None:
        """Stop all timers and motion."""
        self._settle.stop()
        self._look.stop()
        self._motion.stop()
        self._band.release()
        self._headers.release()
        self.blockSignals(True)
        self.photos.disconnect(self)
        self.setModel(None)  # the one destroyed last does not access the other

    # -- the notice

    def set_notice(self, text: str, *, can_clear: bool = False) -> None:
        """Set the text shown in an empty grid, and whether there are filters to clear."""
        self.clear_button.setVisible(can_clear)
        if text != self._notice:
            self._notice = text
            self._place_clear_button()
            self.viewport().update()

    @property
    def _notice_box(self) -> QRect:
        return self.viewport().rect().adjusted(32, 0, -32, -self.viewport().height() // 6)

    def _place_clear_button(self) -> None:
        """Put the button below the notice."""
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        text = self.fontMetrics().boundingRect(self._notice_box, flags.value, self._notice)
        size = self.clear_button.sizeHint()
        left = self._notice_box.center().x() - size.width() // 2
        self.clear_button.setGeometry(left, text.bottom() + 12, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the photos, or the reason why there are none."""
        super().paintEvent(event)
        if self._notice and not self.photos.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(theme.muted(self.palette().color(QPalette.ColorRole.Text)))
            painter.drawText(self._notice_box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._notice)
            painter.end()

    # -- the view

    def visible_rows(self) -> list[int]:
        """Model rows in view, with one more line at either end."""
        line = self._cells.height
        return self._places.rows_between(self.verticalOffset() - line, self.verticalOffset() + self._page + line)

    @Slot()
    def _tell_visible(self) -> None:
        rows = self.visible_rows()
        places = self.photos.front_places_at(np.array(rows, np.intp)).tolist()
        sections = {self._places.sections[self._places.section_of(row)].identity for row in rows}
        self.photos.hold(sections, places[-1] if places else 0)
        self.visible_changed.emit(places)

    def _in_view(self, index: QModelIndex) -> bool:
        return index.isValid() and self.viewport().rect().intersects(self.visualRect(index))

    def _index_in_middle(self) -> QModelIndex:
        rows = self.visible_rows()
        return self.photos.index(rows[len(rows) // 2]) if rows else QModelIndex()
