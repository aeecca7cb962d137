"""A long job that ends behind another window says so; a short one, a cancelled one, or one in front does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.desktop.job_notifier import LONG_JOB_S, JobNotifier
from flowersorter.workers.job_queue import JobQueue


@pytest.fixture
def queue(qtbot: QtBot) -> Iterator[JobQueue]:
    made = JobQueue()
    yield made
    made.shutdown()


def test_a_long_job_behind_another_window_is_told(
    queue: JobQueue, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerted, told, now = list[QWidget](), list[str](), [0.0]
    monkeypatch.setattr(QApplication, "alert", alerted.append)
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    shown = list[bool]()
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda _icon: shown.append(True))
    monkeypatch.setattr(QSystemTrayIcon, "hide", lambda _icon: shown.append(False))
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _icon, _title, text, _picture: told.append(text))
    window = QWidget()
    qtbot.addWidget(window)
    active = [False]
    monkeypatch.setattr(window, "isActiveWindow", lambda: active[0])
    notifier = JobNotifier(queue, window, lambda: now[0])

    succeeded = queue.succeeded

    def run(title: str, seconds: float, end: SignalInstance | None = None) -> None:
        queue.started.emit(1, title)
        now[0] += seconds
        if end is not None:
            end.emit(1, *[None] * (end is succeeded))
        queue.finished.emit(1)

    run("Short", LONG_JOB_S - 1, succeeded)
    run("Stopped", LONG_JOB_S, queue.cancelled)
    active[0] = True
    run("In front", LONG_JOB_S, succeeded)
    active[0] = False
    run("", LONG_JOB_S, succeeded)  # it learns by itself
    assert (alerted, told) == ([], [])
    run("Sorting", LONG_JOB_S, succeeded)
    run("Training", LONG_JOB_S)
    assert alerted == [window, window]
    assert told == ["Sorting: done", "Training: failed"]
    tray = notifier.findChild(QSystemTrayIcon)
    assert tray is not None
    notifier._on_state(Qt.ApplicationState.ApplicationActive)
    assert shown == [True, True, False]
    tray.messageClicked.emit()
    assert window.isVisible()
