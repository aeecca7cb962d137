"""Groups of look-alike photos are named in one action each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_answers import Mark
from flowersorter.jobs import CancelToken, silent
from flowersorter.ui.labels.name_groups_panel import NameGroupsPanel
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.labelling.groups import GroupsRequest, find_groups
from tests.qt.program import class_named, draw_folder, idle, running, show_stored, stored, tile


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Six photos each of red, green and blue, without a class."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as opened:
        idle(opened, qtbot)
        yield opened


@pytest.fixture
def panel(program: Program, qtbot: QtBot) -> NameGroupsPanel:
    program.window.actions_by_name["name_groups"].trigger()
    found = program.window.on_demand.naming.panel
    qtbot.waitUntil(found.isVisible)
    return found


def shown(program: Program) -> set[str]:
    photos = program.photos
    return {photos.index(row).data() for row in range(photos.rowCount())}


def colour(program: Program) -> str:
    """The colour of the group in the grid."""
    (found,) = {name.rsplit("_", 1)[1].removesuffix(".jpg") for name in shown(program)}
    return str(found)


def answer(panel: NameGroupsPanel, name: str) -> None:
    panel.field.setText(name)  # typed, it would open a list of names, which the offscreen system cannot show
    QTest.keyClick(panel.field, Qt.Key.Key_Return)


def labels(program: Program) -> dict[str, int]:
    """Number of labels by class name."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    given = [names[label.class_id] for label in stored(program).labels.all().values()]
    return {name: given.count(name) for name in given}


def test_every_photo_that_looks_like_another_is_named_with_it(
    program: Program, panel: NameGroupsPanel, qtbot: QtBot
) -> None:
    program.window.actions_by_name["pause_learning"].setChecked(False)
    total = program.window.grid.photos.columns
    answers = 0
    while panel.isVisible():
        assert set(program.window.grid.selected_places()) == set(program.photos.filter.places or ())
        before, name = program.photos.filter.places, colour(program)
        answer(panel, name)
        answers += 1
        qtbot.waitUntil(lambda: program.photos.filter.places != before)  # noqa: B023 -- called at once
        idle(program, qtbot)
    idle(program, qtbot)
    given = labels(program)
    assert set(given) == {"red", "green", "blue"}
    assert answers <= sum(given.values()) / 2
    assert all(label.origin is LabelOrigin.PERSON for label in stored(program).labels.all().values())
    assert program.photos.rowCount() == len(total)
    assert stored(program).models.current() is not None, "it learns by itself"


def test_a_photo_that_is_deselected_gets_no_label(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    left_out, *others = program.window.grid.selected_places()
    view = program.window.grid.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, tile(program, left_out))
    qtbot.waitUntil(lambda: f"{len(others)} photo" in panel.name_button.text())
    assert panel.field.hasFocus()
    answer(panel, "mine")
    qtbot.waitUntil(lambda: labels(program) == {"mine": len(others)})


def test_one_undo_takes_back_the_answer_and_its_class(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    classes = [each.name for each in stored(program).classes.all()]
    answer(panel, "mine")
    qtbot.waitUntil(lambda: "mine" in labels(program))
    program.window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: labels(program) == {})
    qtbot.waitUntil(lambda: [each.name for each in stored(program).classes.all()] == classes)


def test_a_name_is_that_of_the_class_that_is_there(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    stored(program).classes.add("Rose")
    show_stored(program)
    photos = len(program.window.grid.selected_places())
    answer(panel, "rose")
    qtbot.waitUntil(lambda: labels(program) == {"Rose": photos})


def test_a_name_that_cannot_be_used_is_refused_and_the_group_stays(
    program: Program, panel: NameGroupsPanel, qtbot: QtBot
) -> None:
    before = program.photos.filter.places
    answer(panel, "..")
    qtbot.waitUntil(lambda: bool(program.window.findChildren(ErrorDialog)))
    program.window.findChildren(ErrorDialog)[0].close()
    assert program.photos.filter.places == before
    assert panel.isVisible()
    assert labels(program) == {}


def test_a_group_that_is_skipped_is_not_asked_again(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    first = program.photos.filter.places
    panel.pass_button.click()
    seen = []
    while panel.isVisible():
        seen.append(program.photos.filter.places)
        panel.pass_button.click()
        idle(program, qtbot)
    assert first not in seen
    assert labels(program) == {}


def test_the_panel_goes_when_other_photos_are_shown(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    program.window.actions_by_name["show_unknown"].trigger()
    assert not panel.isVisible()
    program.window.actions_by_name["name_groups"].trigger()
    qtbot.waitUntil(panel.isVisible)
    program.window.header.back.click()
    assert not panel.isVisible()
    assert program.photos.rowCount() == len(program.photos.columns)


def test_without_a_folder_there_is_nothing_to_name(tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        assert not program.window.actions_by_name["name_groups"].isEnabled()


def test_a_photo_that_was_labelled_meanwhile_does_not_bring_its_group_back(
    program: Program, panel: NameGroupsPanel, qtbot: QtBot
) -> None:
    group = set(program.photos.filter.places or ())
    program.window.labels.assign(sorted(group), class_named(program, stored(program).classes.all()[0].name))
    idle(program, qtbot)
    panel.pass_button.click()
    assert not panel.isVisible() or not group & set(program.photos.filter.places or ())


def test_a_group_that_gets_its_class_by_key_is_done(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    group = set(program.photos.filter.places or ())
    program.window.grid.setFocus()
    QTest.keyClick(program.window.grid, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: set(program.photos.filter.places or ()) != group)
    assert sum(labels(program).values()) == len(group)


def test_a_group_that_is_not_mine_is_not_asked_again(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    group = set(program.photos.filter.places or ())
    panel.not_mine_button.click()
    answers = stored(program).answers
    qtbot.waitUntil(lambda: len(answers.marked(Mark.NOT_MINE)) == len(group))
    assert set(program.photos.filter.places or ()) != group
    idle(program, qtbot)
    program.window.actions_by_name["show_all"].trigger()
    program.window.actions_by_name["name_groups"].trigger()
    qtbot.waitUntil(panel.isVisible)
    while panel.isVisible():
        assert not group & set(program.photos.filter.places or ())
        panel.pass_button.click()
    assert labels(program) == {}


def test_the_next_groups_arrive_without_disturbing_the_answer(
    program: Program, panel: NameGroupsPanel, qtbot: QtBot
) -> None:
    naming = program.window.on_demand.naming
    groups = find_groups(program.engine, GroupsRequest(program.window.folder.roots), silent, CancelToken())
    left_out, *others = program.window.grid.selected_places()
    panel.field.setText("half a na")
    program.window.grid.select_places(others)
    qtbot.waitUntil(lambda: f"{len(others)} photo" in panel.name_button.text())
    naming._on_groups(groups)
    assert panel.field.text() == "half a na"
    assert f"{len(others)} photo" in panel.name_button.text()
    assert left_out not in program.window.grid.selected_places()


def test_a_group_that_was_skipped_stays_so_when_others_are_named(
    program: Program, panel: NameGroupsPanel, qtbot: QtBot
) -> None:
    first = set(program.photos.filter.places or ())
    panel.pass_button.click()
    while panel.isVisible():
        assert not first & set(program.photos.filter.places or ())
        before = program.photos.filter.places
        answer(panel, colour(program))
        qtbot.waitUntil(lambda: program.photos.filter.places != before)  # noqa: B023 -- called at once
        idle(program, qtbot)
    assert len(first) + sum(labels(program).values()) <= len(program.photos.columns)
    columns = program.photos.columns
    assert not columns.label_ids[columns.locate(sorted(first))].any()


def test_a_second_enter_makes_the_class_once(program: Program, panel: NameGroupsPanel, qtbot: QtBot) -> None:
    photos = len(program.window.grid.selected_places())
    answer(panel, "mine")
    answer(panel, "mine")
    qtbot.waitUntil(lambda: labels(program) == {"mine": photos})
    assert not program.window.findChildren(ErrorDialog)
