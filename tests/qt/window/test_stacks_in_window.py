"""Stacks in the window: found in the background, corrected as one, counted as photos, and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.sections import Grouping, SectionKind
from flowersorter.ui.review.sections.section_headers import GroupHeader
from tests.drawing import BLUE, RED, textured, write_jpeg
from tests.qt.drag import drag
from tests.qt.keyboard import press_letter
from tests.qt.program import class_named, idle, places, running, stored, suggest, tile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four shots that are nearly the same, and two photos that are like no other."""
    made = tmp_path / "photos"
    made.mkdir()
    shot = textured((96, 72), RED, 1)
    for number in range(4):
        shot.putpixel((number, 0), (0, 0, 0))
        write_jpeg(made / f"burst_{number}.jpg", shot)
    write_jpeg(made / "blue.jpg", textured((96, 72), BLUE, 9))
    write_jpeg(made / "green.jpg", textured((96, 72), (40, 160, 60), 11))
    return made


@pytest.fixture
def program(tmp_path: Path, folder: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, folder, stacks=True) as opened:
        opened.window.filter.group_by(Grouping.NONE)
        idle(opened, qtbot)
        yield opened


def labels(program: Program) -> list[str]:
    """The class of each label."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    return [names[label.class_id] for label in stored(program).labels.all().values()]


def select(program: Program, place_id: int) -> None:
    QTest.mouseClick(program.window.grid.viewport(), Qt.MouseButton.LeftButton, pos=tile(program, place_id))


def test_every_action_on_a_stack_reaches_all_its_photos_and_says_how_many(program: Program, qtbot: QtBot) -> None:
    window, photos = program.window, program.photos
    burst, actions = places(program, "burst"), window.actions_by_name
    assert (photos.rowCount(), photos.photo_count) == (3, 6)
    assert window.header.count.accessibleName() == "6 photos"
    select(program, burst[0])
    idle(program, qtbot)
    assert window.grid.selected_places() == burst
    assert window.inspector.stack.text().startswith("4 photos that look alike are selected.")
    QTest.keyClick(window.grid, Qt.Key.Key_1)  # the first class
    idle(program, qtbot)
    first = window.classes.classes[0].name
    assert labels(program) == [first] * 4
    assert window.session.undo_stack.undoText() == f"“{first}” for 4 photos"
    assert set(window.grid.selected_places()).isdisjoint(burst), "as after a single photo, the next one is selected"
    assert photos.rowCount() == 3
    select(program, burst[0])
    QTest.keyClick(window.grid, Qt.Key.Key_0)
    idle(program, qtbot)
    assert labels(program) == []
    select(program, burst[0])
    QTest.keyClick(window.grid, Qt.Key.Key_N)
    idle(program, qtbot)
    assert window.job_bar.message.text() == "4 photos not mine. They are not sorted."
    actions["undo"].trigger()
    idle(program, qtbot)
    rows = window.class_list.classes.rows.rows
    target = window.class_list.classes.viewport()
    second = next(number for number, row in enumerate(rows) if row.key == class_named(program, "roses"))
    place = window.class_list.classes.visualRect(window.class_list.classes.model().index(second, 0)).center()
    drag(window.grid.viewport(), tile(program, burst[0]), target, place)
    idle(program, qtbot)
    assert labels(program) == ["roses"] * 4
    select(program, burst[0])
    QTest.keyClick(window.grid, Qt.Key.Key_Delete)
    idle(program, qtbot)
    assert window.session.undo_stack.undoText() == "Not this class for 4 photos"


def test_a_stack_opens_by_key_and_the_setting_is_remembered(
    program: Program, tmp_path: Path, folder: Path, qtbot: QtBot
) -> None:
    window, photos, burst = program.window, program.photos, places(program, "burst")
    press_letter(Qt.Key.Key_X, qtbot, window.grid)
    assert "Select a stack first" in window.job_bar.message.text()
    select(program, burst[0])
    idle(program, qtbot)
    assert window.job_bar.message.text() == "", "one is selected"
    press_letter(Qt.Key.Key_X, qtbot, window.grid)
    assert photos.rowCount() == 6
    assert window.grid.selected_places() == burst[:1], "it is opened to treat its photos one by one"
    QTest.keyClick(window.grid, Qt.Key.Key_1)
    assert window.grid.selected_places() == burst[1:2]
    press_letter(Qt.Key.Key_X, qtbot, window.grid)
    assert (photos.rowCount(), window.grid.selected_places()) == (4, burst[1:]), "the corrected one stays apart"
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    assert window.large.view.header.number.text() == "3–5 of 6"
    QTest.keyClick(window.large.view, Qt.Key.Key_Escape)
    window.window_controller.place_requested.emit(burst[3])
    assert window.grid.selected_places() == [burst[3]], "the stack is opened for a photo that is asked for"
    window.actions_by_name["stack_shots"].trigger()
    assert photos.rowCount() == 6
    idle(program, qtbot)
    window.close()
    with running(tmp_path / "collection", qtbot, folder) as again:
        idle(again, qtbot)
        assert not again.window.actions_by_name["stack_shots"].isChecked()
        assert again.photos.rowCount() == 6


def test_keys_for_several_photos_of_an_open_stack_do_not_go_on(program: Program, qtbot: QtBot) -> None:
    grid, burst = program.window.grid, places(program, "burst")
    select(program, burst[0])
    press_letter(Qt.Key.Key_X, qtbot, grid)
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert grid.selected_places() == burst[:2]
    for key in (Qt.Key.Key_1, Qt.Key.Key_N, Qt.Key.Key_K):
        QTest.keyClick(grid, key)
        idle(program, qtbot)
        assert grid.selected_places() == burst[:2], "as where other photos are selected"
    idle(program, qtbot)


def test_the_large_view_stays_open_where_a_stack_is_opened_and_closed_in_it(program: Program, qtbot: QtBot) -> None:
    window, photos, burst = program.window, program.photos, places(program, "burst")
    select(program, burst[0])
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    view = window.large.view
    first = int(photos.position(photos.rows_of(burst[:1])[0]).split("–")[0])
    assert view.header.number.text() == f"{first}–{first + 3} of 6"
    said = "4 photos that look alike are selected. Each action reaches all of them."
    assert view.header.suggestion.whole.endswith(said)
    assert said in view.accessibleName()
    press_letter(Qt.Key.Key_X, qtbot, view)
    assert window.large.is_open
    assert (photos.rowCount(), window.grid.selected_places()) == (6, burst[:1])
    assert view.header.number.text() == f"{first} of 6"
    assert "look alike" not in view.header.suggestion.whole
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert window.grid.selected_places() == burst[1:2]
    press_letter(Qt.Key.Key_X, qtbot, view)
    assert window.large.is_open
    assert (photos.rowCount(), window.grid.selected_places()) == (3, burst)
    idle(program, qtbot)


def test_a_stack_that_grows_while_it_is_seen_large_is_answered_as_it_was_shown(program: Program, qtbot: QtBot) -> None:
    window, photos, burst = program.window, program.photos, places(program, "burst")
    one, two = (each.id for each in window.classes.classes[:2])
    every = photos.columns.locate(burst).tolist()
    suggest(program, every[:3], Verdict.SURE, one, two)
    suggest(program, every[3:], Verdict.SURE, two, one)
    select(program, burst[0])
    QTest.keyClick(window.grid, Qt.Key.Key_Space)
    view = window.large.view
    said = "3 photos that look alike are selected. Each action reaches all of them."
    assert view.header.suggestion.whole.endswith(said)
    suggest(program, every, Verdict.SURE, one, two)  # by itself: the fourth belongs to the stack now
    assert view.header.suggestion.whole.endswith(said)
    assert window.grid.selected_places() == burst[:3]
    QTest.keyClick(view, Qt.Key.Key_3)
    idle(program, qtbot)
    third = window.classes.classes[2].name
    assert labels(program) == [third] * 3, "the fourth was not seen as one of them"
    window.session.undo_stack.undo()
    idle(program, qtbot)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert burst in [photos.tile_of(place) for place in burst], "in the grid they are one stack again"


def test_the_answer_for_a_section_reaches_the_photos_behind_others(program: Program, qtbot: QtBot) -> None:
    burst = places(program, "burst")
    program.window.actions_by_name["name_groups"].trigger()
    idle(program, qtbot)
    section = next(each for each in program.photos.sections if each.kind is SectionKind.LOOK_ALIKES)
    assert section.behind == 3
    header = program.window.grid.header(section.identity)
    assert isinstance(header, GroupHeader)
    assert header.answered == section.count >= len(burst)
    select(program, burst[0])
    assert header.answered == section.count - len(burst), "a click leaves all of them out"
    select(program, burst[0])
    assert header.answered == section.count
    press_letter(Qt.Key.Key_O, qtbot, program.window.grid)
    assert header.answered == section.count - len(burst), "and so does the key"
    assert program.photos.left_out == set(burst)
    press_letter(Qt.Key.Key_O, qtbot, program.window.grid)
    assert header.answered == section.count
    photos, bar = program.photos, program.window.job_bar.message
    press_letter(Qt.Key.Key_X, qtbot, program.window.grid)
    select(program, burst[1])
    assert program.photos.left_out == {burst[1]}
    press_letter(Qt.Key.Key_X, qtbot, program.window.grid)
    assert [photos.tile_of(place) for place in burst] == [[place] for place in burst]
    assert bar.text().startswith("The stack stays open: some of its photos are left out.")
    press_letter(Qt.Key.Key_O, qtbot, program.window.grid)
    assert photos.tile_of(burst[0]) == burst, "taken in, it is closed"
    header.field.setFocus()
    header.field.setText("poppies")
    QTest.keyClick(header.field, Qt.Key.Key_Return)
    idle(program, qtbot)
    assert labels(program) == ["poppies"] * section.count
