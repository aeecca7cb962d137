"""Paints sections of photos, and selects photos with mouse and keys."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Slot
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QPixmap, QRegion
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget

from flowersorter.domain.arrays import sorted_unique
from flowersorter.ui.grid.arranged_model import ArrangedModel, Index, spans
from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.sections import Identity
from flowersorter.ui.grid.view.fold_badge import fold_badge_box, paint_fold_badge
from flowersorter.ui.grid.view.header_pool import HeaderFactory
from flowersorter.ui.grid.view.keyboard_cursor import KeyboardCursor
from flowersorter.ui.grid.view.rubber_band import RubberBand, runs_of, selection_of
from flowersorter.ui.grid.view.scroll_anchor import Neighbours, ScrollAnchor, around, first_left
from flowersorter.ui.grid.view.section_area import SectionArea
from flowersorter.ui.grid.view.section_motion import ViewBefore
from flowersorter.ui.grid.view.tile_pictures import TilePictures
from flowersorter.ui.shared import theme

_MANY_RUNS = 500


class SectionedView(SectionArea):
    """Selects as lists do, in the order of the rows; a photo that a folded section hides is not selected.

    Lives in the GUI thread.
    """

    def __init__(self, rows: ArrangedModel, factory: HeaderFactory, parent: QWidget | None = None) -> None:
        super().__init__(rows, factory, parent)
        self._cursor = KeyboardCursor()
        self._hovered = -1
        self._anchor: ScrollAnchor | None = None
        self._shown: PhotoFilter = rows.filter  # that of the photos laid out
        self._pictures = TilePictures()
        # While the model is reset: the view as it was, the selected places, the current one with its neighbours.
        self._before: ViewBefore | None = None
        self._selected = np.zeros(0, np.int64)
        self._selected_in_view: dict[int, Identity] = {}  # sections by place
        self._current: Neighbours | None = None
        self._band = RubberBand(self, self._runs_in)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        rows.rowsAboutToBeRemoved.connect(self._remember)
        rows.rowsAboutToBeInserted.connect(self._remember)
        rows.rowsRemoved.connect(self._follow)
        rows.rowsInserted.connect(self._follow)
        rows.modelAboutToBeReset.connect(self._remember_all)
        rows.modelReset.connect(self._recall_all)
        rows.sections_changed.connect(self._on_sections)

    # -- the selection

    def selected_rows(self) -> Rows:
        """(M,) the selected rows, ascending."""
        runs = np.array(runs_of(self.selectionModel().selection()), np.intp).reshape(-1, 2)
        counts = runs[:, 1] - runs[:, 0] + 1
        return sorted_unique(np.repeat(runs[:, 1] + 1 - np.cumsum(counts), counts) + np.arange(counts.sum()))

    @property
    def selected_before(self) -> NDArray[np.int64]:
        """(M,) the places that were selected before the last reset of the model."""
        return self._selected

    def select_rows(self, rows: Rows) -> None:
        """Select the visible ones of (M,) ascending rows."""
        self._select(spans(self._places.shown_of(rows)), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selectAll(self) -> None:
        """Select all photos that are shown."""
        self.select_rows(np.arange(self._laid_out))

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select from the photo at one corner to that at the other."""
        ends = [at.row() for each in (rect.topLeft(), rect.bottomRight()) if (at := self.indexAt(each)).isValid()]
        self._select(self._places.shown_runs(min(ends), max(ends)) if ends else [], command)

    def _select(self, runs: list[tuple[int, int]], command: QItemSelectionModel.SelectionFlag) -> None:
        clears = command & QItemSelectionModel.SelectionFlag.Clear
        if clears and self.selectionModel().selection().count() > _MANY_RUNS:
            self.clearSelection()  # Qt would compare each old run with each new one
        self.selectionModel().select(selection_of(runs, self._rows), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Return the region of the selected cells in view."""
        if selection.count() > _MANY_RUNS:
            return QRegion(self.viewport().rect())
        runs, region = runs_of(selection), QRegion()
        for row in self._rows_in_view():
            if any(first <= row <= last for first, last in runs):
                region += self._cell(row)
        return region

    def dataChanged(self, first: Index, last: Index, roles: object = ()) -> None:
        """Repaint the changed rows that are in view."""
        del roles
        for row in self._rows_in_view():
            if first.row() <= row <= last.row():
                self.viewport().update(self._cell(row))

    def _lay_out(self, keep: ScrollAnchor | None = None, *, from_top: bool = False, hold: bool = False) -> None:
        super()._lay_out(keep, from_top=from_top, hold=hold)
        rows = self.selected_rows()
        if len(self._places.shown_of(rows)) < len(rows):
            self.select_rows(rows)  # a key would change hidden photos

    # -- photos come, go and move

    @Slot()
    def _remember(self) -> None:
        if self._anchor is None:
            self._anchor = self._seen()

    @Slot()
    def _follow(self) -> None:
        anchor, self._anchor = self._anchor, None
        self._hovered = -1
        self._lay_out(anchor, from_top=self._shown != self._rows.filter, hold=True)

    @Slot()
    def _remember_all(self) -> None:
        self._remember()
        self._motion.stop()
        self._before = None
        if self._rows.moves_softly and len(self._places.sections) > 1 and self.isVisible() and theme.motion_ms():
            self._before = self._as_before()
        self._band.release()
        self._selected = self._rows.all_places_at(self.selected_rows())
        self._selected_in_view = self._sections_of_selected()
        current = self.currentIndex()
        known = current.isValid() and current.row() < self._laid_out
        self._current = around(current.row(), self._places, self._rows.front_places_at) if known else None

    @Slot()
    def _recall_all(self) -> None:
        """Select the same photos again; the current one stays, or becomes the next one if it moved away.

        The photos in view stay in place, unless the person asked to see other photos.
        """
        same, before = self._shown == self._rows.filter, self._before
        self._follow()
        if before is not None:
            self._motion.start(before, (self._places, self.verticalOffset()), theme.motion_ms())
            self._before = None
        self._shown = self._rows.filter
        at = self._rows.rows_at(self._selected)
        counts = np.bincount(at[at >= 0], minlength=self._laid_out)
        # A stack of which only a part was selected is not: a key would change photos that the person did not mean.
        rows = self._places.shown_of(np.flatnonzero((counts > 0) & (counts >= self._rows.counts_on_tiles)))
        rows = rows if not same else self._without_gone(rows)
        if len(rows):
            self.select_rows(rows)
        current = self._current_row(same=same)
        if current < 0 and len(rows):
            current = int(rows[0])
        if current >= 0:
            self.setAutoScroll(not same)
            self.selectionModel().setCurrentIndex(self._rows.index(current), QItemSelectionModel.SelectionFlag.NoUpdate)
            self.setAutoScroll(True)
            if not same and len(rows):
                self.scrollTo(self._rows.index(current))

    def _sections_of_selected(self) -> dict[int, Identity]:
        """The sections of the selected photos in view, by place."""
        rows = np.intersect1d(self.selected_rows(), np.array(self._rows_in_view(), np.intp))
        places = self._rows.front_places_at(rows).tolist()
        return dict(zip(places, map(self._identity_of, rows.tolist()), strict=True))

    def _identity_of(self, row: int) -> Identity:
        return self._places.sections[self._places.section_of(row)].identity

    def _without_gone(self, rows: Rows) -> Rows:
        """The rows of (M,) selected ones whose photos did not move out of view to another section.

        The person sees them no longer, and a key would change them. If none of those that were in view is left, none
        of the others is selected either.
        """
        if not self._selected_in_view:
            return rows
        in_view, places = set(self._rows_in_view()), np.array(list(self._selected_in_view), np.int64)
        now = self._rows.rows_at(places).tolist()
        gone = [
            row
            for row, before in zip(now, self._selected_in_view.values(), strict=True)
            if row not in in_view and (row < 0 or self._identity_of(row) != before)
        ]
        return np.setdiff1d(rows, gone) if len(gone) < len(places) else rows[:0]

    def _current_row(self, *, same: bool) -> int:
        if self._current is None:
            return -1
        row = first_left(self._current, self._places, self._rows.rows_at) if same else -1
        if row < 0:
            row = int(self._rows.rows_at(self._current[1][:1])[0])
        return -1 if row >= 0 and self._places.is_hidden(row) else row

    @Slot()
    def _on_sections(self) -> None:
        if self._rows.sections is not self._places.sections:
            self._lay_out(self._seen(), hold=True)
        else:
            self._headers.update(self._places.sections, self.is_folded)  # other names

    # -- keys and mouse

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Return the index that a key moves to."""
        del modifiers
        current = self.currentIndex()
        if not self._laid_out or not current.isValid():
            return self._rows.index(0)
        row = self._cursor.row_after(action, current.row(), self._places, self._page, mirrored=self.isRightToLeft())
        return self._rows.index(row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open a folded section, begin a rubber band, or select."""
        at = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton:
            folded = self._folded_at(at)
            if folded is not None:
                self.set_folded(folded, False)
                event.accept()
                return
            if not self.indexAt(at).isValid():
                self._band.press(at, event.modifiers())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Stretch the rubber band, drag, or hover."""
        at = event.position().toPoint()
        if self._band.held:
            self._band.move_to(at)
            if not self._band.box.isNull():
                self.setState(QAbstractItemView.State.DragSelectingState)
            event.accept()
            return
        self._hover(self.indexAt(at).row() if event.buttons() == Qt.MouseButton.NoButton else -1)
        QAbstractItemView.mouseMoveEvent(self, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the rubber band."""
        super().mouseReleaseEvent(event)
        self._band.release()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Stretch the rubber band along with the scrolling."""
        super().scrollContentsBy(dx, dy)
        self._band.follow()

    def viewportEvent(self, event: QEvent) -> bool:
        """End the hover when the mouse leaves."""
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            before, self._hovered = self._hovered, row
            for each in (before, row):
                if each >= 0:
                    self.viewport().update(self._cell(each))

    def _folded_at(self, at: QPoint) -> Identity | None:
        """The folded section whose number of hidden photos is at a point."""
        for number in self._places.sections_between(self.verticalOffset(), self.verticalOffset() + self._page):
            hidden, cell = self._hidden_photos(number), self._cell(self._places.last_shown(number))
            if hidden and fold_badge_box(cell, hidden, self.fontMetrics()).contains(at):
                return self._places.sections[number].identity
        return None

    def _hidden_photos(self, number: int) -> int:
        """Number of photos that a folded section hides."""
        after = self._places.last_shown(number) + 1
        return self._rows.count_on(range(after, after + self._places.hidden(number)))

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the tiles in view that need it, and the rubber band."""
        painter = QPainter(self.viewport())
        self._motion.paint_gone(painter)
        self._paint_tiles(painter, event.region())
        self._band.paint(painter)
        painter.end()

    def _paint_tiles(self, painter: QPainter, region: QRegion) -> None:
        """Paint the tiles that reach into a region of the viewport."""
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        flags = QStyle.StateFlag
        plain = option.state & ~(flags.State_Selected | flags.State_HasFocus | flags.State_MouseOver)
        selection = self.selectionModel()
        current = self.currentIndex().row() if self.hasFocus() else -1
        shifts = self._motion.shifts
        self._pictures.begin(option, self.cell_size, self.devicePixelRatioF())
        self._clear_under(painter, shifts)
        for row in self._rows_in_view():
            number = self._places.section_of(row)
            cell = self._cell(row).translated(0, shifts.get(self._places.sections[number].identity, 0))
            if not region.intersects(cell):
                continue
            index = self._rows.index(row)
            selected = flags.State_Selected if selection.isSelected(index) else flags.State_None
            focus = flags.State_HasFocus if row == current else flags.State_None
            hover = flags.State_MouseOver if row == self._hovered else flags.State_None
            option.rect, option.state = cell, plain | flags.State_Enabled | selected | focus | hover
            self._paint_tile(painter, option, index)
            if row == self._places.last_shown(number) and self._places.hidden(number):
                paint_fold_badge(painter, cell, self._hidden_photos(number), self.palette())

    def _as_before(self) -> ViewBefore:
        """The view as it is now, for a motion from there."""
        picture = QPixmap(self.viewport().size() * self.devicePixelRatioF())
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        picture.fill(self.palette().color(QPalette.ColorRole.Base))
        painter = QPainter(picture)
        self._paint_tiles(painter, QRegion(self.viewport().rect()))
        painter.end()
        return ViewBefore(self._places, self.verticalOffset(), picture, self._headers.by_section)

    def _look_of(self, row: int) -> Hashable:
        """All that a tile depends on beside its option; None where it is not known, and painted each time."""
        del row
        return None

    def _paint_tile(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint a tile as it is kept; on a screen whose pixels do not fit into those of the view, by the delegate."""
        look, ratio = self._look_of(index.row()), self.devicePixelRatioF()
        if look is None or not ratio.is_integer():
            self.itemDelegate().paint(painter, option, index)
        else:
            picture = self._pictures.picture(self.itemDelegate(), option, index, look, int(ratio))
            painter.drawPixmap(option.rect.topLeft(), picture)

    def _clear_under(self, painter: QPainter, shifts: dict[Identity, int]) -> None:
        """Clear the background under gliding sections, so that they cover removed photos."""
        for identity, shift in shifts.items():
            number, ground = self._places.number_of(identity), self.palette().color(QPalette.ColorRole.Base)
            top, bottom = self._places.top(number), self._places.bottom(number)
            box = QRect(0, top + shift - self.verticalOffset(), self.viewport().width(), bottom - top)
            painter.fillRect(box, ground)
