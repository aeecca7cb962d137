"""The field for the words to search for."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from flowersorter.ui.shared.widgets import FramedField

_FIELD_FRAME_PX = 20


class SearchField(FramedField):
    """Takes words to search for.

    Signals:
        entered(): The field got the focus.
        left(): The field lost the focus.
        finished(): The person pressed Escape or Enter, or went down to the photos.
    """

    entered = Signal()
    left = Signal()
    finished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("search")
        self.setAccessibleName(self.tr("Search photos"))
        self.setPlaceholderText(self.tr("Search photos"))
        self.setToolTip(self.tr("Show photos with these words in their name, class, folder or date (Ctrl+F)"))
        self.setClearButtonEnabled(True)
        needed = self.fontMetrics().horizontalAdvance(self.placeholderText()) + _FIELD_FRAME_PX
        self.setMinimumWidth(max(96, needed))
        self.setMaximumWidth(max(180, needed))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape clears; Enter and the down arrow go to the photos."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
        elif event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
            super().keyPressEvent(event)
            return
        self.finished.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Emit `entered`: the person is about to type."""
        super().focusInEvent(event)
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Emit `left`: the field may be hidden."""
        super().focusOutEvent(event)
        self.left.emit()
