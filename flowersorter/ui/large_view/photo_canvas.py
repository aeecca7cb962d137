"""Paints one photo, fitted or zoomed; wheel, pinch, click and drag change the zoom."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from flowersorter.ui.large_view.zoom import FITTED, STEP, Frame, Zoom

#: Photos have a dark, neutral background, in the light and the dark style alike.
GROUND, INK = QColor("#1b1b1b"), QColor("#f2f2f2")
_WHEEL_STEP = 120  # eighths of a degree
_MARGIN_PX = 24


class PhotoCanvas(QWidget):
    """Shows the sharpest available picture of a photo, always in the same place. Lives in the GUI thread.

    Signals:
        zoom_changed(Zoom): The person zoomed or moved the photo.
        full_wanted(): The zoom exceeds the resolution of the picture; sent once per photo.
    """

    zoom_changed = Signal(object)
    full_wanted = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 90)
        self._screen, self._full = QImage(), QImage()
        self._photo = QSize(1, 1)
        self._text = ""
        self._zoom = FITTED
        self._fitted = QPixmap()
        self._asked_for_full = False
        self._overlay, self._overlay_box, self._outside = QImage(), QRectF(), QColor()
        self._pressed: QPointF | None = None
        self._dragged = False

    # -- the photo

    def show_photo(self, image: QImage | None, size: QSize | None = None) -> None:
        """Show another photo, fitted.

        Args:
            image: Its sharpest picture so far, upright; None for an empty space.
            size: Size of the file's picture, if it is known.
        """
        self._screen, self._full, self._fitted = image if image is not None else QImage(), QImage(), QPixmap()
        self._photo = size or self._screen.size().expandedTo(QSize(1, 1))
        self._text, self._zoom, self._asked_for_full = "", FITTED, False
        self.clear_overlay()
        self._show_cursor()

    def show_sharper(self, image: QImage, *, full: bool = False) -> None:
        """Show a sharper picture of the same photo, in the same place.

        Args:
            image: Upright.
            full: Whether it is the full size, for a magnified photo only.
        """
        self._text = ""
        if max(image.width(), image.height()) > max(self._photo.width(), self._photo.height()):
            self.set_size(image.size())
        if full:
            self._full = image
        else:
            self._screen, self._fitted = image, QPixmap()
        self.update()

    def set_size(self, size: QSize) -> None:
        """Set the size of the file's picture."""
        frame, self._zoom = self.frame.resized(self._zoom, size)
        self._photo = frame.photo
        self.update()

    def show_problem(self, text: str) -> None:
        """Show a sentence in place of the photo."""
        self.show_photo(None)
        self._text = text
        self.update()

    def show_overlay(self, image: QImage, box: tuple[float, float, float, float], outside: QColor) -> None:
        """Show a translucent picture over a part of the photo.

        Args:
            image: With an alpha channel.
            box: Left, top, right and bottom as fractions of the photo's width and height.
            outside: Translucent colour over the rest of the photo.
        """
        left, top, right, bottom = box
        self._overlay, self._overlay_box = image, QRectF(left, top, right - left, bottom - top)
        self._outside = outside
        self.update()

    def clear_overlay(self) -> None:
        """Show the photo alone."""
        self._overlay = QImage()
        self.update()

    @property
    def text(self) -> str:
        """The sentence in place of the photo, "" where it is shown."""
        return self._text

    @property
    def sharpness(self) -> int:
        """Width in pixels of the sharpest picture; 0 for none."""
        return max(self._screen.width(), self._full.width())

    # -- the zoom

    @property
    def frame(self) -> Frame:
        """The photo in this view."""
        return Frame(self._photo, self.size(), self.devicePixelRatioF())

    @property
    def zoom(self) -> Zoom:
        """The present zoom."""
        return self._zoom

    def photo_rect(self) -> QRectF:
        """The rectangle of the painted photo, in logical pixels."""
        return self.frame.rect(self._zoom)

    def overlay_rect(self) -> QRectF:
        """The rectangle of the translucent picture, in logical pixels."""
        photo, box = self.photo_rect(), self._overlay_box
        return QRectF(
            photo.left() + box.left() * photo.width(),
            photo.top() + box.top() * photo.height(),
            box.width() * photo.width(),
            box.height() * photo.height(),
        )

    def set_zoom(self, zoom: Zoom) -> None:
        """Zoom as another canvas does; emits nothing."""
        self._zoom = self.frame.within(zoom)
        self._show_cursor()
        self._ask_for_full()
        self.update()

    def toggle(self, at: QPointF | None = None) -> None:
        """Go from the whole photo to its actual size around a point, and back."""
        self._change(self.frame.toggled(self._zoom, at if at is not None else QPointF(self.rect().center())))

    def magnify(self, factor: float, at: QPointF | None = None) -> None:
        """Magnify around a point, or else the middle."""
        middle = QPointF(self.rect().center())
        self._change(self.frame.magnified(self._zoom, factor, at if at is not None else middle))

    def move_photo(self, by: QPointF) -> None:
        """Move a magnified photo by logical pixels."""
        self._change(self.frame.moved(self._zoom, by))

    def _change(self, zoom: Zoom) -> None:
        if zoom != self._zoom and not self._screen.isNull():
            self.set_zoom(zoom)
            self.zoom_changed.emit(self._zoom)

    def _ask_for_full(self) -> None:
        shown_px = self.photo_rect().width() * self.devicePixelRatioF()
        if not self._zoom.fitted and shown_px > self.sharpness and not self._asked_for_full:
            self._asked_for_full = True
            self.full_wanted.emit()

    def _show_cursor(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if not self._zoom.fitted else Qt.CursorShape.ArrowCursor
        self.setCursor(Qt.CursorShape.ClosedHandCursor if self._dragged else shape)

    # -- mouse and touchpad

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the cursor."""
        steps = event.angleDelta().y() / _WHEEL_STEP
        if steps:
            self.magnify(STEP**steps, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zoom around the fingers on a pinch; toggle the zoom on a tap with two fingers."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() is Qt.NativeGestureType.ZoomNativeGesture:
                self.magnify(max(0.1, 1 + event.value()), event.position())
                return True
            if event.gestureType() is Qt.NativeGestureType.SmartZoomNativeGesture:
                self.toggle(event.position())
                return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False
        else:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Do nothing: the first click was handled."""
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag a magnified photo."""
        if self._pressed is None or self._zoom.fitted:
            return
        by = event.position() - self._pressed
        if not self._dragged and by.manhattanLength() < QApplication.startDragDistance():
            return
        self._dragged, self._pressed = True, event.position()
        self.move_photo(by)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag; a click toggles the actual size."""
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            super().mouseReleaseEvent(event)
            return
        clicked, self._pressed, self._dragged = not self._dragged, None, False
        if clicked:
            self.toggle(event.position())
        self._show_cursor()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the photo within the view."""
        super().resizeEvent(event)
        self._zoom = self.frame.within(self._zoom)

    # -- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the photo, or the reason why it cannot be shown."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), GROUND)
        if self._text:
            painter.setPen(INK)
            room = self.rect().adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._text)
        elif not self._screen.isNull():
            self._paint_photo(painter)
            if not self._overlay.isNull():
                self._paint_overlay(painter)
        painter.end()

    def _paint_photo(self, painter: QPainter) -> None:
        place = self.photo_rect()
        if self._zoom.fitted:
            painter.drawPixmap(place.toRect().topLeft(), self._fit(place))
            return
        image = self._full if not self._full.isNull() else self._screen
        shown = place.intersected(QRectF(self.rect()))
        across, down = image.width() / place.width(), image.height() / place.height()
        corner = QPointF((shown.left() - place.left()) * across, (shown.top() - place.top()) * down)
        painter.drawImage(shown, image, QRectF(corner, QSizeF(shown.width() * across, shown.height() * down)))

    def _fit(self, place: QRectF) -> QPixmap:
        """Scale once per size, not with every paint."""
        ratio = self.devicePixelRatioF()
        wanted = QSize(round(place.width() * ratio), round(place.height() * ratio)).expandedTo(QSize(1, 1))
        if self._fitted.size() != wanted:
            modes = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._fitted = QPixmap.fromImage(self._screen.scaled(wanted, *modes))
            self._fitted.setDevicePixelRatio(ratio)
        return self._fitted

    def _paint_overlay(self, painter: QPainter) -> None:
        place, rest = self.overlay_rect(), QPainterPath()
        rest.addRect(self.photo_rect())
        rest.addRect(place)  # cut out, by the odd-even rule
        painter.fillPath(rest, self._outside)
        painter.drawImage(place, self._overlay)
        painter.setPen(QPen(INK, 1, Qt.PenStyle.DashLine))
        painter.drawRect(place)
