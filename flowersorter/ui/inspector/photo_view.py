"""One photo, as large as its space allows."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowersorter.ui.shared.widgets import paint_photo

SHAPE = 0.8  # height by width of the place
USUAL_PX, TALLEST_PX = 280, 420
_ICON_PX = 40


class PhotoView(QWidget):
    """Paints a photo, or an icon while there is none.

    Signals:
        clicked(): The person clicked it.
    """

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector_photo")
        self.setAccessibleName(self.tr("Photo preview"))
        self._image: QImage | None = None
        self._icon = QIcon()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_room(USUAL_PX)

    def set_room(self, width_px: int) -> None:
        """Set the height that suits this width.

        Not by height-for-width, which would show and hide the scroll bar of a scroll area without end.
        """
        self.setFixedHeight(min(TALLEST_PX, round(width_px * SHAPE)))

    def clear(self, icon: QIcon) -> None:
        """Show an icon."""
        self._image, self._icon = None, icon
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.update()

    def show_image(self, image: QImage | None) -> None:
        """Show a photo; None shows an empty space."""
        self._image, self._icon = image, QIcon()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("Click for a larger view (Space)"))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit `clicked`."""
        if event.button() == Qt.MouseButton.LeftButton and self._image is not None:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the photo centred on a faint background."""
        painter = QPainter(self)
        hints = QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHints(hints)
        ground = self.palette().color(QPalette.ColorRole.Text)
        ground.setAlphaF(0.05)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        if self._image is not None and not self._image.isNull():
            paint_photo(self, painter, self._image)
        elif not self._icon.isNull():
            place = QRect(0, 0, _ICON_PX, _ICON_PX)
            place.moveCenter(self.rect().center())
            self._icon.paint(painter, place)
        painter.end()
