"""A very large folder that is known shows some of its photos before all of them are there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_rows import PhotoRows
from flowersorter.library.tables import first_places as module
from flowersorter.photos.scan import Roots
from flowersorter.ui.grid.folder_controller import KnownRows
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting import photo_details
from tests.drawing import RED, textured, write_jpeg
from tests.qt.program import draw_folder, idle, running

FIRST, MANY = 4, 10


@pytest.fixture
def known(tmp_path: Path, qtbot: QtBot) -> Path:
    """A folder of 19 files that a program has read."""
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
    return folder


def heard(program: Program) -> list[int]:
    """How many known rows each report has."""
    counts: list[int] = []

    def note(_job_id: int, news: object) -> None:
        if isinstance(news, KnownRows):
            counts.append(len(news.rows))

    program.queue.reported.connect(note)
    return counts


@pytest.mark.parametrize(("many", "expected"), [(MANY, [FIRST, 19]), (19, [19])])
def test_some_rows_come_first_in_a_large_folder(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, known: Path, many: int, expected: list[int]
) -> None:
    monkeypatch.setattr(module, "_FIRST", FIRST)
    monkeypatch.setattr(module, "_MANY", many)
    with running(tmp_path / "collection", qtbot) as program:
        counts = heard(program)
        program.window.open_folder(known)
        idle(program, qtbot)
        assert counts == expected
        assert len(program.photos.columns) == 19
        program.window.folder.rescan()
        idle(program, qtbot)
        assert counts == [*expected, 19], "photos that are shown do not go while the folder is scanned again"


def test_the_first_rows_stay_in_view(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, known: Path
) -> None:
    monkeypatch.setattr(module, "_FIRST", FIRST)
    monkeypatch.setattr(module, "_MANY", MANY)
    with running(tmp_path / "collection", qtbot) as program:
        shown: list[list[str]] = []
        program.photos.modelReset.connect(lambda: shown.append([path.name for path in program.photos.columns.paths]))
        program.window.open_folder(known)
        idle(program, qtbot)
        QApplication.processEvents()
        first, everything = next(names for names in shown if names), shown[-1]
        assert len(first) == FIRST
        assert first == everything[:FIRST]


@pytest.fixture
def mixed(tmp_path: Path, qtbot: QtBot) -> Path:
    """A folder whose first photos by their bytes are its last ones in natural order."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for name in (*(f"alps{number}.jpg" for number in range(12)), *(f"Zoo{number}.jpg" for number in range(6))):
        write_jpeg(folder / name, textured((96, 72), RED, len(name) + int(name[-5])))
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
    return folder


@pytest.fixture
def rest(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """All rows come once this is set."""
    monkeypatch.setattr(module, "_FIRST", FIRST)
    monkeypatch.setattr(module, "_MANY", MANY)
    real, wanted = photo_details.folder_rows, threading.Event()

    def later(engine: Engine, roots: Roots) -> PhotoRows:
        assert wanted.wait(20)
        return real(engine, roots)

    monkeypatch.setattr(photo_details, "folder_rows", later)
    return wanted


def test_photos_that_are_shown_first_stay_under_the_mouse(
    tmp_path: Path, qtbot: QtBot, mixed: Path, rest: threading.Event
) -> None:
    rest.set()
    with running(tmp_path / "collection", qtbot) as program:
        rest.clear()
        program.window.open_folder(mixed)
        qtbot.waitUntil(lambda: len(program.photos.columns) == FIRST)
        QApplication.processEvents()
        grid = program.window.grid
        centres = [grid.visualRect(grid.photos.index(row, 0)).center() for row in range(FIRST)]
        grid.select_places([int(program.photos.columns.place_ids[0])])
        seen: list[list[list[int]]] = []

        def look() -> None:
            seen.append([grid.photos.place_ids([grid.indexAt(centre)]) for centre in centres])

        look()
        program.photos.modelReset.connect(look)
        rest.set()
        qtbot.waitUntil(lambda: len(seen) > 1)
        program.photos.modelReset.disconnect(look)
        assert seen[1] == seen[0], "look-alikes are grouped later"
        assert len(program.photos.columns) == 18
        [row] = grid.selected_rows().tolist()
        assert grid.viewport().rect().contains(grid.visualRect(grid.photos.index(row, 0)).center())
        idle(program, qtbot)


def test_a_sort_dialog_counts_the_photos_that_came_after_the_first(
    tmp_path: Path, qtbot: QtBot, mixed: Path, rest: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest.set()
    with running(tmp_path / "collection", qtbot) as program:
        rest.clear()
        program.window.open_folder(mixed)
        qtbot.waitUntil(lambda: len(program.photos.columns) == FIRST)
        program.window.on_demand.sorting.start()
        dialog = program.window.on_demand.sorting._dialog
        assert dialog is not None
        counted: list[int] = []
        monkeypatch.setattr(dialog.include, "show_counts", lambda _counts: counted.append(len(program.photos.columns)))
        with qtbot.waitSignal(program.photos.counts_changed):
            rest.set()
        assert counted == [18]
        dialog.reject()
        idle(program, qtbot)
