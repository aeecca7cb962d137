"""The photos of the grid around the current one, in a row."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from flowersorter.ui.grid.photo_model import PhotoModel, PhotoRole
from flowersorter.ui.shared import theme

TILE_PX, _GAP_PX, _MARK_PX, _BAR_PX = 60, 4, 2, 3


class Filmstrip(QWidget):
    """Paints the thumbnails around one row of a `PhotoModel`, and requests no others. Lives in the GUI thread.

    Signals:
        chosen(row): The person clicked this photo.
    """

    chosen = Signal(int)

    def __init__(self, photos: PhotoModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filmstrip")
        self.setAccessibleName(self.tr("Filmstrip"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._photos, self._current = photos, 0
        self._scaled: dict[int, QPixmap] = {}  # by cache key of the thumbnail, those that are in view

    def sizeHint(self) -> QSize:
        """One row of tiles."""
        return QSize(6 * TILE_PX, TILE_PX + 2 * _GAP_PX)

    @property
    def rows(self) -> range:
        """The rows in view; the current one is in the middle, except near an end."""
        fitting = max(1, (self.width() - _GAP_PX) // (TILE_PX + _GAP_PX))
        count = self._photos.rowCount()
        first = max(0, min(self._current - fitting // 2, count - fitting))
        return range(first, min(count, first + fitting))

    def show_row(self, row: int) -> None:
        """Mark this photo."""
        self._current = row
        self.setAccessibleDescription(str(self._index(row).data(Qt.ItemDataRole.AccessibleTextRole) or ""))
        self.update()

    def tile(self, row: int) -> QRect:
        """Return the rectangle of the tile of a row in view."""
        rows = self.rows
        left = (self.width() - len(rows) * (TILE_PX + _GAP_PX) + _GAP_PX) // 2
        return QRect(left + (row - rows.start) * (TILE_PX + _GAP_PX), _GAP_PX, TILE_PX, TILE_PX)

    def _index(self, row: int) -> QModelIndex:
        return self._photos.index(row)

    def _row_at(self, event: QMouseEvent | QHelpEvent) -> int | None:
        at = event.position().toPoint() if isinstance(event, QMouseEvent) else event.pos()
        return next((row for row in self.rows if self.tile(row).contains(at)), None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Go to the clicked photo."""
        row = self._row_at(event)
        if event.button() == Qt.MouseButton.LeftButton and row is not None:
            self.chosen.emit(row)

    def event(self, event: QEvent) -> bool:
        """Name the photo under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self._row_at(event)
            text = "" if row is None else self._index(row).data(Qt.ItemDataRole.AccessibleTextRole)
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the tiles in view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        before, self._scaled = self._scaled, {}
        for row in self.rows:
            self._paint_tile(painter, row, before)
        painter.end()

    def _paint_tile(self, painter: QPainter, row: int, before: dict[int, QPixmap]) -> None:
        index, box = self._index(row), self.tile(row)
        image = index.data(PhotoRole.THUMBNAIL)
        if isinstance(image, QImage) and not image.isNull():
            picture = self._scaled[image.cacheKey()] = before.get(image.cacheKey()) or self._square(image)
            painter.drawPixmap(box.topLeft(), picture)
        else:
            ground = self.palette().color(QPalette.ColorRole.Text)
            ground.setAlphaF(0.08)
            painter.fillRect(box, ground)
            if index.data(PhotoRole.ERROR) is not None:
                theme.UNREADABLE.icon.paint(painter, box.adjusted(18, 18, -18, -18))
        colour = index.data(PhotoRole.CLASS_COLOUR)
        if colour:
            bar = QRect(box.left(), box.bottom() + 1 - _BAR_PX, box.width(), _BAR_PX)
            edge = theme.swatch_edge(QColor(colour), self.palette())
            painter.fillRect(bar.adjusted(0, -1, 0, 0), edge)
            painter.fillRect(bar.adjusted(1, 0, -1, -1), QColor(colour))
        if row == self._current:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2 * _MARK_PX))
            painter.drawRect(QRectF(box).adjusted(_MARK_PX / 2, _MARK_PX / 2, -_MARK_PX / 2, -_MARK_PX / 2))

    def _square(self, image: QImage) -> QPixmap:
        """Scale the middle of a thumbnail to a tile."""
        ratio = self.devicePixelRatioF()
        side = min(image.width(), image.height())
        middle = image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side)
        wanted = round(TILE_PX * ratio)
        modes = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        picture = QPixmap.fromImage(middle.scaled(wanted, wanted, *modes))
        picture.setDevicePixelRatio(ratio)
        return picture
