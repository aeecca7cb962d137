"""Filters and orders in the window, with real clicks and keys: what is shown, what the window says of it, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.classes.sidebar_view import SidebarView
from flowersorter.ui.grid.photo_filter import DateRange, Order
from flowersorter.ui.grid.sections import Grouping
from tests.drawing import textured, write_jpeg
from tests.qt.program import COLOURS, idle, places, running, stored

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Two photos each of red, green and blue: one from May in the folder north, one from June in the folder south."""
    for month, name in ((5, "north"), (6, "south")):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for seed, (colour, rgb) in enumerate(COLOURS.items()):
            picture = textured((96, 72), rgb, 10 * month + seed)
            write_jpeg(folder / f"{colour}_{month}.jpg", picture, taken_at=datetime(2026, month, 3, 12))
    with running(tmp_path / "collection", qtbot, tmp_path / "photos") as opened:
        opened.window.filter.group_by(Grouping.NONE)
        idle(opened, qtbot)
        yield opened


def shown(program: Program) -> list[str]:
    return [program.photos.index(row).data() for row in range(program.photos.rowCount())]


def choose(box: QComboBox, begin: str) -> None:
    """Choose the entry that begins so, by the keys that lead to it."""
    wanted = next(number for number in range(box.count()) if box.itemText(number).startswith(begin))
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(wanted):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentIndex() == wanted


def test_filters_are_chosen_in_a_panel_counted_and_cleared(program: Program, qtbot: QtBot) -> None:
    window, header = program.window, program.window.header
    window.resize(1700, 900)
    QTest.mouseClick(header.filters, Qt.MouseButton.LeftButton)
    panel = window.filter.panel
    assert panel.isVisible()
    assert not panel.clear.isEnabled()
    choose(panel.dates, "May 2026  (3)")
    assert shown(program) == ["blue_5.jpg", "green_5.jpg", "red_5.jpg"]
    choose(panel.folder, "north  (3)")
    choose(panel.confirmed, "Not confirmed")
    assert window.actions_by_name["hide_confirmed"].isChecked()
    assert (header.filters.text(), header.clear.isVisible()) == ("3 filters", True)
    assert header.filters.accessibleName() == "3 filters: Not confirmed · Taken: May 2026 · Folder: north"
    verdict = Verdict(int(program.photos.columns.verdicts[0]))
    other = Verdict.SURE if verdict is not Verdict.SURE else Verdict.UNSURE
    QTest.keyClick(panel.verdicts[other], Qt.Key.Key_Space)
    assert shown(program) == []
    assert window.grid._notice.startswith("One filter hides all 6 photos here: Suggestion: ")
    panel.close()
    assert window.grid.clear_button.isVisible()
    QTest.mouseClick(window.grid.clear_button, Qt.MouseButton.LeftButton)
    assert len(shown(program)) == 6
    assert not window.actions_by_name["hide_confirmed"].isChecked()
    assert not header.clear.isVisible()
    assert not window.grid.clear_button.isVisible()
    QTest.keyClick(window, Qt.Key.Key_F, CTRL | SHIFT)
    assert panel.isVisible()
    choose(panel.dates, "From")
    assert panel.first.isVisible()
    assert len(shown(program)) == 3, "it begins with the month that was chosen on the way"
    panel.last.setDate(panel.last.date().addDays(30))
    assert len(shown(program)) == 6
    panel.last.setDate(panel.last.date().addDays(-30))
    assert panel.first.isVisible(), "a range that is a month by chance stays a range"
    panel.first.setDate(panel.last.date())
    assert shown(program) == []
    assert isinstance(program.photos.filter.dates, DateRange)
    QTest.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    assert len(shown(program)) == 6
    assert panel.dates.currentText() == "Any time"
    panel.close()
    window.header.search.setFocus()
    QTest.keyClicks(window.header.search, "red june ")
    assert shown(program) == ["red_6.jpg"]
    assert window.header.search.text() == "red june ", "the space belongs to the next word"
    QTest.keyClicks(window.header.search, "north")
    assert window.grid._notice == "No photo here has “red june north” in its name, class, folder or date."
    QTest.mouseClick(window.grid.clear_button, Qt.MouseButton.LeftButton)
    assert window.header.search.text() == ""
    assert len(shown(program)) == 6
    window.filter.narrow({"folder": str(program.window.folder.roots[0] / "north")})
    window.open_folder(program.window.folder.roots[0] / "south")
    idle(program, qtbot)
    assert len(shown(program)) == 3, "a filter of another folder would hide all of them"


def test_photos_are_ordered_by_what_helps_and_by_likeness_and_keep_their_place(program: Program, qtbot: QtBot) -> None:
    window, photos = program.window, program.photos
    QTest.keyClick(window.grid, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert window.job_bar.message.text() == "Select a photo first: the photos most like it come first then."
    assert photos.filter.order is Order.NAME
    assert window.header.order.currentText() == "By name"
    green = places(program, "green")
    window.grid.select_places(green[1:])
    QTest.keyClick(window.grid, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    idle(program, qtbot)
    assert photos.place_ids([photos.index(0), photos.index(1)]) == [green[1], green[0]]
    assert window.header.order.currentText() == "Most like the selected"
    choose(window.header.order, "Most helpful")
    window.header.order.activated.emit(window.header.order.currentIndex())
    idle(program, qtbot)
    ranks = photos._rankings[Order.MOST_HELPFUL].of(photos.columns.photo_ids[photos._order], 99)
    assert (np.diff(ranks) >= 0).all()
    before = photos.front_places_at(slice(None)).tolist()
    window.grid.select_places(before[:1])
    QTest.keyClick(window.grid, Qt.Key.Key_1)
    idle(program, qtbot)
    assert len(stored(program).labels.all()) == 1
    assert photos.front_places_at(slice(None)).tolist() == before, "answered, it stays where the person sees it"
    labelled = photos.columns.photo_ids[photos.columns.locate(before[:1])]
    assert photos._rankings[Order.MOST_HELPFUL].of(labelled, 99).tolist() == [99], "the order follows the answer"
    QTest.keyClick(window.grid, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    idle(program, qtbot)
    assert photos.front_places_at(slice(None)).tolist()[-1] == before[0], "asked for anew, it comes last"
    window.resize(720, 480)
    window.grid.set_tile_size(320)
    QTest.keyClicks(window.header.search, "jpg")
    window.grid.select_places(photos.front_places_at(slice(5, 6)).tolist(), scroll=True)
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    before, scrolled = photos.front_places_at(slice(None)).tolist(), window.grid.verticalOffset()
    assert scrolled > 0
    window.classes.rename(window.classes.classes[0].id, "jpg of a class", lambda: None, window.front.complain)
    idle(program, qtbot)
    assert photos.filter.search.words[0].class_ids == {window.classes.classes[0].id}
    assert window.large.is_open, "the same photos are asked for"
    assert (photos.front_places_at(slice(None)).tolist(), window.grid.verticalOffset()) == (before, scrolled)


def test_folders_and_months_below_the_classes_are_filters_of_one_click(program: Program, qtbot: QtBot) -> None:
    window, panel = program.window, program.window.places
    window.resize(1280, 950)
    assert [(row.text, row.count) for row in panel.folders.rows.rows] == [("north", 3), ("south", 3)]
    assert [(row.text, row.count) for row in panel.months.rows.rows] == [("June 2026", 3), ("May 2026", 3)]
    assert panel.isVisible()

    def click(view: SidebarView, row: int) -> None:
        QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(view.rows.index(row)).center())

    click(panel.folders, 1)
    assert shown(program) == ["blue_6.jpg", "green_6.jpg", "red_6.jpg"]
    assert window.header.filters.accessibleName() == "1 filter: Folder: south"
    assert window.header.title.text() == "south", "these are not all photos"
    QTest.keyClick(panel.folders, Qt.Key.Key_Up)
    assert shown(program) == ["blue_5.jpg", "green_5.jpg", "red_5.jpg"]
    click(panel.months, 0)
    assert shown(program) == []
    assert window.header.title.text() == "north · June 2026"
    assert window.grid._notice == "2 filters together hide all 6 photos here: Taken: June 2026 · Folder: north"
    QTest.mouseClick(window.grid.clear_button, LEFT)
    assert panel.folders.selectedIndexes() == panel.months.selectedIndexes() == []
    assert window.header.title.text() == "All photos"
    assert len(shown(program)) == 6
    click(panel.months, 1)
    click(panel.months, 1)
    assert len(shown(program)) == 6, "a second click shows all again"
    window.resize(1280, 500)
    assert not panel.isVisible(), "the classes need the room"
    assert window.class_list.classes.height() >= 2 * window.class_list.classes.sizeHintForRow(0)
    window.resize(1280, 950)
    assert panel.isVisible()
    window.open_folder(window.folder.roots[0] / "south")
    assert not panel.isVisible()
    idle(program, qtbot)
    assert not panel.isVisible(), "one folder and one month tell no photos apart"


def test_the_names_are_joined_when_a_search_begins(program: Program, qtbot: QtBot) -> None:
    assert not program.photos.columns.paths.can_be_searched
    QTest.keyClick(program.window.grid, Qt.Key.Key_F, CTRL)
    qtbot.waitUntil(lambda: program.photos.columns.paths.can_be_searched)
    assert program.window.header.search.hasFocus()
