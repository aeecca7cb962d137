"""Reports the first paint of a window: until then, everything else waits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

#: A window that starts minimised is not painted; waiting work starts after this time.
LATEST_MS = 1000


class FirstPaint(QObject):
    """Watches one window until it was painted, then never again. Lives in the GUI thread.

    Signals:
        painted(): The window was painted, or is not painted in time. Sent once.
    """

    painted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window: QWidget | None = window
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tell)
        self._timer.start(LATEST_MS)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Start the timer at the paint event; it fires when that event is done. Filters nothing out."""
        if event.type() == QEvent.Type.Paint and self._window is not None:
            self._timer.start(0)
        return super().eventFilter(watched, event)

    def stop(self) -> None:
        """Stop: emit nothing any more."""
        self._timer.stop()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None

    @Slot()
    def _tell(self) -> None:
        self.stop()
        self.painted.emit()
