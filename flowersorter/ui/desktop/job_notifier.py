"""Notifies a person in another window that a long job has ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from flowersorter.ui.desktop.second_start import bring_forward
from flowersorter.workers.job_queue import JobQueue

#: No notification is sent for shorter jobs.
LONG_JOB_S = 20.0


class JobNotifier(QObject):
    """Watches the jobs of a window. Lives in the GUI thread.

    Args:
        queue: The jobs.
        window: Where they were started.
        clock: A monotonic clock, in seconds; tests pass their own.
        parent: Owns it.
    """

    def __init__(
        self,
        queue: JobQueue,
        window: QWidget,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._clock = window, clock
        self._started: dict[int, tuple[str, float]] = {}  # title and time by job id
        self._succeeded: set[int] = set()
        self._tray: QSystemTrayIcon | None = None
        queue.started.connect(self._on_started)
        queue.succeeded.connect(self._on_succeeded)
        queue.cancelled.connect(self._on_cancelled)
        queue.finished.connect(self._on_finished)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.applicationStateChanged.connect(self._on_state)

    @Slot(int, str)
    def _on_started(self, job_id: int, title: str) -> None:
        if title:  # other jobs were not started by the person
            self._started.setdefault(job_id, (title, self._clock()))  # a preempted job starts again

    @Slot(int, object)
    def _on_succeeded(self, job_id: int, _result: object) -> None:
        self._succeeded.add(job_id)

    @Slot(int)
    def _on_cancelled(self, job_id: int) -> None:
        self._started.pop(job_id, None)  # the person has seen it

    @Slot(int)
    def _on_finished(self, job_id: int) -> None:
        title, since = self._started.pop(job_id, ("", self._clock()))
        template = self.tr("{0}: done") if job_id in self._succeeded else self.tr("{0}: failed")
        self._succeeded.discard(job_id)
        if self._clock() - since >= LONG_JOB_S and not self._window.isActiveWindow():
            self._tell(template.format(title))

    @Slot(str)
    def tell_unless_active(self, text: str) -> None:
        """Notify a person who works in another program."""
        if not self._window.isActiveWindow():
            self._tell(text)

    def _tell(self, text: str) -> None:
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable():
            if self._tray is None:
                self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
                self._tray.setToolTip(self.tr("FlowerSorter"))
                self._tray.messageClicked.connect(self._show_window)
                self._tray.activated.connect(self._show_window)
            self._tray.show()
            self._tray.showMessage(self.tr("FlowerSorter"), text, self._window.windowIcon())

    @Slot()
    def _show_window(self) -> None:
        bring_forward(self._window)

    @Slot(Qt.ApplicationState)
    def _on_state(self, state: Qt.ApplicationState) -> None:
        """Remove the icon once its message was seen."""
        if state == Qt.ApplicationState.ApplicationActive and self._tray is not None:
            self._tray.hide()
