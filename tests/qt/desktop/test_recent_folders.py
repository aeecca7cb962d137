"""Folders that were open before: on a drive that does not answer, they keep nobody waiting."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import LAST_FOLDER, LAST_ROOTS, RECENT_FOLDERS
from flowersorter.workers import paths_there
from flowersorter.workflows.engine import Engine
from tests.qt.program import draw_folder, idle, running, stored
from tests.stub_network import open_colour_network


class SlowDrive:
    """A network drive that is away: the first question about it is answered after `gate` is set.

    Attributes:
        asked_in: Names of the threads that asked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.gate, self.asked_in, self._stat = folder, threading.Event(), set[str](), os.stat

    def stat(self, path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(str(self.folder)):
            self.asked_in.add(threading.current_thread().name)
            self.gate.wait()
        return self._stat(path, *arguments, **options)


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowDrive]:
    made = SlowDrive(tmp_path / "drive")
    monkeypatch.setattr(os, "stat", made.stat)
    monkeypatch.setattr(paths_there, "ANSWERS_WITHIN_S", 0.05)
    yield made
    made.gate.set()


def remember(tmp_path: Path, recent: list[Path], last: list[Path]) -> Path:
    """A collection in which these were open before."""
    with CollectionStore.open(tmp_path / "collection") as collection:
        collection.settings.set(RECENT_FOLDERS, list(map(str, recent)))
        collection.settings.set(LAST_ROOTS, list(map(str, last)))
    return tmp_path / "collection"


def test_a_drive_that_is_away_keeps_the_window_not_waiting(drive: SlowDrive, tmp_path: Path, qtbot: QtBot) -> None:
    folder, away = draw_folder(tmp_path / "photos", 1), drive.folder / "garden"
    collection = remember(tmp_path, [away, folder], [away])
    with running(collection, qtbot) as program:
        window = program.window
        qtbot.waitUntil(lambda: window.pages.currentWidget() is window.empty)
        actions = window.actions_by_name.recent_menu.actions
        qtbot.waitUntil(lambda: [each.text() for each in actions()] == [str(folder)])
        window.open_folder(folder)
        idle(program, qtbot)
        assert program.photos.rowCount() == 4
        assert drive.asked_in == {"path there"}, "the window asks no disk"
        settings = stored(program).settings
        assert settings.get(RECENT_FOLDERS) == [str(folder), str(away)], "it may be back tomorrow"
        assert (settings.get(LAST_FOLDER), settings.get(LAST_ROOTS)) == (str(folder), [str(folder)])
        drive.gate.set()


def test_a_late_answer_opens_nothing_over_what_the_person_opened(
    drive: SlowDrive, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths_there, "ANSWERS_WITHIN_S", 600)
    drive.gate.set()
    folder, away = draw_folder(tmp_path / "photos", 1), draw_folder(drive.folder / "garden", 1)
    collection = remember(tmp_path, [], [away])
    drive.gate.clear()
    drive.asked_in.clear()
    program = Program(Engine(CollectionStore.open(collection), open_colour_network), preload=False)
    try:
        program.start()
        qtbot.waitUntil(lambda: bool(drive.asked_in))
        program.window.open_folder(folder)
        drive.gate.set()
        qtbot.waitUntil(lambda: program.begun)
        idle(program, qtbot)
        assert program.window.folder.roots == (folder,)
        assert program.photos.rowCount() == 4
    finally:
        program.window.close()
        program.window.deleteLater()
