"""Lays out sections under their headers, scrolls and folds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QWidget

from flowersorter.ui.grid.arranged_model import ArrangedModel, Index
from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.photo_delegate import GAP_PX
from flowersorter.ui.grid.sections import Identity, Section
from flowersorter.ui.grid.view.header_pool import HeaderFactory, HeaderPool
from flowersorter.ui.grid.view.scroll_anchor import ScrollAnchor, anchor_of, offset_for
from flowersorter.ui.grid.view.section_layout import Cells, SectionLayout
from flowersorter.ui.grid.view.section_motion import SectionMotion
from flowersorter.ui.grid.view.unseen_keys import UnseenKeys


class SectionArea(QListView):
    """The part of the grid that lays out headers and photos. Lives in the GUI thread.

    The base is `QListView` only for its accessible list, which Qt does not give to subclasses of `QAbstractItemView`;
    its layout, which has no sections, is not used.

    Signals:
        folded_changed(identity, bool): A section shows one line only, or all of it again.
        scrolled(): The rows in view may have changed.
        section_entered(): The keyboard may be in the header of another section, or in none.
    """

    folded_changed = Signal(object, bool)
    scrolled = Signal()
    section_entered = Signal()

    def __init__(self, rows: ArrangedModel, factory: HeaderFactory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._cells = Cells(1, 1, 1)
        self._folds: dict[Identity, bool] = {}
        self._folds_at_first: Callable[[Section], bool] = lambda _section: False
        self._headers = HeaderPool(self.viewport(), factory, self)
        self._places = SectionLayout((), self._cells, self._headers.height, self.is_folded)
        self._motion = SectionMotion(self)
        self._unseen_keys = UnseenKeys(self)
        self._busy = False  # the scroll bar moves because of a new layout
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(rows)
        self._headers.entered.connect(self.show_header)
        self._headers.focus_changed.connect(self._unseen_keys.watch)
        self._headers.focus_changed.connect(self.section_entered)
        self._headers.fold_requested.connect(self._on_fold_requested)
        self._headers.more_wanted.connect(self._place_headers)
        self._motion.moved.connect(self._on_moved)

    # -- sections

    def set_header_factory(self, factory: HeaderFactory) -> None:
        """Make headers with this."""
        self._headers.set_factory(factory)
        self._lay_out(self._seen())

    def header(self, identity: Identity) -> QWidget | None:
        """The header of a section, None while the section is far away."""
        return self._headers.header(identity)

    @property
    def headers(self) -> list[QWidget]:
        """The headers of the sections near those in view, from top to bottom."""
        return self._headers.in_order

    @property
    def header_identities(self) -> list[Identity]:
        """The sections of these headers."""
        return self._headers.identities

    @property
    def section_at_top(self) -> Section | None:
        """The section that the upper part of the view shows."""
        number = self._places.section_at(self.verticalOffset() + min(self._page, self._cells.height) // 2)
        return self._places.sections[number] if number >= 0 else None

    @property
    def section_with_keyboard(self) -> Identity | None:
        """The section whose header has the focus, None if no header has it."""
        return self._headers.with_keyboard

    def is_folded(self, section: Section) -> bool:
        """Whether a section shows one line only."""
        folded = self._folds.get(section.identity)
        return self._folds_at_first(section) if folded is None else folded

    def set_folded(self, identity: Identity, folded: bool) -> None:
        """Show one line of a section only, or all of it."""
        number = self._places.number_of(identity)
        before = number >= 0 and self.is_folded(self._places.sections[number])
        self._folds[identity] = folded
        if number >= 0 and before != folded:
            self._lay_out(self._seen())
            self.folded_changed.emit(identity, folded)

    def set_folded_at_first(self, rule: Callable[[Section], bool]) -> None:
        """Fold the sections for which this returns True, unless `set_folded` says otherwise."""
        self._folds_at_first = rule
        self._lay_out(self._seen())

    @property
    def cell_size(self) -> QSize:
        """The size of a cell, in pixels."""
        return QSize(self._cells.width, self._cells.height)

    def set_cells(self, cells: Cells) -> None:
        """Lay out cells of this size."""
        if cells != self._cells:
            seen = self._seen()
            self._cells = cells
            self._lay_out(seen)

    @Slot(object)
    def _on_fold_requested(self, identity: Identity) -> None:
        number = self._places.number_of(identity)
        if number >= 0:
            self.set_folded(identity, not self.is_folded(self._places.sections[number]))

    def is_header_shown(self, identity: Identity) -> bool:
        """Whether the whole header of a section is in view."""
        return self._height_of(identity) is not None

    def _height_of(self, identity: Identity) -> int | None:
        """The y of a header in the view, None unless all of it is in view."""
        number = self._places.number_of(identity)
        if number < 0:
            return None
        high, offset = self._places.header_height(number), self.verticalOffset()
        y = max(self._places.top(number) - offset, min(0, self._places.bottom(number) - offset - high))
        return y if 0 <= y <= max(0, self._page - high) else None

    @Slot(object)
    def show_header(self, identity: Identity) -> None:
        """Scroll to a header, as to the one that got the focus."""
        number = self._places.number_of(identity)
        if number < 0:
            return
        top, high, offset = self._places.top(number), self._places.header_height(number), self.verticalOffset()
        line = top + high + self._cells.height
        if top < offset and not self.is_header_shown(identity):  # the one over its photos at the top is in view
            self.verticalScrollBar().setValue(top)
        elif line > offset + self._page:
            self.verticalScrollBar().setValue(min(top, line - self._page))

    # -- positions

    def visualRect(self, index: Index) -> QRect:
        """The cell, in the viewport; null where it is hidden."""
        return self._cell(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Return the photo at a point; an invalid index in the gaps."""
        at = self._from_screen(QRect(point, QSize(1, 1))).topLeft()
        row = self._places.row_at(at.x(), at.y())
        if row < 0 or not self._places.cell(row).adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX).contains(at):
            return QModelIndex()
        return self._rows.index(row)

    def horizontalOffset(self) -> int:
        """Return 0: lines are as wide as the view."""
        return 0

    def verticalOffset(self) -> int:
        """Return the scroll position, in pixels."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Whether a folded section hides a photo."""
        return index.isValid() and index.row() < self._laid_out and self._places.is_hidden(index.row())

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Show a photo, with the header of its section where there is room; a folded section is opened for it."""
        if not index.isValid() or index.row() >= self._laid_out:
            return
        self._open_sections_of(np.array([index.row()], np.intp))
        number, cell = self._places.section_of(index.row()), self._places.cell(index.row())
        top = cell.top() - self._places.header_height(number)  # above its line, or over the photos of the line before
        bottom, offset = cell.bottom() + 1, self.verticalOffset()
        hints, value = QAbstractItemView.ScrollHint, offset
        if hint == hints.PositionAtCenter:
            value = cell.center().y() - self._page // 2
        elif hint == hints.PositionAtTop or (hint == hints.EnsureVisible and top < offset):
            value = top
        elif hint == hints.PositionAtBottom:
            value = bottom - self._page
        elif bottom > offset + self._page:
            value = min(top, bottom - self._page)
        self.verticalScrollBar().setValue(value)

    def _open_sections_of(self, rows: Rows) -> None:
        """Open the folded sections that hide one of these (M,) rows."""
        for number in self._places.folded_over(rows):
            self.set_folded(self._places.sections[number].identity, False)

    def _runs_in(self, box: QRect, margin: int) -> Iterator[tuple[int, int]]:
        """Runs (first, last) of rows in a box of the viewport."""
        box = self._from_screen(box)
        return self._places.runs_in(box.left(), box.top(), box.right() + 1, box.bottom() + 1, margin)

    def _rows_in_view(self) -> list[int]:
        return self._places.rows_between(self.verticalOffset(), self.verticalOffset() + self._page)

    def _cell(self, row: int) -> QRect:
        """The cell of a row, in the viewport; null where it is hidden."""
        cell = self._places.cell(row) if row < self._laid_out else QRect()
        return cell if cell.isNull() else self._mirrored(cell.translated(0, -self.verticalOffset()))

    def _from_screen(self, box: QRect) -> QRect:
        return self._mirrored(box).translated(0, self.verticalOffset())

    def _mirrored(self, box: QRect) -> QRect:
        return QStyle.visualRect(self.layoutDirection(), self.viewport().rect(), box)

    # -- laying out

    @property
    def _laid_out(self) -> int:
        """Return the number of rows in the layout."""
        sections = self._places.sections
        return sections[-1].rows.stop if sections else 0

    @property
    def _page(self) -> int:
        return self.viewport().height()

    def doItemsLayout(self) -> None:
        """Do nothing: every change is laid out at once."""
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:
        """Fit the scroll bar to the layout."""
        bar = self.verticalScrollBar()
        bar.setPageStep(self._page)
        bar.setSingleStep(max(1, self._cells.height // 4))
        bar.setRange(0, max(0, self._places.height - self._page))

    def _seen(self) -> ScrollAnchor | None:
        """Return an anchor of the present view; None at the very top without a selection: the top stays in view."""
        if not self._laid_out or not (self.verticalOffset() or self.selectionModel().hasSelection()):
            return None
        return anchor_of(self._places, self.verticalOffset(), self._page, self._rows.front_places_at)

    def _lay_out(self, keep: ScrollAnchor | None = None, *, from_top: bool = False, hold: bool = False) -> None:
        """Lay out anew.

        Args:
            keep: Stays in place.
            from_top: Show the top instead.
            hold: Keep the header with the keyboard in place instead, if it is in view: the person may be typing there.
        """
        self._motion.stop()
        held = self._headers.with_keyboard if hold else None
        height = None if held is None else self._height_of(held)
        self._busy = True
        self._places = SectionLayout(self._rows.sections, self._cells, self._headers.height, self.is_folded)
        offset = 0 if from_top else None
        if keep is not None and not from_top:
            offset = offset_for(keep, self._places, self._rows.rows_at)
        self.updateGeometries()
        if offset is not None:
            self.verticalScrollBar().setValue(offset)
        if held is not None and height is not None and (number := self._places.number_of(held)) >= 0:
            self._hold(held, number, height, from_top=from_top)
        self._busy = False
        self._headers.update(self._places.sections, self.is_folded)
        self._place_headers()
        self.viewport().update()
        self.scrolled.emit()

    def _hold(self, identity: Identity, number: int, height: int, *, from_top: bool) -> None:
        """Keep the header with the keyboard at its y in the view; one that goes out of view loses the keyboard."""
        if not from_top and self._height_of(identity) != height:
            self.verticalScrollBar().setValue(self._places.top(number) - height)
        if not self.is_header_shown(identity):
            self.setFocus()

    @Slot()
    def _on_moved(self) -> None:
        self._place_headers()
        self.viewport().update()

    @Slot()
    def _place_headers(self) -> None:
        self._headers.place(self._places, self.verticalOffset(), self.is_folded, self._motion.shifts)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move photos and headers."""
        if self._busy:
            return
        self._motion.stop()
        self.scrollDirtyRegion(dx, dy)
        self.viewport().scroll(dx, dy)
        self._place_headers()
        self.scrolled.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the scroll bar and the headers."""
        QAbstractItemView.resizeEvent(self, event)
        self._place_headers()
        self.scrolled.emit()

    def viewportEvent(self, event: QEvent) -> bool:
        """Lay out anew when a header changes its height."""
        if event.type() == QEvent.Type.LayoutRequest and self._headers.measure():
            self._lay_out(self._seen())
        return super().viewportEvent(event)
