"""A window nobody touches does nothing: no timer runs, no thread wakes up, so the computer can sleep."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop, QObject, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from flowersorter.app import Program
from tests.qt.program import draw_folder, idle, places, running, show_stored

WATCHED_MS = 400
WATCHES = 5


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """The folder is open, labelled to its end, and every thumbnail has come."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        settle(program, qtbot)
        yield program


def settle(program: Program, qtbot: QtBot) -> None:
    """Wait until the last one-shot timer has fired, the last thumbnail has come and the last worker has ended."""
    qtbot.waitUntil(lambda: not (timers() or program.thumbnails.pending or working_pools() or threads()))


def objects() -> list[QObject]:
    """Every object of Qt in this thread that Python or a widget knows of."""
    known = {id(each): each for each in gc.get_objects() if issubclass(type(each), QObject) and isValid(each)}
    for widget in QApplication.allWidgets():
        known.update((id(each), each) for each in (widget, *widget.findChildren(QObject)))
    here = QThread.currentThread()
    return [each for each in known.values() if isValid(each) and each.thread() == here]


def timers() -> list[str]:
    """What the event loop would wake up for: timers of Qt's own widgets too, a blinking cursor say."""
    dispatcher = QAbstractEventDispatcher.instance()
    assert dispatcher is not None
    return [f"{type(each).__name__} {each.objectName()}" for each in objects() if dispatcher.registeredTimers(each)]


def working_pools() -> list[QThreadPool]:
    return [each for each in objects() if isinstance(each, QThreadPool) and each.activeThreadCount()]


def threads() -> list[str]:
    """Python's own threads; those of Qt wait for a wish (see `working_pools`)."""
    known = (each for each in threading.enumerate() if each is not threading.main_thread())
    return [each.name for each in known if not each.name.startswith("Dummy")]


def wakeups() -> int:
    """How often the event loop wakes up before the one timer that ends the watching."""
    dispatcher = QAbstractEventDispatcher.instance()
    assert dispatcher is not None
    seen: list[bool] = []
    loop = QEventLoop()
    QTimer.singleShot(WATCHED_MS, loop.quit)
    QApplication.processEvents()

    def note() -> None:
        seen.append(True)

    dispatcher.awake.connect(note)
    loop.exec()
    dispatcher.awake.disconnect(note)
    return len(seen)


def assert_asleep(program: Program) -> None:
    assert timers() == []
    assert working_pools() == []
    assert not program.queue.busy
    assert threads() == []
    # Once when the loop is entered, once when it is ended. What was still under way may come in between, but whatever
    # wakes the window up again and again does so in every watch.
    assert any(wakeups() <= 2 for _ in range(WATCHES))


def test_with_a_folder_open_and_labelled(program: Program) -> None:
    assert_asleep(program)


def test_with_a_photo_picked_and_one_corrected(program: Program, qtbot: QtBot) -> None:
    program.window.grid.select_places(places(program, "red")[:1])
    show_stored(program)
    idle(program, qtbot)
    program.window.selection.assign(program.window.classes.classes[0].id)
    idle(program, qtbot)
    settle(program, qtbot)
    assert_asleep(program)


def test_after_looking_again_and_after_a_cancelled_job(program: Program, qtbot: QtBot) -> None:
    """The endless bar of a job moves by a timer while it is shown."""
    program.queue.started.connect(program.window.job_bar.cancel.click)
    with qtbot.waitSignal(program.queue.started):
        program.window.folder.rescan()
    idle(program, qtbot)
    settle(program, qtbot)
    assert_asleep(program)


@pytest.mark.parametrize("action", ["preferences", "sort", "history", "about", "help"])
def test_after_a_dialog_was_open(program: Program, qtbot: QtBot, action: str) -> None:
    program.window.grid.select_places(places(program, "red")[:1])
    program.window.actions_by_name[action].trigger()
    qtbot.waitUntil(lambda: any(each.isVisible() for each in program.window.findChildren(QDialog)))
    idle(program, qtbot)
    for dialog in program.window.findChildren(QDialog):
        dialog.reject()
    idle(program, qtbot)
    settle(program, qtbot)
    assert_asleep(program)


def test_after_a_photo_was_shown_large(program: Program, qtbot: QtBot) -> None:
    program.window.grid.select_places(places(program, "red")[:1])
    for action in ("large_view", "compare", "large_view"):
        program.window.actions_by_name[action].trigger()
        idle(program, qtbot)
    settle(program, qtbot)
    qtbot.waitUntil(lambda: not threads())
    assert_asleep(program)


def test_a_timer_is_found_wherever_it_is(program: Program, qtbot: QtBot) -> None:
    """Of what these tests would not see they could not say that it is not there."""
    edit = QLineEdit(program.window)
    edit.show()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    assert any("QWidgetLineControl" in each or "QObject" in each for each in timers()), timers()  # its cursor blinks
    edit.deleteLater()
    ticking = QTimer(program.window)
    ticking.start(WATCHED_MS // 8)
    assert any("QTimer" in each for each in timers())
    assert any(wakeups() > 2 for _ in range(WATCHES))  # a machine that is busy elsewhere may let ticks fall together
    ticking.stop()
