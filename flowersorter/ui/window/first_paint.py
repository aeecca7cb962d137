"""Says when a window was painted for the first time: until then, everything else waits."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

#: A window that starts minimised is not painted; what waits for it starts anyway.
LATEST_MS = 1000


class FirstPaint(QObject):
    """Watches one window until it was painted, then never again. Lives in the GUI thread.

    Signals:
        painted(): The first picture is done, or will not come for a while. Sent once.
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
        """Let everything pass; the timer fires once the event loop has got round, with the paint event done."""
        if event.type() == QEvent.Type.Paint and self._window is not None:
            self._timer.start(0)
        return super().eventFilter(watched, event)

    def stop(self) -> None:
        """Say nothing any more."""
        self._timer.stop()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None

    @Slot()
    def _tell(self) -> None:
        self.stop()
        self.painted.emit()
