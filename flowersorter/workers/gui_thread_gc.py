"""Runs Python's garbage collector in the GUI thread only, and never in full while a job runs."""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QObject, QTimer, Slot

#: The oldest generation is collected after this time without a job.
REST_MS = 3_000


class GuiThreadGc(QObject):
    """Collects the young generations when the event loop is about to sleep, the oldest when no job has run for a while.

    Python itself collects in any thread that allocates memory. A worker that thereby destroys an object of Qt holds
    Qt's lock of connections and waits for the interpreter; the GUI thread, which holds the interpreter while it
    connects a signal, waits for that lock: a deadlock (seen with PySide6 6.11).

    Collecting the oldest generation walks every object of the program: 0.2 s with torch and 100,000 photos. The
    survivors are frozen, so that the next collection walks only newer objects.

    Args:
        parent: Owns this object.
        rest_ms: Time without a job before the oldest generation is collected.
    """

    def __init__(self, parent: QObject | None = None, *, rest_ms: int = REST_MS) -> None:
        super().__init__(parent)
        self._busy = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(rest_ms)
        self._rest.timeout.connect(self._collect_oldest)

    def begin(self) -> None:
        """Take over from Python, and collect in the calling thread."""
        gc.disable()
        self.freeze()
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._collect_young)

    def stop(self) -> None:
        """Let Python collect again."""
        self._rest.stop()
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None:
            dispatcher.aboutToBlock.disconnect(self._collect_young)
        gc.unfreeze()
        gc.enable()

    @Slot()
    def freeze(self) -> None:
        """Exclude the present objects from collection, as after imports; takes no time."""
        gc.freeze()

    @Slot(bool)
    def on_busy(self, busy: bool) -> None:
        """Leave the oldest generation alone while a job runs."""
        self._busy = busy
        if busy:
            self._rest.stop()

    @Slot()
    def _collect_young(self) -> None:
        young, middle, old = (
            count > threshold for count, threshold in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        if young:
            gc.collect(1 if middle else 0)
        if old and not self._busy and not self._rest.isActive():
            self._rest.start()

    @Slot()
    def _collect_oldest(self) -> None:
        gc.collect()
        gc.freeze()
