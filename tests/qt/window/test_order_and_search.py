"""Ordering by the date taken and searching by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.sections import Grouping
from tests.drawing import RED, textured
from tests.qt.program import idle, places, running

_DATE = 0x0132
DATES = {"a.jpg": "2024:05:03 10:00:00", "b.jpg": "2024:05:01 10:00:00", "Ca\u0301psula.jpg": "2024:05:02 10:00:00"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three dated photos, their dates in another order than their names, and one without a date."""
    found = tmp_path / "photos"
    found.mkdir()
    for seed, (name, date) in enumerate({**DATES, "0 undated.jpg": ""}.items()):
        exif = Image.Exif()
        if date:
            exif[_DATE] = date
        textured((96, 72), RED, seed).save(found / name, exif=exif)
    return found


@pytest.fixture
def program(tmp_path: Path, folder: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def shown(program: Program) -> list[str]:
    photos = program.photos
    return [photos.index(row).data() for row in range(photos.rowCount())]


def test_photos_are_ordered_by_date_and_divided_by_day_which_is_remembered(
    tmp_path: Path, folder: Path, qtbot: QtBot, program: Program
) -> None:
    header = program.window.header
    header.grouping.setCurrentIndex(header.grouping.findData(Grouping.DAY))
    header.grouping.activated.emit(header.grouping.currentIndex())
    idle(program, qtbot)
    days = [section.key[0] for section in program.photos.sections]
    assert days == ["2024-05-01", "2024-05-02", "2024-05-03", ""]
    header.order.setCurrentIndex(header.order.findData(Order.DATE))
    header.order.activated.emit(header.order.currentIndex())
    idle(program, qtbot)

    by_date = ["b.jpg", "Ca\u0301psula.jpg", "a.jpg", "0 undated.jpg"]
    assert shown(program) == by_date
    new = folder / "new.jpg"
    exif = Image.Exif()
    exif[_DATE] = "2020:01:01 00:00:00"
    textured((96, 72), RED, 9).save(new, exif=exif)
    program.window.actions_by_name["rescan"].trigger()
    idle(program, qtbot)
    assert shown(program) == ["new.jpg", *by_date]

    program.window.close()
    idle(program, qtbot)
    with running(tmp_path / "collection", qtbot) as again:
        idle(again, qtbot)
        assert again.photos.filter.order is Order.DATE
        assert again.photos.filter.grouping is Grouping.DAY
        assert again.window.header.grouping.currentText() == "By day"
        assert shown(again) == ["new.jpg", *by_date]


def test_a_name_is_searched_whatever_its_case_and_form(program: Program, qtbot: QtBot) -> None:
    window = program.window
    window.actions_by_name["find"].trigger()
    assert window.header.search.isVisible()
    QTest.keyClicks(window.header.search, "C\u00c1P")
    assert shown(program) == ["Ca\u0301psula.jpg"]
    assert window.header.count.accessibleName() == "1 photo"

    window.header.search.setText("photos")  # the name of the folder that has all of them finds none of them
    assert shown(program) == []
    assert window.grid._notice == "No photo here has “photos” in its name, class, folder or date."

    QTest.keyClick(window.header.search, Qt.Key.Key_Escape)
    assert len(shown(program)) == 4


def test_going_to_a_photo_ends_the_search(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    window = program.window
    window.header.search.setText("undated")
    window.window_controller.place_requested.emit(places(program, "a.jpg")[0])
    assert len(shown(program)) == 4
    assert window.header.search.text() == ""

    window.header.search.setText("undated")
    window.filter.show_places(places(program, "b.jpg"), "Some")
    assert shown(program) == ["b.jpg"]

    window.filter.show_all()
    window.header.search.setText("undated")
    window.open_folder(tmp_path / "photos")
    idle(program, qtbot)
    assert len(shown(program)) == 4
