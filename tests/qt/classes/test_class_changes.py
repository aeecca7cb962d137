"""Renaming, merging and deleting classes is taken back with Ctrl+Z: labels, names, guesses, photos that are filed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QThread
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.tables.settings import MOVE_SORTED_COPIES
from flowersorter.ui.classes.class_move_dialog import ClassMoveDialog
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.labelling.pending_labels import LabelNews
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, PredictFolderResult, predict_folder
from tests.qt.dialogs import when_asked
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored
from tests.qt.window.test_whole_way import sort_into

NAMES = ("red", "green", "blue")
EACH = 4


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Four photos each, all labelled but one of each colour; a model that learned from them speaks."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", EACH + 1)) as started:
        idle(started, qtbot)
        collection, window = started.collection, started.window
        for each in collection.classes.all():
            collection.classes.delete(each.id)
        for name in NAMES:
            collection.classes.add(name)
        show_stored(started)
        for name in NAMES:
            window.labels.assign(places(started, f"_{name}")[:EACH], class_named(started, name))
        qtbot.waitUntil(window.actions_by_name["retrain"].isEnabled)
        window.actions_by_name["retrain"].trigger()
        idle(started, qtbot)
        assert model_for(Engine(collection), chosen_backbone(collection)) is not None
        yield started


def merge(program: Program, one: str, into: str) -> None:
    def choose(dialog: QDialog) -> None:
        choice = dialog.findChild(QComboBox, "merge_choice")
        ok = dialog.findChild(QPushButton, "merge_ok_button")
        assert choice is not None
        assert ok is not None
        choice.setCurrentText(into)
        QTest.mouseClick(ok, Qt.MouseButton.LeftButton)

    when_asked(QDialog, choose)
    program.window.classes.merge(class_named(program, one))


def delete(program: Program, one: str) -> None:
    def agree(box: QMessageBox) -> None:
        button = box.findChild(QAbstractButton, "delete_class_button")
        assert button is not None
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    when_asked(QMessageBox, agree)
    program.window.classes.delete(class_named(program, one))


def rename(program: Program, one: str, name: str) -> None:
    sides = program.window.class_list
    sides.rename(class_named(program, one))
    QTest.keyClicks(sides.editor.field, name)
    QTest.keyClick(sides.editor.field, Qt.Key.Key_Return)
    stored(program)
    assert not sides.editor.isVisible()


def ctrl_z(program: Program, qtbot: QtBot) -> None:
    program.window.activateWindow()
    qtbot.waitUntil(program.window.isActiveWindow)
    QTest.keyClick(program.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    idle(program, qtbot)


def shown(program: Program) -> list[Any]:
    """Of every photo in the grid: place, class, whether it is labelled, and by whom."""
    model = program.photos
    roles = (PhotoRole.PLACE_ID, PhotoRole.CLASS_NAME, PhotoRole.CLASS_COLOUR, PhotoRole.LABELLED, PhotoRole.BY_PERSON)
    return [tuple(model.data(model.index(row), role) for role in roles) for row in range(model.rowCount())]


def known(program: Program) -> dict[str, Any]:
    """Everything about classes and labels that is shown or kept."""
    collection = program.collection
    return {
        "classes": collection.classes.all(),
        "listed": [row.text for row in program.window.class_list.classes.rows.rows],
        "digits": [(each.text(), each.shortcut()) for each in program.window.actions_by_name.assign_menu.actions()],
        "labels": collection.labels.all(),
        "shown": sorted(shown(program)),  # a photo in view stays in its section
        "meant": collection.classes.meant_by(NAMES),
    }


def test_a_deleted_class_comes_back_with_its_labels_and_guesses(program: Program, qtbot: QtBot) -> None:
    before = known(program)
    assert {name for _, name, *_ in before["shown"]} == {*NAMES, ""}
    delete(program, "red")
    idle(program, qtbot)
    deleted = known(program)
    assert len(deleted["labels"]) == 2 * EACH
    assert "red" not in {name for _, name, *_ in deleted["shown"]}
    for _ in range(2):
        ctrl_z(program, qtbot)
        assert known(program) == before
        program.window.actions_by_name["redo"].trigger()
        idle(program, qtbot)
        assert known(program) == deleted


def test_merged_classes_come_apart_again(program: Program, qtbot: QtBot) -> None:
    before = known(program)
    merge(program, "red", "blue")
    idle(program, qtbot)
    merged = known(program)
    red, _, blue = (each.id for each in before["classes"])
    assert merged["meant"] == [blue, before["classes"][1].id, blue]
    assert stored(program).labels.counts() == {blue: 2 * EACH, before["classes"][1].id: EACH}
    assert "Merge “red” into “blue”" in program.window.actions_by_name["undo"].text()
    for _ in range(2):
        ctrl_z(program, qtbot)
        assert known(program) == before
        assert class_named(program, "red") == red
        program.window.actions_by_name["redo"].trigger()
        idle(program, qtbot)
        assert known(program) == merged


def test_a_renamed_class_has_its_old_name_again_and_the_new_one_means_nothing(program: Program, qtbot: QtBot) -> None:
    before = known(program)
    rename(program, "red", "ruby")
    idle(program, qtbot)
    renamed = known(program)
    assert "ruby" in {name for _, name, *_ in renamed["shown"]}
    assert "Rename “red” to “ruby”" in program.window.actions_by_name["undo"].text()
    for _ in range(2):
        ctrl_z(program, qtbot)
        assert known(program) == before
        assert stored(program).classes.find("ruby") is None
        program.window.actions_by_name["redo"].trigger()
        idle(program, qtbot)
        assert known(program) == renamed


def test_what_was_corrected_before_and_after_can_still_be_taken_back(program: Program, qtbot: QtBot) -> None:
    window, states = program.window, [known(program)]
    last = {name: places(program, f"_{name}")[EACH:] for name in NAMES}
    for change in (
        lambda: window.labels.assign(last["red"], class_named(program, "red")),
        lambda: rename(program, "green", "jade"),
        lambda: merge(program, "red", "blue"),
        lambda: window.labels.assign(last["green"], class_named(program, "blue")),
        lambda: delete(program, "blue"),
        lambda: window.labels.assign(last["blue"], class_named(program, "jade")),
    ):
        change()
        idle(program, qtbot)
        states.append(known(program))
    for state in reversed(states[:-1]):
        ctrl_z(program, qtbot)
        assert known(program)["labels"] == state["labels"]
        assert known(program)["classes"] == state["classes"]
        assert known(program)["meant"] == state["meant"]
    for state in states[1:]:
        window.actions_by_name["redo"].trigger()
        idle(program, qtbot)
        assert known(program)["labels"] == state["labels"]
    assert window.findChildren(ErrorDialog) == []


def test_a_name_that_is_taken_by_now_is_said_and_nothing_changes(program: Program, qtbot: QtBot) -> None:
    delete(program, "red")
    idle(program, qtbot)
    stored(program).classes.add("Red")
    show_stored(program)
    before = known(program)
    ctrl_z(program, qtbot)
    (box,) = program.window.findChildren(ErrorDialog)
    assert "already a class “Red”" in f"{box.said[0]} {box.said[1]}"
    box.close()
    assert known(program) == before
    assert "Delete" not in program.window.actions_by_name["undo"].text()


@pytest.mark.parametrize("merged", [True, False])
def test_photos_that_were_not_read_yet_go_along(
    program: Program, qtbot: QtBot, merged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a class waits for the other one, or for none; read meanwhile, it comes back too."""
    window, collection = program.window, program.collection
    red, blue = class_named(program, "red"), class_named(program, "blue")
    read = places(program, "_red")[EACH]
    unread = collection.photos.add_place(Path("/elsewhere/unread.jpg"), None, 1, 1)
    photo = collection.photos.place(read).photo_id
    assert photo is not None
    pending = window.classes._pending
    # The folder is predicted again after the change; that would find the photo before the test does.
    monkeypatch.setattr(pending, "found", lambda place_ids, photo_ids: LabelNews())
    collection.pending_labels.put({unread: red, read: red})
    pending.reload()
    if merged:
        merge(program, "red", "blue")
    else:
        delete(program, "red")
    stored(program)
    assert pending.items() == ({unread: blue, read: blue} if merged else {})
    pending.settle({read: photo})  # as the labelling does when it has read one
    window.actions_by_name["undo"].trigger()
    stored(program)
    assert pending.items() == {unread: red}
    label = collection.labels.get([photo])[photo]
    assert (label.class_id, label.origin) == (red, LabelOrigin.PERSON)
    idle(program, qtbot)


def test_a_folder_that_is_just_being_looked_at_is_looked_at_again(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[PredictFolderRequest] = []

    def waits_at_first(
        engine: Engine, request: PredictFolderRequest, report: Report, cancel: CancelToken
    ) -> PredictFolderResult:
        began.append(request)
        while len(began) == 1:
            cancel.check()
            QThread.msleep(1)
        return predict_folder(engine, request, report, cancel)

    before = known(program)
    delete(program, "red")
    idle(program, qtbot)
    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.predict_folder", waits_at_first)
    program.window.folder.rescan()
    qtbot.waitUntil(lambda: len(began) == 1)
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert len(began) == 2
    assert known(program) == before


# -- photos that are filed


def filed(folder: Path) -> dict[str, int]:
    return {each.name: len(list(each.iterdir())) for each in sorted(folder.iterdir())}


def and_move(program: Program, qtbot: QtBot) -> None:
    """Let what is filed move along, in the preview that is open."""
    stored(program)
    dialog = program.window.findChild(ClassMoveDialog)
    assert dialog is not None
    assert "Undo reverses both" in dialog.note.text()
    qtbot.waitUntil(dialog.move_button.isEnabled)
    QTest.mouseClick(dialog.move_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)


def test_filed_photos_go_back_and_forth_with_a_merge(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    target, window = tmp_path / "sorted", program.window
    sort_into(program, target, qtbot)
    stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
    start, before = filed(target), known(program)
    window.labels.assign(places(program, "_green")[:1], class_named(program, "red"))
    idle(program, qtbot)
    corrected = filed(target)
    assert corrected == start | {"green": start["green"] - 1, "red": start["red"] + 1}

    merge(program, "red", "blue")
    and_move(program, qtbot)
    merged = {"blue": start["blue"] + corrected["red"], "green": corrected["green"]}
    assert filed(target) == merged
    ctrl_z(program, qtbot)
    assert filed(target) == corrected
    assert window.job_bar.message.text().endswith("The classes are separate again.")
    window.actions_by_name["redo"].trigger()
    idle(program, qtbot)
    assert filed(target) == merged
    for state in (corrected, start):
        ctrl_z(program, qtbot)
        assert filed(target) == state
    assert known(program)["labels"] == before["labels"]
    assert window.findChildren(ErrorDialog) == []


def test_filed_photos_go_back_and_forth_with_a_name(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    target, window = tmp_path / "sorted", program.window
    sort_into(program, target, qtbot)
    stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
    start, before = filed(target), known(program)
    window.labels.assign(places(program, "_green")[:1], class_named(program, "red"))
    idle(program, qtbot)
    corrected = filed(target)
    rename(program, "red", "ruby")
    and_move(program, qtbot)
    renamed = {"blue": start["blue"], "green": corrected["green"], "ruby": corrected["red"]}
    assert filed(target) == renamed
    ctrl_z(program, qtbot)
    assert filed(target) == corrected
    assert window.job_bar.message.text().endswith("The class has its previous name again.")
    window.actions_by_name["redo"].trigger()
    idle(program, qtbot)
    assert filed(target) == renamed
    for state in (corrected, start):
        ctrl_z(program, qtbot)
        assert filed(target) == state
    assert known(program)["labels"] == before["labels"]
    assert window.findChildren(ErrorDialog) == []


def test_what_the_bar_took_back_already_is_no_matter(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    target = tmp_path / "sorted"
    sort_into(program, target, qtbot)
    stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
    start, before = filed(target), known(program)
    merge(program, "red", "blue")
    and_move(program, qtbot)
    program.window.job_bar.links[0].click()
    idle(program, qtbot)
    assert filed(target) == start
    assert program.window.job_bar.message.text().endswith("The classes stay merged.")
    ctrl_z(program, qtbot)
    assert known(program)["labels"] == before["labels"]
    assert filed(target) == start
    assert program.window.job_bar.message.text() == "The classes are separate again."
    assert program.window.findChildren(ErrorDialog) == []


def test_a_merge_that_left_filed_photos_alone_moves_none_when_taken_back(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    target = tmp_path / "sorted"
    sort_into(program, target, qtbot)
    stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
    start = filed(target)
    merge(program, "red", "blue")
    stored(program)
    dialog = program.window.findChild(ClassMoveDialog)
    assert dialog is not None
    QTest.mouseClick(dialog.only_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    for name in ("undo", "redo", "undo"):
        program.window.actions_by_name[name].trigger()
        idle(program, qtbot)
        assert filed(target) == start
