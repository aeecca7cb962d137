"""Python's garbage is collected in the window's thread, and nowhere else."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QObject
from pytestqt.qtbot import QtBot

from flowersorter.workers.gui_thread_gc import GuiThreadGc
from tests.qt.program import draw_folder, idle, running


class Ring:
    """Garbage that only a collection destroys; it notes in which thread."""

    def __init__(self, destroyed_in: list[threading.Thread]) -> None:
        self.itself = self
        self.qt = QObject()
        self._destroyed_in = destroyed_in

    def __del__(self) -> None:
        self._destroyed_in.append(threading.current_thread())


@pytest.fixture
def collector(qapp: object) -> Iterator[GuiThreadGc]:
    del qapp
    made = GuiThreadGc(rest_ms=0)
    made.begin()
    yield made
    made.stop()


def leave_rings(destroyed_in: list[threading.Thread], times: int = 20) -> None:
    """Leave so much garbage that Python itself would have collected it so many times."""
    for _ in range(times * gc.get_threshold()[0]):
        Ring(destroyed_in)


def test_what_a_thread_leaves_behind_is_collected_here(collector: GuiThreadGc, qtbot: QtBot) -> None:
    destroyed_in: list[threading.Thread] = []
    worker = threading.Thread(target=leave_rings, args=(destroyed_in,))
    worker.start()
    worker.join()
    assert not destroyed_in
    qtbot.waitUntil(lambda: bool(destroyed_in))
    assert set(destroyed_in) == {threading.current_thread()}


def test_what_lived_for_long_is_collected_too(collector: GuiThreadGc, qtbot: QtBot) -> None:
    destroyed_in: list[threading.Thread] = []
    kept = [Ring(destroyed_in)]
    gc.collect()  # it is among the old ones now
    kept.clear()

    def used() -> bool:
        leave_rings([], times=1)
        return bool(destroyed_in)

    qtbot.waitUntil(used)


def test_the_oldest_generation_is_never_collected_while_a_job_runs(collector: GuiThreadGc, qtbot: QtBot) -> None:
    generations: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            generations.append(info["generation"])

    gc.callbacks.append(note)
    try:
        collector.on_busy(True)
        old = gc.get_threshold()[2]
        while generations.count(1) <= old + 1:  # Python would have collected everything by now
            leave_rings([], times=1)
            QCoreApplication.processEvents()
            QAbstractEventDispatcher.instance().aboutToBlock.emit()
        assert 2 not in generations
        collector.on_busy(False)
        QAbstractEventDispatcher.instance().aboutToBlock.emit()
        qtbot.waitUntil(lambda: 2 in generations)
    finally:
        gc.callbacks.remove(note)


def test_what_survived_is_not_walked_again_until_the_window_is_gone(qapp: object) -> None:
    del qapp
    before = gc.get_freeze_count()
    collector = GuiThreadGc()
    collector.begin()
    try:
        assert gc.get_freeze_count() > before
    finally:
        collector.stop()
    assert gc.get_freeze_count() == 0


def test_python_collects_again_when_the_window_is_gone(tmp_path: Path, qtbot: QtBot) -> None:
    assert gc.isenabled()
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        assert not gc.isenabled()
    assert gc.isenabled()
