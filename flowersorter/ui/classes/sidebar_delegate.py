"""Paints a row of the sidebar: swatch or icon, name, counts, number key, and how far a class is with its labels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from flowersorter.ui.classes.sidebar_model import SidebarRole, SidebarRow
from flowersorter.ui.shared import theme

if TYPE_CHECKING:
    from flowersorter.ui.classes.sidebar_view import SidebarView

Index = QModelIndex | QPersistentModelIndex

MARGIN_PX = 8
SWATCH_PX = 12
INITIALS_PX = 18
KEYCAP_PX = 18
BAR_PX = 3
KEYCAP_GAP_PX = 6
_COUNT_GAP_PX = 8


class Form(IntEnum):
    """The parts of a row beside its name: as many as have room."""

    ALL = 0
    NO_CONFIRMED = 1
    NO_KEY = 2
    NAME_ONLY = 3


#: Letters of a name that stay visible in each form; where there is less room, the next one is taken.
_LETTERS = {Form.ALL: 14, Form.NO_CONFIRMED: 10, Form.NO_KEY: 7}


def name_rect(row: QRect) -> QRect:
    """Rectangles of the name of a row and of the parts to its right."""
    box = row.adjusted(4, 1, -4, -1)
    return box.adjusted(MARGIN_PX + SWATCH_PX + 10, 0, -MARGIN_PX, 0)


class SidebarDelegate(QStyledItemDelegate):
    """Paints one row; highlights the row under a drag, with the effect of a drop there."""

    def __init__(self, view: SidebarView) -> None:
        super().__init__(view)
        self._view = view
        self._measured: tuple[Sequence[SidebarRow], int, int] = ((), 0, 0)  # rows, room and letters of `_form_in`
        self._form = Form.ALL

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of one line with margins."""
        return QSize(80, option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one row."""
        row: SidebarRow = index.data(SidebarRole.ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box, room = option.rect.adjusted(4, 1, -4, -1), name_rect(option.rect)
        under_drag = self._view.drop_row == index.row()
        text = self._background(painter, option, box, under_drag)
        selected = text == option.palette.color(QPalette.ColorRole.HighlightedText)
        muted = text if selected else theme.muted(text)  # on the highlight even the full colour has little contrast
        self._mark(painter, option, row, box, selected=selected)
        if under_drag and self._view.merging:
            name = self.tr("Merge into {0}").format(row.text)
            self._write(painter, option.fontMetrics, room, name, text)
            painter.restore()
            return
        form = self._form_in(option.fontMetrics, room.width())
        if self._view.shows_digits and form < Form.NO_KEY:
            cap = QPoint(room.right() - KEYCAP_PX, box.center().y())
            self._keycap(painter, option, row.digit, cap, muted)
            room.setRight(room.right() - KEYCAP_PX - KEYCAP_GAP_PX)
        if row.progress is not None:
            self._bar(painter, option.palette, row.progress, room, text)
            room.setBottom(room.bottom() - BAR_PX)
        coming = self._view.drop_count if under_drag else 0
        counts = f"+ {coming}" if coming else _counts(row, form)
        painter.setPen(text if coming else muted)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, counts)
        if counts:
            room.setRight(room.right() - option.fontMetrics.horizontalAdvance(counts) - _COUNT_GAP_PX)
        self._write(painter, option.fontMetrics, room, row.text, text if row.count != 0 else muted)
        painter.restore()

    def _form_in(self, metrics: QFontMetrics, room_px: int) -> Form:
        """The first form for which all rows have room: "12 / 48" in some and "48" in others would mislead."""
        key, before = (self._view.rows.rows, room_px, metrics.averageCharWidth()), self._form
        if self._measured != key:
            self._measured = key
            cap_px = KEYCAP_PX + KEYCAP_GAP_PX if self._view.shows_digits else 0
            forms = [
                form
                for form in _LETTERS
                if all(_fits(row, form, metrics, room_px - cap_px * (form < Form.NO_KEY)) for row in key[0])
            ]
            self._form = next(iter(forms), Form.NAME_ONLY)
            if self._form is not before:
                self._view.viewport().update()  # also the rows that did not change
        return self._form

    def _background(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, under_drag: bool) -> QColor:
        """Fill the row according to its state; return the colour of its text."""
        palette = option.palette
        highlight = palette.color(QPalette.ColorRole.Highlight)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(Qt.PenStyle.NoPen)
        if under_drag:
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

    def _mark(
        self, painter: QPainter, option: QStyleOptionViewItem, row: SidebarRow, box: QRect, *, selected: bool
    ) -> None:
        middle = QPoint(box.left() + MARGIN_PX + SWATCH_PX // 2, box.center().y() + 1)
        if row.colour:
            side = INITIALS_PX if row.initials else SWATCH_PX
            place = QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)
            colour = QColor(row.colour)
            painter.setPen(QPen(theme.swatch_edge(colour, option.palette, selected=selected), 1.5))
            painter.setBrush(colour)
            painter.drawRoundedRect(place, 3.5, 3.5)
            if row.initials:
                painter.setFont(_smaller(option.font, 0.72))
                painter.setPen(theme.readable_on(QColor(row.colour)))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, row.initials)
                painter.setFont(option.font)
        elif row.icon:
            side = SWATCH_PX + 6
            mode = QIcon.Mode.Selected if selected else QIcon.Mode.Normal
            around = QRect(middle.x() - side // 2, middle.y() - side // 2, side, side)
            theme.icon(row.icon).paint(painter, around, Qt.AlignmentFlag.AlignCenter, mode)

    def _bar(self, painter: QPainter, palette: QPalette, progress: float, room: QRect, text: QColor) -> None:
        """Paint the progress bar, in the highlight colour while a class needs more labels, muted once it is full."""
        track, quiet = QColor(text), QColor(text)
        track.setAlphaF(0.13)
        quiet.setAlphaF(0.38)
        whole = QRectF(room.left(), room.bottom() - BAR_PX, room.width(), BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(track)
        painter.drawRoundedRect(whole, BAR_PX / 2, BAR_PX / 2)
        if progress > 0:
            done = QRectF(whole.left(), whole.top(), max(BAR_PX, whole.width() * min(1.0, progress)), BAR_PX)
            lit = palette.color(QPalette.ColorRole.Highlight)
            selected = text == palette.color(QPalette.ColorRole.HighlightedText)
            painter.setBrush(quiet if progress >= 1 else text if selected else lit)
            painter.drawRoundedRect(done, BAR_PX / 2, BAR_PX / 2)

    def _keycap(self, painter: QPainter, option: QStyleOptionViewItem, digit: str, at: QPoint, colour: QColor) -> None:
        if not digit:
            return
        edge = QColor(colour)
        edge.setAlphaF(0.4)
        cap = QRect(at.x(), at.y() - KEYCAP_PX // 2 + 1, KEYCAP_PX, KEYCAP_PX)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(cap, 4, 4)
        painter.setFont(_smaller(option.font, 0.82))
        painter.setPen(colour)
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, digit)
        painter.setFont(option.font)

    def _write(self, painter: QPainter, metrics: QFontMetrics, room: QRect, text: str, colour: QColor) -> None:
        painter.setPen(colour)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _counts(row: SidebarRow, form: Form) -> str:
    """The numbers of a row in this form."""
    return row.counts if form is Form.ALL else row.count_text if form < Form.NAME_ONLY else ""


def _fits(row: SidebarRow, form: Form, metrics: QFontMetrics, room_px: int) -> bool:
    """Whether the numbers leave room for the name, or its beginning."""
    counts = _counts(row, form)
    wanted = min(metrics.horizontalAdvance(row.text), _LETTERS[form] * metrics.averageCharWidth())
    return not counts or room_px - metrics.horizontalAdvance(counts) >= wanted + _COUNT_GAP_PX


def _smaller(font: QFont, scale: float) -> QFont:
    made = QFont(font)
    made.setPointSizeF(max(6.0, font.pointSizeF() * scale))
    return made
