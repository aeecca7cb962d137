"""A key never answers for a section that is out of view, and the field with the keyboard stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.grid.sections import SectionKind
from flowersorter.ui.review.sections.review_sections import PhotoGroups
from flowersorter.ui.review.sections.section_headers import GroupHeader
from tests.qt.keyboard import focused, press, type_text
from tests.qt.program import draw_folder, idle, running, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue in a low window with large tiles; the keyboard in the first group."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        opened.window.resize(1000, 640)
        opened.window.grid.set_tile_size(320)
        idle(opened, qtbot)
        show_groups(opened, "red", "green", "blue")
        opened.window.actions_by_name["name_groups"].trigger()
        qtbot.waitUntil(lambda: asking(opened) is not None)
        for header in groups(opened):
            header.field.setCompleter(None)  # type: ignore[arg-type]  # the offscreen system cannot show a list of names
        yield opened


def show_groups(program: Program, *colours: str) -> None:
    """Let the search find groups of these colours, in the order to name them."""
    columns = program.photos.columns
    names = np.array([path.name for path in columns.paths])
    alike = [columns.photo_ids[[colour in name for name in names]].tolist() for colour in colours]
    program.window.review._finder.found.emit(PhotoGroups.of(alike))


def groups(program: Program) -> list[GroupHeader]:
    found = (program.window.grid.header(each.identity) for each in program.photos.sections)
    return [each for each in found if isinstance(each, GroupHeader)]


def asking(program: Program) -> GroupHeader | None:
    """The header with the keyboard."""
    focus = program.window.focusWidget()
    return next((each for each in groups(program) if focus is not None and each.isAncestorOf(focus)), None)


def is_shown(program: Program, header: GroupHeader) -> bool:
    return program.window.grid.viewport().rect().contains(header.geometry())


def names_given(program: Program) -> dict[str, set[str]]:
    """The colours of the labelled photos, by class."""
    columns, classes = program.photos.columns, {each.id: each.name for each in stored(program).classes.all()}
    named = dict[str, set[str]]()
    for row in np.flatnonzero(columns.label_ids).tolist():
        colour = columns.paths[row].stem.rsplit("_", 1)[1]
        named.setdefault(classes[int(columns.label_ids[row])], set()).add(colour)
    return named


def test_a_group_that_moves_to_the_top_does_not_push_the_field_with_the_keyboard_out_of_view(
    program: Program, qtbot: QtBot
) -> None:
    first = asking(program)
    assert first is not None
    assert program.window.grid.verticalOffset() == 0
    height = first.y()
    show_groups(program, "blue", "red", "green")
    held = asking(program)
    assert held is first
    assert held.y() == height
    assert is_shown(program, held)
    assert program.window.grid.verticalOffset() > 0, "the other group is above"
    type_text("cherry")
    assert held.field.text() == "cherry"
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_given(program) == {"cherry": {"red"}})
    following = asking(program)
    assert following is not None, "the keyboard is in the name of the next group"
    assert is_shown(program, following)


def test_letters_go_to_the_group_that_is_scrolled_to_and_not_to_one_out_of_view(program: Program, qtbot: QtBot) -> None:
    first = asking(program)
    assert first is not None
    bar, section = program.window.grid.verticalScrollBar(), program.photos.sections[1]
    assert section.kind is SectionKind.LOOK_ALIKES
    bar.setValue(program.window.grid._places.top(1))
    assert not is_shown(program, first)
    assert first.hasFocus() or focused() is first.field
    for header in groups(program):
        header.field.setCompleter(None)  # type: ignore[arg-type]
    type_text("leaf")
    second = asking(program)
    assert second is not None
    assert second.section.identity == section.identity
    assert (first.field.text(), second.field.text()) == ("", "leaf")
    assert is_shown(program, second)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_given(program) == {"leaf": {"green"}})


def test_enter_does_not_answer_for_a_group_out_of_view_but_shows_it(program: Program, qtbot: QtBot) -> None:
    first = asking(program)
    assert first is not None
    type_text("cher")
    bar = program.window.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert not is_shown(program, first)
    press(Qt.Key.Key_Return)
    assert is_shown(program, first)
    assert names_given(program) == {}
    bar.setValue(bar.maximum())
    type_text("ry")
    assert is_shown(program, first)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_given(program) == {"cherry": {"red"}})
    idle(program, qtbot)


def test_a_group_that_is_found_no_more_stays_while_its_first_name_is_typed(program: Program) -> None:
    first = asking(program)
    assert first is not None
    type_text("cher")
    show_groups(program, "blue", "green")
    held = asking(program)
    assert held is first
    assert is_shown(program, held)
    assert held.field.text() == "cher"
