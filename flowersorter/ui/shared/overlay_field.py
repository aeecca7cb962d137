"""A text field of a small box over other widgets, which closes on Enter, on Esc, or when it loses the focus."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

#: Reasons of a focus loss to another window or a menu, from which the focus comes back.
_KEEPS_OPEN = (
    Qt.FocusReason.ActiveWindowFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
)


class OverlayField(QLineEdit):
    """Leaves Enter and Esc to the box it is in. Lives in the GUI thread.

    Signals:
        left(): Another widget of the window got the focus.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave Enter and Esc to the box."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Emit `left`, unless another window or a menu took the focus for a while."""
        super().focusOutEvent(event)
        if event.reason() not in _KEEPS_OPEN:
            self.left.emit()

    def minimumSizeHint(self) -> QSize:
        """Allow any width: the box decides."""
        return QSize(1, super().minimumSizeHint().height())
