"""A key after an answer, a click or an undo is for the photos that the person sees, and no letter is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_grid import LARGEST_PX
from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.review.sections.section_headers import ConfirmHeader, GroupHeader
from tests.qt.keyboard import press, type_text
from tests.qt.program import class_named, draw_folder, idle, only_classes, places, running, stored, tile
from tests.qt.program import suggest as suggest_rows
from tests.qt.review.test_keyboard_in_view import asking, groups, names_given, show_groups

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue, as groups; the keyboard in the name of the red one."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        opened.window.resize(1000, 640)
        idle(opened, qtbot)
        only_classes(opened, "tulips", "roses")
        idle(opened, qtbot)
        show_groups(opened, "red", "green", "blue")
        opened.window.actions_by_name["name_groups"].trigger()
        qtbot.waitUntil(lambda: asking(opened) is not None)
        without_lists(opened)
        yield opened


def without_lists(program: Program) -> None:
    for header in groups(program):
        header.field.setCompleter(None)  # type: ignore[arg-type]  # the offscreen system cannot show a list of names


def asked(program: Program) -> GroupHeader:
    header = asking(program)
    assert header is not None, "the keyboard is in no group"
    return header


def colour(program: Program) -> str:
    """The colour of the group with the keyboard."""
    row = program.photos.columns.locate(places_of(program, asked(program).section)[:1])[0]
    return str(program.photos.columns.names[int(row)]).rsplit("_", 1)[1].removesuffix(".jpg")


def places_of(program: Program, section: Section) -> list[int]:
    return list(program.photos.all_places_at(section.rows).tolist())


def click(widget: QWidget, program: Program, place_id: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, modifiers, tile(program, place_id))


def suggest(program: Program, colours: dict[str, str], verdict: Verdict) -> None:
    """Show photos of these colours with a suggestion for these classes."""
    for part, name in colours.items():
        rows = program.photos.columns.locate(places(program, part)).tolist()
        suggest_rows(program, rows, verdict, class_named(program, name), 0)


def labels(program: Program) -> dict[str, int]:
    names = {each.id: each.name for each in stored(program).classes.all()}
    return {names[class_id]: count for class_id, count in stored(program).labels.counts().items()}


def section_of(program: Program, kind: SectionKind, name: str = "") -> Section:
    wanted = (class_named(program, name),) if name else ()
    return next(each for each in program.photos.sections if each.kind is kind and (not name or each.key == wanted))


@pytest.mark.parametrize("typed_before", ["", "che"])
def test_a_click_that_leaves_a_photo_out_of_a_group_leaves_the_keyboard_in_its_name(
    program: Program, qtbot: QtBot, typed_before: str
) -> None:
    header, grid = asked(program), program.window.grid
    left_out, *others = places_of(program, header.section)
    type_text(typed_before)
    click(grid.viewport(), program, left_out)
    assert asking(program) is header
    assert header.name.text() == f"Name {len(others)} photos"
    type_text("cherry".removeprefix(typed_before))
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labels(program) == {"cherry": len(others)})
    assert not grid.selected_places(), "a key would answer for the photo left out"
    idle(program, qtbot)


def test_a_click_gives_the_keyboard_to_the_name_of_the_group_that_the_photo_is_in(
    program: Program, qtbot: QtBot
) -> None:
    grid = program.window.grid
    green = next(each for each in groups(program) if each is not asking(program))
    first, second, third, *_ = places_of(program, green.section)
    click(grid.viewport(), program, first)
    assert asking(program) is green
    click(grid.viewport(), program, second, CTRL)
    assert grid.hasFocus(), "selected with Ctrl, photos are labelled by themselves"
    assert green.answered == green.section.count - 1
    click(grid.viewport(), program, third)
    assert grid.hasFocus(), "the keyboard was with the photos already"
    press(Qt.Key.Key_1)
    qtbot.waitUntil(lambda: labels(program) == {"tulips": 1})
    idle(program, qtbot)


def test_after_all_are_confirmed_no_photo_out_of_view_is_selected(program: Program, qtbot: QtBot) -> None:
    suggest(program, {"red": "roses", "green": "tulips", "blue": "tulips"}, Verdict.LIKELY)
    program.window.review.start_checking()
    grid, section = program.window.grid, section_of(program, SectionKind.LIKELY, "roses")
    left_out, other, *_ = places_of(program, section)
    click(grid.viewport(), program, left_out)
    click(grid.viewport(), program, other, CTRL)
    header = grid.header(section.identity)
    assert isinstance(header, ConfirmHeader)
    QTest.mouseClick(header.confirm, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: labels(program) == {"roses": section.count - 1})
    assert grid.selected_places() == []
    assert grid.hasFocus(), "not a button that is now for the photo left out"
    for key in (Qt.Key.Key_1, Qt.Key.Key_Return, Qt.Key.Key_Delete):
        press(key)
    idle(program, qtbot)
    assert labels(program) == {"roses": section.count - 1}


def test_photos_that_a_key_moved_out_of_view_are_selected_no_longer(program: Program, qtbot: QtBot) -> None:
    grid, window = program.window.grid, program.window
    window.resize(1000, 640)
    grid.set_tile_size(LARGEST_PX)
    first, second, *_ = places_of(program, asked(program).section)
    click(grid.viewport(), program, first, CTRL)
    click(grid.viewport(), program, second, CTRL)
    assert grid.selected_places() == [first, second]
    press(Qt.Key.Key_1)
    qtbot.waitUntil(lambda: labels(program) == {"tulips": 2})
    assert not set(program.photos.rows_of([first, second])) & set(grid._rows_in_view())
    assert grid.selected_places() == []
    press(Qt.Key.Key_2)
    idle(program, qtbot)
    assert labels(program) == {"tulips": 2}


def test_letters_typed_right_after_a_new_name_begin_the_name_of_the_next_group(program: Program, qtbot: QtBot) -> None:
    type_text("cherry")
    press(Qt.Key.Key_Return)
    type_text("le")
    press(Qt.Key.Key_Return)  # not for this group, which is answered
    qtbot.waitUntil(lambda: labels(program) == {"cherry": 6})
    assert asked(program).field.text() == "le"
    without_lists(program)
    type_text("af")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_given(program) == {"cherry": {"red"}, "leaf": {"green"}})
    idle(program, qtbot)


def test_letters_that_the_list_of_names_still_gives_to_the_field_before_are_for_the_next_group(
    program: Program, qtbot: QtBot
) -> None:
    first = asked(program)
    before = first.field
    type_text("roses")
    press(Qt.Key.Key_Return)
    assert asked(program) is not first
    QTest.keyClicks(before, "le")  # the system's keyboard is with the closed list for a moment, and that with its field
    assert asked(program).field.text() == "le"
    qtbot.waitUntil(lambda: labels(program) == {"roses": 6})
    idle(program, qtbot)


@pytest.mark.parametrize("name", ["roses", "cherry"])
def test_after_undo_the_keyboard_is_in_the_name_of_the_group_whose_answer_is_undone(
    program: Program, qtbot: QtBot, name: str
) -> None:
    assert colour(program) == "red"
    type_text(name)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labels(program) == {name: 6})
    idle(program, qtbot)
    assert colour(program) == "green"
    press(Qt.Key.Key_Z, CTRL)
    without_lists(program)
    type_text("po")
    assert colour(program) == "red", "at once"
    qtbot.waitUntil(lambda: labels(program) == {})
    idle(program, qtbot)
    assert colour(program) == "red"
    assert program.window.grid.is_header_shown(asked(program).section.identity)
    type_text("ppy")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_given(program) == {"poppy": {"red"}})
    idle(program, qtbot)


def test_undo_of_the_last_group_gives_it_the_keyboard_and_no_other_photo_stays_selected(
    program: Program, qtbot: QtBot
) -> None:
    show_groups(program, "red")
    type_text("roses")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labels(program) == {"roses": 6})
    assert program.window.grid.hasFocus(), "no group is left"
    program.window.grid.select_row(program.photos.rowCount() - 1)
    press(Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: labels(program) == {})
    idle(program, qtbot)
    assert colour(program) == "red"
    assert program.window.grid.selected_places() == []


def test_undo_of_a_single_photo_of_a_group_leaves_the_keyboard_with_the_photo(program: Program, qtbot: QtBot) -> None:
    grid, place_id = program.window.grid, places(program, "green")[0]
    click(grid.viewport(), program, place_id, CTRL)
    press(Qt.Key.Key_1)
    qtbot.waitUntil(lambda: labels(program) == {"tulips": 1})
    idle(program, qtbot)
    press(Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: labels(program) == {})
    idle(program, qtbot)
    assert grid.hasFocus()
    assert grid.selected_places() == [place_id]


def test_a_class_that_is_undone_is_suggested_for_no_photo_and_confirmed_nowhere(program: Program, qtbot: QtBot) -> None:
    type_text("cherry")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labels(program) == {"cherry": 6})
    idle(program, qtbot)
    cherry = class_named(program, "cherry")
    suggest(program, {"blue": "cherry"}, Verdict.SURE)
    some = program.photos.columns.locate(places(program, "green")[:3]).tolist()
    suggest_rows(program, some, Verdict.LIKELY, cherry, 0, confidence=0.9)
    assert [each.text() for each in asked(program).choices if each.isVisible()] == ["cherry"]
    press(Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: labels(program) == {})
    idle(program, qtbot)
    assert not any(cherry in each.key for each in program.photos.sections if each.kind is not SectionKind.LOOK_ALIKES)
    assert not any(each.text() == "cherry" for header in groups(program) for each in header.choices)
    assert cherry not in program.photos.columns.class_ids


def test_after_not_mine_the_keyboard_is_in_the_name_of_the_next_group_and_undo_gives_it_back(
    program: Program, qtbot: QtBot
) -> None:
    header = asked(program)
    QTest.mouseClick(header.none, Qt.MouseButton.LeftButton)
    assert colour(program) == "green", "a name typed at once is for it"
    qtbot.waitUntil(lambda: len(stored(program).answers.marked(Mark.NOT_MINE)) == 6)
    idle(program, qtbot)
    assert colour(program) != "red", "also where the groups are found anew"
    press(Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: not stored(program).answers.marked(Mark.NOT_MINE))
    idle(program, qtbot)
    assert colour(program) == "red"
