"""A very large folder that is known shows some of its photos before all of them are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.tables import first_places as module
from flowersorter.ui.grid.folder_controller import KnownRows
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
        assert first == sorted(first)
        assert len(first) == FIRST
        assert set(first) < set(everything)
