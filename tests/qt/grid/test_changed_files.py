"""A file that changes, or is away for a moment, behind the window: each picture of it is made anew after a rescan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage, QPixmap
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.grid.photo_model import PhotoRole
from tests.drawing import BLUE, RED, textured, write_jpeg
from tests.qt.program import idle, places, running


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A red photo among others."""
    (tmp_path / "photos").mkdir()
    for number in range(3):
        write_jpeg(tmp_path / "photos" / f"{number}.jpg", textured((96, 72), RED, number))
    return tmp_path / "photos" / "1.jpg"


@pytest.fixture
def program(tmp_path: Path, photo: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, photo.parent) as made:
        idle(made, qtbot)
        made.window.grid.select_places(places(made, photo.name))
        idle(made, qtbot)
        yield made


def hue(picture: QImage | QPixmap | None) -> str:
    """Which of the two colours a picture, or a widget that shows it, has in the middle."""
    assert picture is not None
    image = picture.toImage() if isinstance(picture, QPixmap) else picture
    colour = QColor(image.pixel(image.width() // 2, image.height() // 2))
    return "red" if colour.red() > colour.blue() else "blue"


def tile(program: Program, photo: Path) -> QImage | None:
    row = program.photos.rows_of(places(program, photo.name))[0]
    image = program.photos.index(row).data(PhotoRole.THUMBNAIL)
    assert image is None or isinstance(image, QImage)
    return image


def rescan(program: Program, qtbot: QtBot) -> None:
    program.window.folder.rescan()
    idle(program, qtbot)


def test_every_picture_of_a_changed_file_is_made_anew(program: Program, photo: Path, qtbot: QtBot) -> None:
    window = program.window
    window.large.show()
    idle(program, qtbot)
    shown = (lambda: tile(program, photo), window.inspector.photo.grab, window.large.view.canvas.grab)
    assert [hue(each()) for each in shown] == ["red"] * 3
    write_jpeg(photo, textured((100, 80), BLUE, 9))
    rescan(program, qtbot)
    qtbot.waitUntil(lambda: tile(program, photo) is not None)
    assert [hue(each()) for each in shown] == ["blue"] * 3
    window.large.close()


def test_a_photo_that_was_away_is_shown_again_after_a_rescan(program: Program, photo: Path, qtbot: QtBot) -> None:
    place_id, inspector = places(program, photo.name)[0], program.window.inspector
    away = photo.with_suffix(".away")
    for folder in list(program.collection.thumbnails.files()):
        for file in folder:
            program.collection.thumbnails.remove(file)
    photo.rename(away)
    program.thumbnails.forget([place_id])
    tile(program, photo)
    qtbot.waitUntil(lambda: bool(program.photos.columns.errors[int(program.photos.columns.locate([place_id])[0])]))
    program.window.grid.selection_settled.emit()
    assert inspector.headline.text() == "Unreadable"
    away.rename(photo)
    rescan(program, qtbot)
    qtbot.waitUntil(lambda: tile(program, photo) is not None)
    assert hue(tile(program, photo)) == "red"
    assert hue(inspector.photo.grab()) == "red"


def test_a_photo_that_was_renamed_stays_selected_after_a_rescan(program: Program, photo: Path, qtbot: QtBot) -> None:
    grid, other = program.window.grid, photo.with_name("0.jpg")
    grid.select_places([*places(program, other.name), *places(program, photo.name)])
    photo.rename(photo.with_name("renamed.jpg"))
    rescan(program, qtbot)
    assert set(grid.selected_places()) == {*places(program, other.name), *places(program, "renamed.jpg")}
    assert len(grid.selected_places()) == 2


def test_a_photo_that_was_moved_into_a_folder_stays_selected(program: Program, photo: Path, qtbot: QtBot) -> None:
    photo.with_name("roses").mkdir()
    photo.rename(photo.with_name("roses") / photo.name)
    rescan(program, qtbot)
    assert program.window.grid.selected_places() == places(program, photo.name)
    assert len(program.window.grid.selected_places()) == 1


def test_a_deleted_photo_selects_no_copy_of_it_that_was_there(program: Program, photo: Path, qtbot: QtBot) -> None:
    photo.with_name("copy.jpg").write_bytes(photo.read_bytes())
    rescan(program, qtbot)
    program.window.grid.select_places(places(program, photo.name))
    photo.unlink()
    rescan(program, qtbot)
    assert program.window.grid.selected_places() == []


def test_a_renamed_photo_leaves_another_selection_alone(
    program: Program, photo: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = program.window.grid
    other = places(program, "0.jpg")
    photo.rename(photo.with_name("renamed.jpg"))
    # As soon as the old name has gone, the person selects another photo, before the new one is read.
    program.photos.modelReset.connect(lambda: grid.select_places(other))
    rescan(program, qtbot)
    assert grid.selected_places() == other
