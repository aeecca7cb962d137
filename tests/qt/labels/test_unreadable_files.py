"""A class by hand for a file that cannot be shown: the key works, says so, and the label stays with the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.ui.grid.photo_columns import PseudoClass
from tests.qt.program import draw_folder, idle, places, running, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A program with a broken photo among others, a film, and the class red under the key 1."""
    folder = draw_folder(tmp_path / "photos", 2)
    (folder / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    with CollectionStore.open(tmp_path / "collection") as collection:
        collection.classes.add("red")
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def test_a_key_gives_an_unreadable_file_a_class(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    grid, columns = program.window.grid, program.photos.columns
    [broken], [film] = places(program, "broken"), places(program, "film")
    assert columns.counts()[PseudoClass.UNREADABLE] == 2
    grid.select_places([broken, film])
    grid.setFocus()

    QTest.keyClick(grid, Qt.Key.Key_1)

    said = "“red” for 2 unreadable files: they are sorted, but not used for training."
    assert program.window.job_bar.message.text() == said
    idle(program, qtbot)
    columns = program.photos.columns
    [row] = columns.locate([broken])
    photo_id = int(columns.photo_ids[row])
    assert photo_id > 0
    assert PseudoClass.UNREADABLE not in columns.counts()
    assert stored(program).labels.get([photo_id])
    assert stored(program).pending_labels.all() == {}
    assert program.photos.describe(program.photos.rows_of([broken])[0]) == "red, unreadable"

    grid.select_places([broken])
    idle(program, qtbot)
    assert "It is sorted with its class" in program.window.inspector.verdict.text()
    program.session.undo_stack.undo()
    idle(program, qtbot)
    assert program.photos.columns.counts()[PseudoClass.UNREADABLE] == 2
    assert stored(program).labels.all() == {}
    program.session.undo_stack.redo()
    idle(program, qtbot)
    assert len(stored(program).labels.all()) == 2


def test_the_class_of_a_file_is_there_after_a_restart_under_another_name(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos", 1)
    with CollectionStore.open(tmp_path / "collection") as collection:
        class_id = collection.classes.add("red").id
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        program.window.labels.assign(places(program, "broken"), class_id)
        idle(program, qtbot)
    (folder / "broken.jpg").rename(folder / "again.jpg")
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        [row] = program.photos.columns.locate(places(program, "again"))
        assert program.photos.columns.label_ids[row] == class_id
