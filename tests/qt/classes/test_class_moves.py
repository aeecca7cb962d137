"""Renaming, merging, deleting and splitting classes whose photos are filed: previewed, one step, undoable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.journal import Run
from flowersorter.errors import SortRefused
from flowersorter.library.tables.settings import MOVE_SORTED_COPIES
from flowersorter.sorting.journaled_steps import StepContext
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile, Skipped, SortPlan
from flowersorter.sorting.sidecar_groups import Group, file_group
from flowersorter.ui.classes.class_move_dialog import ClassMoveDialog
from flowersorter.ui.classes.class_rows import NEW_CLASS
from flowersorter.ui.filing.history.history_dialog import HistoryDialog
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.filing.history import runs
from tests.qt.dialogs import when_open
from tests.qt.program import class_named, draw_folder, idle, places, running, show_stored, stored
from tests.qt.window.test_whole_way import drag_to, sort_into

NAMES = ("red", "green", "blue")
EACH = 3


@pytest.fixture
def sorted_to(tmp_path: Path) -> Path:
    return tmp_path / "sorted"


@pytest.fixture
def program(tmp_path: Path, sorted_to: Path, qtbot: QtBot) -> Iterator[Program]:
    """Three photos each filed into red, green and blue."""
    folder = draw_folder(tmp_path / "photos", EACH)
    with running(tmp_path / "collection", qtbot) as program:
        for name in NAMES:
            stored(program).classes.add(name)
        program.window.open_folder(folder)
        idle(program, qtbot)
        for name in NAMES:
            program.window.labels.assign(places(program, f"_{name}"), class_named(program, name))
        sort_into(program, sorted_to, qtbot)
        stored(program).settings.set(MOVE_SORTED_COPIES, "yes")
        assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
        yield program


def filed(folder: Path) -> dict[str, int]:
    return {each.name: len(list(each.iterdir())) for each in sorted(folder.iterdir(), key=lambda p: -ord(p.name[0]))}


def names(program: Program) -> list[str]:
    """The first classes; those of the starter model follow."""
    return [each.name for each in stored(program).classes.all()][: len(NAMES)]


def rename(program: Program, old: str, new: str) -> None:
    program.window.class_list.rename(class_named(program, old))
    field = program.window.class_list.editor.field
    field.setText(new)
    QTest.keyClick(field, Qt.Key.Key_Return)
    stored(program)


def merge(program: Program, old: str, into: str) -> None:
    def answer() -> None:
        choice = program.window.findChild(QComboBox, "merge_choice")
        button = program.window.findChild(QPushButton, "merge_ok_button")
        assert choice is not None
        assert button is not None
        choice.setCurrentText(into)
        button.click()

    when_open(answer)
    program.window.classes.merge(class_named(program, old))


def preview(program: Program, qtbot: QtBot) -> ClassMoveDialog:
    """The preview, once it shows its plan."""
    stored(program)
    dialog = program.window.findChild(ClassMoveDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() > 0)
    return dialog


def lines(dialog: ClassMoveDialog) -> list[tuple[str, str]]:
    found = []
    for number in range(dialog.list.topLevelItemCount()):
        root = dialog.list.topLevelItem(number)
        assert root is not None
        children = [root.child(at) for at in range(root.childCount())]
        found += [(each.text(0), each.text(1)) for each in (root, *children) if each is not None]
    return found


def press(program: Program, qtbot: QtBot, button: Callable[[ClassMoveDialog], QPushButton]) -> None:
    QTest.mouseClick(button(preview(program, qtbot)), Qt.MouseButton.LeftButton)
    idle(program, qtbot)


def test_filed_photos_move_with_the_new_name_and_come_back_without_it(
    program: Program, sorted_to: Path, qtbot: QtBot
) -> None:
    rename(program, "red", "ruby")
    dialog = preview(program, qtbot)
    assert lines(dialog) == [(str(sorted_to), ""), ("red → ruby", "3")]
    assert dialog.move_button.text() == "&Rename and move 3 photos"
    assert "the class keeps its new name" in dialog.note.text()
    assert stored(program).classes.all()[0].name == "red"
    assert filed(sorted_to)["red"] == EACH

    press(program, qtbot, lambda dialog: dialog.move_button)
    assert filed(sorted_to) == {"ruby": EACH, "green": EACH, "blue": EACH}
    assert stored(program).classes.all()[0].name == "ruby"
    bar = program.window.job_bar
    assert bar.message.text() == "3 sorted photos moved to “ruby”."
    assert len(runs(program.collection)) == 2

    assert bar.links[0].text() == "Undo"
    bar.links[0].click()
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    assert stored(program).classes.all()[0].name == "ruby"
    assert bar.message.text() == "3 photos are back in their previous class folders. The class keeps its new name."


def test_the_name_alone_can_be_changed(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    rename(program, "red", "ruby")
    press(program, qtbot, lambda dialog: dialog.only_button)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    assert stored(program).classes.all()[0].name == "ruby"
    assert len(runs(program.collection)) == 1


def test_cancelling_the_preview_changes_nothing(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    for change, to in ((rename, "ruby"), (merge, "blue")):
        change(program, "red", to)
        press(program, qtbot, lambda dialog: dialog.cancel_button)
        qtbot.waitUntil(lambda: program.window.findChild(ClassMoveDialog) is None)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    assert names(program) == list(NAMES)


def test_a_class_without_filed_photos_is_renamed_at_once(program: Program, qtbot: QtBot) -> None:
    stored(program).classes.add("violet")
    show_stored(program)

    rename(program, "violet", "lilac")
    assert program.window.findChild(ClassMoveDialog) is None
    assert stored(program).classes.all()[-1].name == "lilac"


def test_merged_photos_go_into_the_folder_of_the_other_class(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    merge(program, "red", "blue")
    assert "stay merged" in preview(program, qtbot).note.text()
    press(program, qtbot, lambda dialog: dialog.move_button)
    assert filed(sorted_to) == {"green": EACH, "blue": 2 * EACH}
    assert names(program)[:2] == ["green", "blue"]
    assert "red" not in names(program)
    program.window.job_bar.links[0].click()
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    assert program.window.job_bar.message.text().endswith("The classes stay merged.")


def test_what_the_person_changed_stays_and_says_why(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    gone, edited, fine = sorted((sorted_to / "red").iterdir())
    gone.unlink()
    edited.write_bytes(b"edited")
    rename(program, "red", "ruby")
    shown = lines(preview(program, qtbot))
    assert shown[1] == ("red → ruby", "2")  # that one of them was edited is seen when it is read
    assert shown[2][0].startswith("stays where it is: ")
    assert shown[2][1] == "1"
    press(program, qtbot, lambda dialog: dialog.move_button)
    assert (sorted_to / "ruby" / fine.name).exists()
    assert edited.read_bytes() == b"edited"
    assert "Not moved: 2 (" in program.window.job_bar.message.text()


def test_deleting_a_class_leaves_its_filed_photos_alone(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    texts: list[str] = []

    def answer() -> None:
        box = program.window.findChild(QMessageBox, "delete_class_question")
        button = program.window.findChild(QAbstractButton, "delete_class_button")
        assert box is not None
        assert button is not None
        texts.append(box.informativeText())
        button.click()

    before = {path: path.read_bytes() for path in sorted_to.rglob("*") if path.is_file()}
    when_open(answer)
    program.window.classes.delete(class_named(program, "red"))
    idle(program, qtbot)
    assert "(3 photos)" in texts[0]
    assert {path: path.read_bytes() for path in sorted_to.rglob("*") if path.is_file()} == before
    assert len(runs(program.collection)) == 1


def test_splitting_a_class_moves_the_filed_photos_as_one_step(
    program: Program, sorted_to: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program.window
    monkeypatch.setattr(window.classes, "make", lambda *_asked: stored(program).classes.add("ruby"))
    drag_to(program, places(program, "_red")[:2], NEW_CLASS)
    idle(program, qtbot)
    assert filed(sorted_to) == {"ruby": 2, "red": 1, "green": EACH, "blue": EACH}
    assert len(runs(program.collection)) == 2
    window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}


def test_some_photos_of_a_run_are_taken_back_from_the_history(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    program.window.on_demand.sorting.show_history()
    stored(program)
    dialog = program.window.findChild(HistoryDialog)
    assert dialog is not None
    photos = dialog.photos
    assert photos.rows.rowCount() == 3 * EACH
    for row in (0, 1):
        photos.selectionModel().select(
            photos.rows.index(row, 0),
            QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
        )
    taken = [photo.entry.destination for photo in photos.selected]
    QTest.mouseClick(dialog.undo_photos_button, Qt.MouseButton.LeftButton)
    yes = dialog.findChild(QAbstractButton, "undo_run_button")
    assert yes is not None
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert not any(path.exists() for path in taken)
    assert sum(filed(sorted_to).values()) == 3 * EACH - 2
    assert program.window.job_bar.message.text() == "Removed 2 copies."
    assert runs(program.collection)[0].state == "partly undone"


def test_a_correction_whose_run_the_history_took_back_is_undone_without_complaint(
    program: Program, sorted_to: Path, qtbot: QtBot
) -> None:
    window = program.window
    window.labels.assign(places(program, "_red")[:1], class_named(program, "blue"))
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH - 1, "green": EACH, "blue": EACH + 1}
    window.on_demand.sorting.undo(runs(program.collection)[0].id)
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert window.findChild(ErrorDialog) is None
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}


def test_a_photo_that_does_not_follow_its_label_back_is_named(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    before = set((sorted_to / "blue").iterdir())
    program.window.labels.assign(places(program, "_red")[:1], class_named(program, "blue"))
    idle(program, qtbot)
    [edited] = set((sorted_to / "blue").iterdir()) - before
    edited.write_bytes(b"edited")
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    shown = program.window.findChild(ErrorDialog)
    assert shown is not None
    assert shown.said[0] == "1 photo not moved"
    assert edited.read_bytes() == b"edited"
    shown.close()


def test_a_copy_that_was_changed_is_named_when_its_sort_is_undone(
    program: Program, sorted_to: Path, qtbot: QtBot
) -> None:
    edited = sorted((sorted_to / "red").iterdir())[:2]
    for path in edited:
        path.write_bytes(b"edited")
    program.window.on_demand.sorting.undo(runs(program.collection)[0].id)
    idle(program, qtbot)
    shown = program.window.findChild(ErrorDialog)
    assert shown is not None
    assert shown.said[0] == "Not undone: 2 photos"
    reasons = [line.partition(": ") for line in shown.said[1].splitlines()]
    assert {name.removeprefix("• ") for name, _, _ in reasons} == {path.name for path in edited}
    assert {why.rstrip(".") for _, _, why in reasons} == {"it has changed since it was sorted, so the copy was kept"}
    assert filed(sorted_to) == {"red": 2}
    shown.close()
    program.window.actions_by_name["undo_sort"].trigger()
    idle(program, qtbot)
    assert program.window.job_bar.message.text() == "Of newer sorts, 2 photos could not be undone; History shows why."


def test_where_the_others_go_is_remembered(program: Program, sorted_to: Path, qtbot: QtBot) -> None:
    stored(program).labels.clear(list(stored(program).labels.all())[:1])
    for ticked in (False, True):
        program.window.on_demand.sorting.start()
        dialog = program.window.findChildren(SortDialog)[-1]
        assert dialog.aside.isChecked() is ticked
        dialog.aside.setChecked(True)
        dialog.destination.setText(str(sorted_to.with_name(f"again {ticked}")))
        qtbot.waitUntil(dialog.file_button.isEnabled)
        dialog.file_button.click()
        idle(program, qtbot)


def cancel_after(program: Program, monkeypatch: pytest.MonkeyPatch, photos: int) -> None:
    """Let the person press Cancel while a job moves its photos, once so many of them are done."""
    left = [photos]

    def file_and_cancel(context: StepContext, run: Run, group: Group) -> str | None:
        note = file_group(context, run, group)
        left[0] -= 1
        if left[0] == 0:
            program.queue.cancel_current()
        return note

    monkeypatch.setattr("flowersorter.sorting.runs.run_photos.file_group", file_and_cancel)


@pytest.mark.parametrize("change", ["rename", "merge", "correct"])
def test_what_followed_a_change_until_it_was_cancelled_is_moved_back_with_it(
    program: Program, sorted_to: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    cancel_after(program, monkeypatch, 2)
    if change == "correct":
        program.window.labels.assign(places(program, "_red"), class_named(program, "blue"))
        idle(program, qtbot)
    else:
        (rename if change == "rename" else merge)(program, "red", "blue" if change == "merge" else "ruby")
        press(program, qtbot, lambda dialog: dialog.move_button)
    assert filed(sorted_to)["red"] == EACH - 2
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert filed(sorted_to) == {"red": EACH, "green": EACH, "blue": EACH}
    assert names(program) == list(NAMES)


# -- the preview by itself


def planned(name: str, action: Action = Action.MOVE, root: Path = Path("/sorted")) -> PlannedFile:
    return PlannedFile(Filing(str(root / "red" / name), b"", 1, 1, "ruby"), root / "ruby" / name, action)


@pytest.fixture
def dialog(qtbot: QtBot) -> ClassMoveDialog:
    made = ClassMoveDialog("red", "ruby", 5, merging=False)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


def test_every_folder_and_every_reason_has_a_line(dialog: ClassMoveDialog) -> None:
    assert not dialog.move_button.isEnabled()
    usb = Path("/usb")
    skipped = (Skipped(usb / "red/c.jpg", "it is gone"), Skipped(usb / "red/d.jpg", "it is gone"))
    there = (planned("a.jpg"), planned("b.jpg", Action.ALREADY_THERE))
    dialog.show_plans(
        [
            SortPlan(Mode.MOVE, Path("/sorted"), there, (), 0, 0),
            SortPlan(Mode.MOVE, usb, (planned("e.jpg", root=usb),), skipped, 0, 0),
        ]
    )
    assert lines(dialog) == [
        ("/sorted", ""),
        ("red → ruby", "1"),
        ("stays where it is: the same photo is already in that folder", "1"),
        ("/usb", ""),
        ("red → ruby", "1"),
        ("stays where it is: it is gone", "2"),
    ]
    assert dialog.move_button.text() == "&Rename and move 2 photos"


def test_where_nothing_can_move_the_name_can_be_changed(dialog: ClassMoveDialog, qtbot: QtBot) -> None:
    dialog.show_plans([SortPlan(Mode.MOVE, Path("/sorted"), (), (Skipped(Path("/a.jpg"), "it is gone"),), 0, 0)])
    assert dialog.message.text == "None of these photos can be moved."
    assert not dialog.move_button.isEnabled()
    with qtbot.waitSignal(dialog.accepted):
        QTest.mouseClick(dialog.only_button, Qt.MouseButton.LeftButton)
    assert dialog.plans == ()


def test_a_folder_that_may_not_be_written_to_is_said(dialog: ClassMoveDialog) -> None:
    dialog.show_refusal(SortRefused("The photos cannot be filed there", "/sorted may not be written to"))
    assert "may not be written to" in dialog.message.text
    assert not dialog.move_button.isEnabled()
    assert dialog.only_button.isEnabled()
