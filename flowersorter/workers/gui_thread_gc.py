"""Collects Python's garbage in the window's thread alone."""

from __future__ import annotations

import gc

from PySide6.QtCore import QAbstractEventDispatcher, QObject, Slot


class GuiThreadGc(QObject):
    """Collects when the event loop has nothing else to do, about as often as Python would, which leaves it to this.

    Python itself collects in whatever thread asks for memory. A worker that so destroys an object of Qt holds Qt's lock
    of connections and waits for the interpreter; the window's thread, which has the interpreter while it connects a
    signal, waits for that lock: the window stands still for ever (seen with PySide6 6.11).

    Nothing is woken up for it: the loop tells when it is about to sleep.
    """

    def begin(self) -> None:
        """Take over from Python; the thread that calls it is the one that collects."""
        gc.disable()
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._collect)

    def stop(self) -> None:
        """Leave it to Python again."""
        dispatcher = QAbstractEventDispatcher.instance()
        if dispatcher is not None:
            dispatcher.aboutToBlock.disconnect(self._collect)
        gc.enable()

    @Slot()
    def _collect(self) -> None:
        due = [count > threshold for count, threshold in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if due[0]:
            gc.collect(2 if due[1] and due[2] else 1 if due[1] else 0)
