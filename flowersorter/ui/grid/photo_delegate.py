"""Paints a tile of the grid: thumbnail, class name and state, and under the mouse the buttons of its suggestion."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from flowersorter.messages import worded
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.grid.photo_state import SUGGESTED, PhotoState, PhotoTile, either
from flowersorter.ui.grid.stacks.badge import paint_badge, paint_edges
from flowersorter.ui.grid.tile_buttons import TileButton, paint_buttons
from flowersorter.ui.shared import theme

Index = QModelIndex | QPersistentModelIndex

GAP_PX = 4  # between the cell and its card
PADDING_PX = 7  # between the card and its content
DOT_PX = 9
NAME_GAP_PX = 7  # between the dot and the name
NAME_LETTERS = 12  # of average width, of a usual class name
BADGE_PX = 20
LEFT_OUT_OPACITY = 0.4
SHAPE = 0.78  # height by width of a photo's place: most photos are landscape
LINE_ICON_PX = 14
#: Of a name, with the dots that stand for the rest.
_FEWEST_LETTERS = 5
#: Share of the highlight colour in the card of a selected photo, and of the text colour in that under the mouse.
SELECTED_TINT, HOVER_TINT = 0.22, 0.06
#: States whose title has the colour of the state.
_IN_COLOUR = frozenset({PhotoState.TORN, PhotoState.UNSURE, PhotoState.UNKNOWN})
PIXMAP_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Tile:
    """The rectangles of the parts of one tile."""

    card: QRect
    picture: QRect
    line: QRect


class PhotoDelegate(QStyledItemDelegate):
    """Draws tiles of one size, set by the grid."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tile_px = 0
        self._pixmaps: OrderedDict[tuple[int, int, int, int], QPixmap] = OrderedDict()
        self._pixmap_bytes = 0
        self._card_look: tuple[float, ...] = ()
        self._card_pixmap = QPixmap()
        self.lit_button: tuple[int, TileButton] | None = None  # place id, and the button under the mouse
        self.lit_stack = 0  # place id of the tile whose stack number is under the mouse

    def lit_at(self, place_id: int) -> tuple[TileButton | None, bool]:
        """The button under the mouse on the tile of a place, and whether the number of its stack is."""
        place, button = self.lit_button or (0, None)
        return button if place == place_id else None, self.lit_stack == place_id

    @property
    def tile_size(self) -> int:
        """Width of a photo's place, in pixels."""
        return self._tile_px

    def set_cell_width(self, width_px: int) -> None:
        """Set the width of the cells that tiles fill."""
        size_px = width_px - 2 * (GAP_PX + PADDING_PX)
        if size_px != self._tile_px:
            self._tile_px = size_px
            self._pixmaps.clear()
            self._pixmap_bytes = 0

    def cell_size(self, tile_px: int, font: QFont) -> QSize:
        """Cell for photos of this width in this font."""
        edge = 2 * (GAP_PX + PADDING_PX)
        return QSize(tile_px + edge, round(tile_px * SHAPE) + edge + self._text_height(font))

    def least_cell_width(self, font: QFont) -> int:
        """Width of a cell in which a usual class name has room in this font."""
        letters_px = NAME_LETTERS * QFontMetrics(font).averageCharWidth()
        return 2 * (GAP_PX + PADDING_PX) + DOT_PX + NAME_GAP_PX + letters_px

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of the cell, the same for all."""
        return self.cell_size(self._tile_px, option.font)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one tile."""
        tile, shown = self._tile(option), index.data(PhotoRole.TILE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._card(painter, option, tile.card)
        size, number = shown.stack
        if shown.error is not None:
            self._unreadable(painter, option, tile, shown.error)
            box = tile.picture
        else:
            painter.setOpacity(LEFT_OUT_OPACITY if shown.left_out else 1.0)
            if size > 1 and not number:
                paint_edges(painter, self.photo_box(option, index), option.palette)
            box = self._picture(painter, option, index, tile.picture)
            painter.setOpacity(1.0)
        if shown.left_out:
            self._minus(painter, box)
        button, is_stack_lit = self.lit_at(shown.place_id)
        if shown.state is PhotoState.CONFIRMED:
            self._check(painter, box)
        elif shown.state in SUGGESTED and option.state & QStyle.StateFlag.State_MouseOver:
            paint_buttons(painter, box, button)
        if size > 1:
            paint_badge(painter, box, size, number, option.palette, lit=is_stack_lit)
        self._line(painter, option, index, shown, tile.line)
        painter.restore()

    def photo_box(self, option: QStyleOptionViewItem, index: Index) -> QRect:
        """Rectangle of the painted photo of a tile; the whole place for it while there is no thumbnail."""
        place, image = self._tile(option).picture, index.data(PhotoRole.THUMBNAIL)
        return place if image is None else _fitted(image.size(), place)

    # -- geometry

    def _text_height(self, font: QFont) -> int:
        return QFontMetrics(font).height() + 9

    def _tile(self, option: QStyleOptionViewItem) -> _Tile:
        card = option.rect.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        inner = card.adjusted(PADDING_PX, PADDING_PX, -PADDING_PX, -PADDING_PX)
        picture = QRect(inner.left(), inner.top(), inner.width(), round(self._tile_px * SHAPE))
        line = QRect(inner.left() + 2, picture.bottom() + 7, inner.width() - 4, option.fontMetrics.height() + 1)
        return _Tile(card, picture, line)

    # -- parts

    def _card(self, painter: QPainter, option: QStyleOptionViewItem, card: QRect) -> None:
        highlight = option.palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(card.topLeft(), self._selected_card(card.size(), highlight, ratio))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            tint = option.palette.color(QPalette.ColorRole.Text)
            tint.setAlphaF(HOVER_TINT)
            painter.setBrush(tint)
            painter.drawRoundedRect(card, 8, 8)
        focus = option.state & QStyle.StateFlag.State_HasFocus
        if focus and not option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(highlight, 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), 8, 8)

    def _selected_card(self, size: QSize, highlight: QColor, ratio: float) -> QPixmap:
        """The card of a selected tile: painted once, as round corners take as long as the rest of a tile."""
        look = size.width(), size.height(), highlight.rgba(), ratio
        if self._card_look != look:
            self._card_look, self._card_pixmap = look, QPixmap(size * ratio)
            self._card_pixmap.setDevicePixelRatio(ratio)
            self._card_pixmap.fill(Qt.GlobalColor.transparent)
            tint = QColor(highlight)
            tint.setAlphaF(SELECTED_TINT)
            painter = QPainter(self._card_pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(tint)
            painter.setPen(QPen(highlight, 2))
            painter.drawRoundedRect(QRect(QPoint(), size).adjusted(1, 1, -1, -1), 8, 8)
            painter.end()
        return self._card_pixmap

    def _picture(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, place: QRect) -> QRect:
        """Paint the photo or, while there is none, its place; returns where it is."""
        image = index.data(PhotoRole.THUMBNAIL)
        if image is None:
            self._placeholder(painter, option, place)
            return place
        box = _fitted(image.size(), place)
        edge = option.palette.color(QPalette.ColorRole.Text)
        edge.setAlphaF(0.14)  # a white photo on a white background has an edge, too
        painter.drawPixmap(box, self._scaled(image, box.size(), edge, painter.device().devicePixelRatioF()))
        return box

    def _placeholder(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect) -> None:
        tint = option.palette.color(QPalette.ColorRole.Text)
        tint.setAlphaF(0.06)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(box, 4, 4)

    def _scaled(self, image: QImage, size: QSize, edge: QColor, ratio: float) -> QPixmap:
        """The image at the size of the tile, with round corners; making it takes longer than all other painting."""
        wanted = QSize(max(1, round(size.width() * ratio)), max(1, round(size.height() * ratio)))
        key = (image.cacheKey(), wanted.width(), wanted.height(), edge.rgba())
        pixmap = self._pixmaps.get(key)
        if pixmap is not None:
            self._pixmaps.move_to_end(key)
            return pixmap
        smooth = Qt.TransformationMode.SmoothTransformation
        pixmap = _rounded(image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth), edge, ratio)
        self._pixmaps[key] = pixmap
        self._pixmap_bytes += _bytes(pixmap)
        while self._pixmap_bytes > PIXMAP_BYTES:
            self._pixmap_bytes -= _bytes(self._pixmaps.popitem(last=False)[1])
        return pixmap

    def _minus(self, painter: QPainter, box: QRect) -> None:
        """Paint the mark of a photo that is left out of the answer for its section."""
        mark = QRect(box.left() + 4, box.top() + 5, BADGE_PX, BADGE_PX)
        painter.setPen(QPen(QColor("white"), 1.5))
        painter.setBrush(QColor("#5f6368"))
        painter.drawEllipse(mark)
        painter.fillRect(QRect(mark.left() + 5, mark.center().y(), BADGE_PX - 9, 2), QColor("white"))

    def _check(self, painter: QPainter, box: QRect) -> None:
        """Paint the mark of a confirmed photo."""
        mark = QRect(box.right() - BADGE_PX - 4, box.top() + 5, BADGE_PX, BADGE_PX)
        painter.setPen(QPen(QColor("white"), 1.5))
        painter.setBrush(theme.checked_colour())
        painter.drawEllipse(mark)
        tick = QPainterPath()
        tick.moveTo(mark.left() + 5.5, mark.top() + 10.5)
        tick.lineTo(mark.left() + 9, mark.top() + 14)
        tick.lineTo(mark.left() + 15, mark.top() + 6.8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(QColor("white"), 2.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawPath(tick)

    def _line(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, tile: PhotoTile, line: QRect
    ) -> None:
        """Paint the mark and the title of the state, or the file name; colour is never the only sign."""
        state, title = tile.state, tile.title
        style = theme.state_style(state)
        text = option.palette.color(QPalette.ColorRole.Text)
        if state in (PhotoState.WAITING, PhotoState.UNREADABLE):
            painter.setPen(theme.muted(text))
            provisional = title if state is PhotoState.WAITING else ""
            shown = provisional or index.data(Qt.ItemDataRole.DisplayRole)
            _write(painter, line, shown, Qt.TextElideMode.ElideMiddle)
            return
        colour = text
        if state in _IN_COLOUR:
            colour = style.colour
        elif state is PhotoState.NOT_MINE:
            colour = theme.muted(text)
        self._mark(painter, option, tile, QRect(line.left(), line.top(), DOT_PX + 2, line.height()))
        place = line.adjusted(DOT_PX + NAME_GAP_PX, 0, 0, 0)
        font = QFont(option.font)
        if colour == text:
            font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        needed = painter.fontMetrics().horizontalAdvance(title)
        if state is PhotoState.TORN and needed > place.width():
            title = _both_names(painter.fontMetrics(), index, place.width())
        elif state is PhotoState.LIKELY:
            self._word(painter, option, place.adjusted(needed + 8, 0, 0, 0), self.tr(style.word))
        elif state is PhotoState.FROM_FOLDER:
            place.setRight(place.right() - LINE_ICON_PX - 4)
            icon = QRect(place.left() + min(needed, place.width()) + 5, 0, LINE_ICON_PX, LINE_ICON_PX)
            icon.moveTop(line.center().y() - LINE_ICON_PX // 2 + 1)
            style.icon.paint(painter, icon)
        painter.setFont(font)
        painter.setPen(colour)
        _write(painter, place, title)
        painter.setFont(option.font)

    def _word(self, painter: QPainter, option: QStyleOptionViewItem, place: QRect, word: str) -> None:
        """Paint a muted word behind the title where there is room for it; the mark tells the state as well."""
        painter.setFont(option.font)
        if painter.fontMetrics().horizontalAdvance(word) <= place.width():
            painter.setPen(theme.muted(option.palette.color(QPalette.ColorRole.Text)))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, word)

    def _mark(self, painter: QPainter, option: QStyleOptionViewItem, tile: PhotoTile, place: QRect) -> None:
        """Paint the mark before the title: full for a certain class, open for a doubtful one, in halves for two."""
        state = tile.state
        if state in (PhotoState.UNKNOWN, PhotoState.NOT_MINE):
            icon = QRect(place.left() - 2, place.center().y() - LINE_ICON_PX // 2 + 1, LINE_ICON_PX, LINE_ICON_PX)
            theme.state_style(state).icon.paint(painter, icon)
            return
        dot = QRectF(place.left() + 0.5, place.center().y() - DOT_PX / 2 + 1, DOT_PX, DOT_PX)
        ground, text = ground_of(option), option.palette.color(QPalette.ColorRole.Text)
        colour = QColor(tile.colour)
        edge = theme.edge_of(colour, ground, text)
        if state is PhotoState.TORN:
            other = QColor(tile.second_colour)
            _halves(painter, dot, colour, other)
            if (edge, theme.edge_of(other, ground, text)) != (colour, other):
                _ring(painter, dot, theme.mixed(text, ground, theme.MUTED))
        elif state in (PhotoState.UNSURE, PhotoState.LIKELY):
            _ring(painter, dot, edge)
            if state is PhotoState.LIKELY:
                painter.setBrush(colour)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(dot.adjusted(2.5, 2.5, -2.5, -2.5))
            elif edge != colour:
                _ring(painter, dot.adjusted(1.5, 1.5, -1.5, -1.5), colour)
        else:
            painter.setPen(QPen(edge, 1.5))
            painter.setBrush(colour)
            painter.drawEllipse(dot)

    def _unreadable(self, painter: QPainter, option: QStyleOptionViewItem, tile: _Tile, reason: str) -> None:
        """Paint the tile of an unreadable photo, with the reason."""
        self._placeholder(painter, option, tile.picture)
        icon = QRect(0, 0, 24, 24)
        icon.moveCenter(tile.picture.center())
        line = option.fontMetrics.height()
        icon.moveTop(tile.picture.top() + max(6, (tile.picture.height() - 24 - 3 * line) // 2))
        theme.icon("unreadable").paint(painter, icon)
        place = tile.picture.adjusted(8, icon.bottom() - tile.picture.top() + 6, -8, -4)
        painter.setPen(theme.muted(option.palette.color(QPalette.ColorRole.Text)))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.save()
        painter.setClipRect(place)
        words = worded(reason)
        painter.drawText(place, flags, words[:1].upper() + words[1:])
        painter.restore()


def _rounded(image: QImage, edge: QColor, ratio: float) -> QPixmap:
    """The image with round corners and an edge: a clip around it would take as long at each painting."""
    pixmap = QPixmap(image.size())
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(image))
    painter.drawRoundedRect(QRectF(pixmap.rect()), 4 * ratio, 4 * ratio)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(edge, ratio))
    half_px = ratio / 2
    painter.drawRoundedRect(QRectF(pixmap.rect()).adjusted(half_px, half_px, -half_px, -half_px), 4 * ratio, 4 * ratio)
    painter.end()
    return pixmap


def ground_of(option: QStyleOptionViewItem) -> QColor:
    """The colour of a tile around its photo."""
    base, role = option.palette.color(QPalette.ColorRole.Base), QPalette.ColorRole
    if option.state & QStyle.StateFlag.State_Selected:
        return theme.mixed(option.palette.color(role.Highlight), base, SELECTED_TINT)
    if option.state & QStyle.StateFlag.State_MouseOver:
        return theme.mixed(option.palette.color(role.Text), base, HOVER_TINT)
    return base


def _ring(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(box)


def _halves(painter: QPainter, dot: QRectF, left: QColor, right: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for begin, half in ((90, left), (270, right)):
        painter.setBrush(half)
        painter.drawPie(dot.adjusted(-0.75, -0.75, 0.75, 0.75), 16 * begin, 16 * 180)


def _write(painter: QPainter, place: QRect, text: str, elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
    shown = painter.fontMetrics().elidedText(text, elide, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _both_names(metrics: QFontMetrics, index: Index, width: int) -> str:
    """The title of a torn photo with both names cut off, so that neither hides the other.

    Where less than a few letters of each would be left, it has only the first name.
    """
    names = index.data(PhotoRole.CLASS_NAME), index.data(PhotoRole.SECOND_NAME)
    room = width - metrics.horizontalAdvance(either("", ""))
    shorter = min(metrics.horizontalAdvance(name) for name in names)
    each = max(room // 2, room - shorter)
    if each < metrics.averageCharWidth() * _FEWEST_LETTERS:
        return metrics.elidedText(names[0], Qt.TextElideMode.ElideRight, width - metrics.horizontalAdvance("?")) + "?"
    return either(*(metrics.elidedText(name, Qt.TextElideMode.ElideRight, each) for name in names))


def _fitted(size: QSize, place: QRect) -> QRect:
    """Rectangle for a picture of this size: as large as possible, centred."""
    box = QRect(place.topLeft(), size.scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio))
    box.moveCenter(place.center())
    return box


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
