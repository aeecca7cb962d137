"""The label beside the dragged photos: which class they get where they are dropped."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QLabel, QWidget

from flowersorter.ui.grid.drag_pixmap import OFFSET_PX, PHOTO_PX, SIDE_PX

_LONGEST_LETTERS = 28
_GAP_PX = 4


class DropLabel(QLabel):
    """Lies over the window, to the right of the dragged photos. Lives in the GUI thread.

    Qt takes a drag pixmap only before the drag begins (`QDrag.setPixmap`), so the class has a widget of its own.

    Args:
        view: Shows it where photos are dragged over one of its rows.
    """

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self.setObjectName("drop_label")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setContentsMargins(8, 3, 8, 3)
        self.setForegroundRole(QPalette.ColorRole.HighlightedText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_class(self, name: str, count: int, pointer: QPoint) -> None:
        """Show "→ daisy (18)" beside the photos.

        Args:
            name: Of the row that the pointer is over.
            count: Number of dragged photos.
            pointer: In the coordinates of the window.
        """
        window = self._view.window()
        self.setParent(window)  # there is more room than in the view that the photos are dragged over
        room = self.fontMetrics().averageCharWidth() * _LONGEST_LETTERS
        name = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        self.setText(self.tr("→ {0} ({1})").format(name, self.locale().toString(count)))
        self.adjustSize()
        x, y = pointer.x() + SIDE_PX + _GAP_PX, pointer.y() + OFFSET_PX + (PHOTO_PX - self.height()) // 2
        if x + self.width() > window.width():  # no room beside the photos: below or above them
            x, y = window.width() - self.width(), pointer.y() + SIDE_PX + _GAP_PX
            if y + self.height() > window.height():
                y = pointer.y() - _GAP_PX - self.height()
        self.move(max(0, x), max(0, min(y, window.height() - self.height())))
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text on a rounded ground in the colours of the number of photos."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Base), 1.5))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()
        super().paintEvent(event)
