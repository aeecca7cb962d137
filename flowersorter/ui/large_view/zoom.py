"""Geometry of a photo in its view: fitted, magnified around a point, moved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt

#: Magnification of a step of the wheel (15 degrees), and of a key.
STEP = 1.25
#: Fitting enlarges a small photo at most this many times.
_ENLARGED_AT_MOST = 2.0
#: Screen pixels a pixel of the photo can cover, along a side.
_LARGEST_PIXEL = 8.0
_LARGEST_MAGNIFICATION = 4.0  # of a photo with few pixels
#: Magnification of a photo whose fitted size is almost its actual size.
_CLOSER = 2.0


@dataclass(frozen=True, slots=True)
class Zoom:
    """Magnification and position of a photo, independent of its size and the view's, so that two photos can share it.

    Attributes:
        magnification: Times as large as fitted, at least 1.
        x: The point of the photo in the middle of the view, as a fraction of its width.
        y: The same of its height.
    """

    magnification: float = 1.0
    x: float = 0.5
    y: float = 0.5

    @property
    def fitted(self) -> bool:
        """Whether the whole photo is shown."""
        return self.magnification <= 1


FITTED = Zoom()


@dataclass(frozen=True, slots=True)
class Frame:
    """A photo and its view.

    Attributes:
        photo: Size of the file's picture, upright, in its pixels.
        view: Size of the view, in logical pixels.
        ratio: Screen pixels per logical pixel.
    """

    photo: QSize
    view: QSize
    ratio: float = 1.0

    @property
    def fitted(self) -> QSizeF:
        """Size of the whole photo in the view, in logical pixels."""
        size = QSizeF(self.photo).scaled(QSizeF(self.view), Qt.AspectRatioMode.KeepAspectRatio)
        return size.boundedTo(QSizeF(self.photo) * _ENLARGED_AT_MOST)

    @property
    def actual_size(self) -> float:
        """The magnification at which a pixel of the photo is a pixel of the screen."""
        return self.photo.width() / max(1e-9, self.fitted.width() * self.ratio)

    @property
    def largest(self) -> float:
        """The largest magnification."""
        return max(_LARGEST_MAGNIFICATION, self.actual_size * _LARGEST_PIXEL)

    def rect(self, zoom: Zoom) -> QRectF:
        """The rectangle of the photo in the view, in logical pixels; parts of it may lie outside."""
        size = self.fitted * zoom.magnification
        middle = QPointF(self.view.width() / 2, self.view.height() / 2)
        return QRectF(middle - QPointF(zoom.x * size.width(), zoom.y * size.height()), size)

    def magnified(self, zoom: Zoom, factor: float, at: QPointF) -> Zoom:
        """Magnify by a factor, or with less than 1 reduce, so that the photo keeps its place under a point.

        Args:
            zoom: The present zoom.
            factor: Of the magnification.
            at: Point of the view.
        """
        before = self.rect(zoom)
        magnification = min(self.largest, max(1.0, zoom.magnification * factor))
        after = self.fitted * magnification
        middle = QPointF(self.view.width() / 2, self.view.height() / 2)
        x = (at.x() - before.left()) / before.width() + (middle.x() - at.x()) / after.width()
        y = (at.y() - before.top()) / before.height() + (middle.y() - at.y()) / after.height()
        return self.within(Zoom(magnification, x, y))

    def toggled(self, zoom: Zoom, at: QPointF) -> Zoom:
        """Go from the whole photo to its actual size around a point, and from any other size to the whole photo."""
        if not zoom.fitted:
            return FITTED
        closer = self.actual_size if self.actual_size > 1.1 else _CLOSER
        return self.magnified(zoom, closer, at)

    def moved(self, zoom: Zoom, by: QPointF) -> Zoom:
        """Move the photo by logical pixels, as far as its edges allow."""
        size = self.fitted * zoom.magnification
        return self.within(replace(zoom, x=zoom.x - by.x() / size.width(), y=zoom.y - by.y() / size.height()))

    def within(self, zoom: Zoom) -> Zoom:
        """Keep the edges of the photo out of the view, and in the middle along a side that fits."""
        magnification = min(self.largest, max(1.0, zoom.magnification))
        size = self.fitted * magnification
        return Zoom(
            magnification,
            _kept(zoom.x, self.view.width() / max(1e-9, size.width())),
            _kept(zoom.y, self.view.height() / max(1e-9, size.height())),
        )

    def resized(self, zoom: Zoom, photo: QSize) -> tuple[Frame, Zoom]:
        """Use the true size of the photo; a magnified one keeps its width in the view."""
        frame = replace(self, photo=photo)
        width = self.fitted.width() * zoom.magnification
        if not zoom.fitted:
            zoom = replace(zoom, magnification=width / max(1e-9, frame.fitted.width()))
        return frame, frame.within(zoom)


def _kept(middle: float, shown: float) -> float:
    """Limit the fraction in the middle of the view, where the view shows this fraction of the photo."""
    return 0.5 if shown >= 1 else min(1 - shown / 2, max(shown / 2, middle))
