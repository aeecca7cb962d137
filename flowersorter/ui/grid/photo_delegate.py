"""Paints a tile of the grid: thumbnail, class name and verdict."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from flowersorter.domain.verdict import Verdict
from flowersorter.messages import worded
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.shared import theme

Index = QModelIndex | QPersistentModelIndex

GAP_PX = 4  # between the cell and its card
PADDING_PX = 7  # between the card and what is on it
DOT_PX = 9
BADGE_PX = 20
SHAPE = 0.78  # height by width of a photo's place: most photos lie
LINE_ICON_PX = 14
PIXMAP_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Tile:
    """Where the parts of one tile go."""

    card: QRect
    picture: QRect
    name: QRect
    verdict: QRect


class PhotoDelegate(QStyledItemDelegate):
    """Draws tiles of one size, set by the grid."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tile_px = 0
        self._pixmaps: OrderedDict[tuple[int, int, int], QPixmap] = OrderedDict()
        self._pixmap_bytes = 0

    @property
    def tile_size(self) -> int:
        """Width of a photo's place, in pixels."""
        return self._tile_px

    def set_cell_width(self, width_px: int) -> None:
        """Draw tiles that fill cells of this width."""
        size_px = width_px - 2 * (GAP_PX + PADDING_PX)
        if size_px != self._tile_px:
            self._tile_px = size_px
            self._pixmaps.clear()
            self._pixmap_bytes = 0

    def cell_size(self, tile_px: int, font: QFont) -> QSize:
        """Cell for photos of this width in this font."""
        edge = 2 * (GAP_PX + PADDING_PX)
        return QSize(tile_px + edge, round(tile_px * SHAPE) + edge + self._text_height(font))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """The cell; the grid gives all of them the same."""
        return self.cell_size(self._tile_px, option.font)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one tile."""
        tile = self._tile(option)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._card(painter, option, tile.card)
        error = index.data(PhotoRole.ERROR)
        if error is not None:
            self._unreadable(painter, option, tile, error)
            box = tile.picture
        else:
            box = self._picture(painter, option, index, tile.picture)
        if error is not None and not index.data(PhotoRole.LABELLED):
            self._unreadable_lines(painter, option, index, tile)
        else:
            if index.data(PhotoRole.BY_PERSON) and index.data(PhotoRole.LABELLED):
                self._check(painter, box)
            self._class_line(painter, option, index, tile.name)
            self._verdict_line(painter, option, index, tile.verdict)
        painter.restore()

    # -- geometry

    def _text_height(self, font: QFont) -> int:
        return 2 * QFontMetrics(font).height() + 10

    def _tile(self, option: QStyleOptionViewItem) -> _Tile:
        card = option.rect.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        inner = card.adjusted(PADDING_PX, PADDING_PX, -PADDING_PX, -PADDING_PX)
        picture = QRect(inner.left(), inner.top(), inner.width(), round(self._tile_px * SHAPE))
        line = option.fontMetrics.height()
        name = QRect(inner.left() + 2, picture.bottom() + 6, inner.width() - 4, line + 1)
        return _Tile(card, picture, name, name.translated(0, line + 3))

    # -- parts

    def _card(self, painter: QPainter, option: QStyleOptionViewItem, card: QRect) -> None:
        highlight = option.palette.color(QPalette.ColorRole.Highlight)
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            tint = QColor(highlight)
            tint.setAlphaF(0.22)
            painter.setBrush(tint)
            painter.setPen(QPen(highlight, 2))
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), 8, 8)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            tint = option.palette.color(QPalette.ColorRole.Text)
            tint.setAlphaF(0.06)
            painter.setBrush(tint)
            painter.drawRoundedRect(card, 8, 8)
        focus = option.state & QStyle.StateFlag.State_HasFocus
        if focus and not option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(highlight, 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), 8, 8)

    def _picture(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, place: QRect) -> QRect:
        """Paint the photo or, while there is none, its place; returns where it is."""
        image = index.data(PhotoRole.THUMBNAIL)
        if image is None:
            self._placeholder(painter, option, place)
            return place
        size = image.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        ratio = painter.device().devicePixelRatioF()
        pixmap = self._scaled(image, size, ratio)
        box = QRect(0, 0, size.width(), size.height())
        box.moveCenter(place.center())
        path = QPainterPath()
        path.addRoundedRect(QRectF(box), 4, 4)
        painter.save()
        painter.setClipPath(path)
        painter.drawPixmap(box, pixmap)
        painter.restore()
        edge = option.palette.color(QPalette.ColorRole.Text)
        edge.setAlphaF(0.14)  # a white photo on a white ground has an edge, too
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        return box

    def _placeholder(self, painter: QPainter, option: QStyleOptionViewItem, box: QRect) -> None:
        tint = option.palette.color(QPalette.ColorRole.Text)
        tint.setAlphaF(0.06)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(box, 4, 4)

    def _scaled(self, image: QImage, size: QSize, ratio: float) -> QPixmap:
        """The image at the size of the tile; scaling well takes longer than all the rest of the painting."""
        wanted = QSize(max(1, round(size.width() * ratio)), max(1, round(size.height() * ratio)))
        key = (image.cacheKey(), wanted.width(), wanted.height())
        pixmap = self._pixmaps.get(key)
        if pixmap is not None:
            self._pixmaps.move_to_end(key)
            return pixmap
        smooth = Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        self._pixmaps[key] = pixmap
        self._pixmap_bytes += _bytes(pixmap)
        while self._pixmap_bytes > PIXMAP_BYTES:
            self._pixmap_bytes -= _bytes(self._pixmaps.popitem(last=False)[1])
        return pixmap

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

    def _class_line(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, line: QRect) -> None:
        """Paint colour and name of the class; an uncertain suggestion gets a question mark."""
        name = index.data(PhotoRole.CLASS_NAME)
        labelled, verdict = index.data(PhotoRole.LABELLED), index.data(PhotoRole.VERDICT)
        text = option.palette.color(QPalette.ColorRole.Text)
        muted = _muted(text)
        if not name or (not labelled and verdict is Verdict.UNKNOWN):
            name = index.data(Qt.ItemDataRole.DisplayRole)
            painter.setPen(muted)
            elided = option.fontMetrics.elidedText(name, Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
            return
        guessing = not labelled and verdict is Verdict.UNSURE
        dot = QRectF(line.left() + 0.5, line.center().y() - DOT_PX / 2 + 1, DOT_PX, DOT_PX)
        colour = QColor(index.data(PhotoRole.CLASS_COLOUR))
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush if guessing else colour)
        painter.drawEllipse(dot)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold if not guessing else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(muted if guessing else text)
        place = line.adjusted(DOT_PX + 7, 0, 0, 0)
        shown = self.tr("{0}?").format(name) if guessing else name
        elided = QFontMetrics(font).elidedText(shown, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
        painter.setFont(option.font)

    def _verdict_line(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, line: QRect) -> None:
        """Paint icon, word and colour of the verdict or of the label's origin."""
        muted = _muted(option.palette.color(QPalette.ColorRole.Text))
        if index.data(PhotoRole.LABELLED):
            mine = index.data(PhotoRole.BY_PERSON)
            word = self.tr("Confirmed") if mine else self.tr("From folder name")
            icon = theme.CONFIRMED.icon if mine else theme.icon("open-folder", muted)
            colour = theme.CONFIRMED.colour if mine else muted
        elif index.data(PhotoRole.NOT_MINE):
            word, icon, colour = self.tr("Not mine"), theme.icon("verdict-none", muted), muted
        else:
            verdict = index.data(PhotoRole.VERDICT)
            if verdict is Verdict.NONE:
                return
            style = theme.verdict_style(verdict)
            word, icon, colour = self.tr(style.word), style.icon, style.colour
        side = LINE_ICON_PX
        icon.paint(painter, QRect(line.left() - 2, line.center().y() - side // 2 + 1, side, side))
        place = line.adjusted(DOT_PX + 7, 0, 0, 0)
        painter.setPen(colour)
        elided = option.fontMetrics.elidedText(word, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)

    def _unreadable(self, painter: QPainter, option: QStyleOptionViewItem, tile: _Tile, reason: str) -> None:
        """A marked tile: it cannot be shown, and why."""
        self._placeholder(painter, option, tile.picture)
        muted = _muted(option.palette.color(QPalette.ColorRole.Text))
        icon = QRect(0, 0, 24, 24)
        icon.moveCenter(tile.picture.center())
        line = option.fontMetrics.height()
        icon.moveTop(tile.picture.top() + max(6, (tile.picture.height() - 24 - 3 * line) // 2))
        theme.icon("unreadable").paint(painter, icon)
        place = tile.picture.adjusted(8, icon.bottom() - tile.picture.top() + 6, -8, -4)
        painter.setPen(muted)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.save()
        painter.setClipRect(place)
        painter.drawText(place, flags, worded(reason))
        painter.restore()

    def _unreadable_lines(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, tile: _Tile) -> None:
        """Paint the name of a file that has no class, and that it is unreadable."""
        painter.setPen(_muted(option.palette.color(QPalette.ColorRole.Text)))
        name = option.fontMetrics.elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideMiddle, tile.name.width()
        )
        painter.drawText(tile.name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.drawText(tile.verdict, Qt.AlignmentFlag.AlignVCenter, self.tr("unreadable"))


def _muted(colour: QColor) -> QColor:
    muted = QColor(colour)
    muted.setAlphaF(0.64)
    return muted


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
