"""A section is gone through photo by photo with the keyboard: each key is for the photo that the person looks at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.sections import Section, SectionKind
from tests.qt.keyboard import press
from tests.qt.program import class_named, idle, places, running_three_classes, stored, suggest, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Four likely red photos, four likely green ones, and four unknown ones, with the keyboard in the photos."""
    with running_three_classes(tmp_path, qtbot, "red", "green", "blue") as opened:
        columns = opened.photos.columns
        for name in ("red", "green"):
            suggest(opened, columns.locate(places(opened, name)).tolist(), Verdict.LIKELY, class_named(opened, name), 0)
        opened.window.review._finder.found.emit(opened.window.review._groups.without(columns.photo_ids.tolist()))
        opened.window.review.start_checking()
        opened.window.grid.setFocus()
        idle(opened, qtbot)
        yield opened


def section(program: Program, kind: SectionKind, *key: int) -> Section:
    return next(each for each in program.photos.sections if each.identity == (kind, key))


def shown_in(program: Program, kind: SectionKind, *key: int) -> list[int]:
    """The places of a section, in the order shown."""
    found: list[int] = program.photos.all_places_at(section(program, kind, *key).rows).tolist()
    return found


def select(program: Program, place_id: int) -> None:
    program.window.grid.select_places([place_id], scroll=True)
    program.window.grid.setFocus()


def labels(program: Program) -> dict[int, int]:
    """Class by place of the labelled photos."""
    stored(program)
    columns = program.photos.columns
    at = np.flatnonzero(columns.label_ids)
    return dict(zip(columns.place_ids[at].tolist(), columns.label_ids[at].tolist(), strict=True))


def test_after_the_last_photo_of_a_section_comes_another_one_of_it(program: Program, qtbot: QtBot) -> None:
    red, green = class_named(program, "red"), class_named(program, "green")
    first = next(each.key[0] for each in program.photos.sections if each.kind is SectionKind.LIKELY)
    other = green if first == red else red
    *others, last = shown_in(program, SectionKind.LIKELY, int(first))
    select(program, last)
    press(Qt.Key.Key_3)
    idle(program, qtbot)
    assert labels(program) == {last: class_named(program, "blue")}
    assert program.window.grid.selected_places() == others[-1:]
    press(Qt.Key.Key_Return)
    idle(program, qtbot)
    assert labels(program)[others[-1]] == first
    assert program.window.grid.selected_places()[0] not in shown_in(program, SectionKind.LIKELY, other)


def test_the_selected_photo_stays_where_it_is_when_its_suggestion_changes(program: Program, qtbot: QtBot) -> None:
    photos, grid, green = program.photos, program.window.grid, class_named(program, "green")
    first, second, *others = shown_in(program, SectionKind.UNKNOWN)
    select(program, first)
    idle(program, qtbot)
    press(Qt.Key.Key_3)
    idle(program, qtbot)
    assert grid.selected_places() == [second]
    suggest(program, photos.columns.locate([second, others[0]]).tolist(), Verdict.LIKELY, green, 0)
    assert second in shown_in(program, SectionKind.UNKNOWN), "the person is at it"
    assert others[0] in shown_in(program, SectionKind.LIKELY, green)
    assert grid.selected_places() == [second]
    assert grid.currentIndex().row() == photos.rows_of([second])[0]
    press(Qt.Key.Key_Right)
    idle(program, qtbot)
    assert grid.selected_places() == others[1:2], "the next one of the section, not where another photo moved to"


def test_a_photo_that_stayed_is_where_it_belongs_once_other_photos_are_shown(program: Program, qtbot: QtBot) -> None:
    green = class_named(program, "green")
    first, second, third, *_ = shown_in(program, SectionKind.UNKNOWN)
    select(program, first)
    idle(program, qtbot)
    press(Qt.Key.Key_3)
    idle(program, qtbot)
    suggest(program, program.photos.columns.locate([second]).tolist(), Verdict.LIKELY, green, 0)
    assert second in shown_in(program, SectionKind.UNKNOWN), "the person is at it"
    program.window.filter.show_places([second, third], "Some")
    assert shown_in(program, SectionKind.UNKNOWN) == [third]
    assert shown_in(program, SectionKind.LIKELY, green) == [second], "its title is true"


def test_enter_confirms_the_photo_that_an_arrow_key_selects_and_none_that_is_left_out(
    program: Program, qtbot: QtBot
) -> None:
    red, grid = class_named(program, "red"), program.window.grid
    first, second, *_ = shown_in(program, SectionKind.LIKELY, red)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, tile(program, first))
    grid.setFocus()
    press(Qt.Key.Key_Return)
    assert "left out" in program.window.job_bar.message.text()
    press(Qt.Key.Key_Right)
    press(Qt.Key.Key_Return)
    idle(program, qtbot)
    assert labels(program) == {second: red}
