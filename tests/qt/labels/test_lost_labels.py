"""Labels whose photos are gone and files that show another picture: counted after a scan, forgotten, found again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from tests.drawing import BLUE, textured, write_jpeg
from tests.qt.dialogs import when_asked
from tests.qt.program import class_named, draw_folder, idle, places, running, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """A program whose three red photos are labelled."""
    folder = draw_folder(tmp_path / "photos", 3)
    with CollectionStore.open(tmp_path / "collection") as collection:
        collection.classes.add("red")
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        made.window.labels.assign(places(made, "red"), class_named(made, "red"))
        idle(made, qtbot)
        yield made


def rescan(program: Program, qtbot: QtBot) -> None:
    program.window.actions_by_name["rescan"].trigger()
    idle(program, qtbot)


def offered(program: Program) -> list[str]:
    return [link.text() for link in program.window.job_bar.links if not link.isHidden()]


def click(program: Program, words: str) -> None:
    [link] = [link for link in program.window.job_bar.links if link.text() == words]
    link.click()


def pressing(words: str, said: list[str]) -> Callable[[QMessageBox], None]:
    def press(box: QMessageBox) -> None:
        said.append(box.text())
        [button] = [each for each in box.buttons() if each.text().replace("&", "") == words]
        button.click()

    return press


def test_labels_of_deleted_photos_are_counted_forgotten_and_brought_back(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    for number in (0, 1):
        (tmp_path / "photos" / f"IMG_00{number}_red.jpg").unlink()
    rescan(program, qtbot)
    assert "2 labels of photos that are gone" in offered(program)
    said: list[str] = []
    when_asked(QMessageBox, pressing("Close", said))
    click(program, "2 labels of photos that are gone")
    idle(program, qtbot)
    assert said == ["2 labels belong to photos that are gone. They are not used for training."]
    assert len(stored(program).labels.all()) == 3

    when_asked(QMessageBox, pressing("Forget the labels", said))
    click(program, "2 labels of photos that are gone")
    idle(program, qtbot)
    assert program.window.job_bar.message.text() == "2 labels forgotten."
    assert len(stored(program).labels.all()) == 1

    click(program, "Undo")
    idle(program, qtbot)
    assert program.window.job_bar.message.text() == "The labels are there again."
    assert offered(program) == ["2 labels of photos that are gone"]
    assert len(stored(program).labels.all()) == 3


def test_nothing_is_offered_when_the_photos_are_found_again(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(tmp_path / "photos" / "IMG_000_red.jpg", moved)
    rescan(program, qtbot)
    assert "1 label of a photo that is gone" in offered(program)
    program.window.open_folder(moved)
    idle(program, qtbot)
    assert not any("gone" in words for words in offered(program))
    [row] = program.photos.columns.locate(places(program, "red"))
    assert program.photos.columns.label_ids[row] == class_named(program, "red")


def test_a_file_that_shows_another_picture_is_shown_and_asked_about_until_it_is_labelled(
    program: Program, qtbot: QtBot, tmp_path: Path
) -> None:
    write_jpeg(tmp_path / "photos" / "IMG_001_red.jpg", textured((300, 72), BLUE, 991))
    rescan(program, qtbot)
    words = "1 label of a photo that is gone, 1 file with another picture"
    assert words in offered(program)
    said: list[str] = []
    when_asked(QMessageBox, pressing("Show the files", said))
    click(program, words)
    idle(program, qtbot)
    assert said[0].splitlines()[-1] == "1 file shows another picture than before. Label it again."
    assert [program.photos.wanted(row).path.name for row in range(program.photos.rowCount())] == ["IMG_001_red.jpg"]

    program.window.labels.assign(places(program, "IMG_001_red"), class_named(program, "red"))
    idle(program, qtbot)
    rescan(program, qtbot)
    assert "1 label of a photo that is gone" in offered(program)
