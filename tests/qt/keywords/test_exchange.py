"""Labels from files of other programs, and exports for them, in the window: the dialogs, the labels, and undo."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.photo_answers import Mark
from flowersorter.ui.keywords.take_labels_dialog import TakeLabelsDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.dialogs import when_asked
from tests.qt.program import idle, places, stored
from tests.unit.workflows.conftest import draw_photos


def folder_of(program: Program) -> Path:
    return program.window.folder.roots[0]


def names(program: Program, part: str) -> list[str]:
    return [stored(program).photos.place(place).path.name for place in places(program, part)]


def said(program: Program) -> str:
    return str(program.window.job_bar.message.text())


def press(text: str) -> None:
    """Press this button of the question that opens next."""

    def click(question: QMessageBox) -> None:
        [button] = [each for each in question.buttons() if each.text().replace("&", "") == text]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    when_asked(QMessageBox, click)


def choose(monkeypatch: pytest.MonkeyPatch, method: str, path: Path | None, kind: str = "") -> None:
    """Answer the next file dialog with this."""
    text = "" if path is None else str(path)
    answer = text if method == "getExistingDirectory" else (text, kind)
    monkeypatch.setattr(QFileDialog, method, lambda *_: answer)


def take(program: Program, qtbot: QtBot) -> TakeLabelsDialog:
    """Begin to take labels by its key, and wait for the list."""
    press("File…")
    QTest.keyClick(
        program.window, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    qtbot.waitUntil(lambda: program.window.findChild(TakeLabelsDialog) is not None)
    dialog = program.window.findChild(TakeLabelsDialog)
    assert isinstance(dialog, TakeLabelsDialog)
    return dialog


def label_of(program: Program, name: str) -> str:
    classes = {entry.id: entry.name for entry in stored(program).classes.all()}
    columns = program.session.photos.columns
    [row] = [row for row, path in enumerate(columns.names) if Path(path).name == name]
    return classes.get(int(columns.label_ids[row]), "")


def test_labels_of_a_table_are_chosen_taken_and_undone(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    green, blue, red = (names(program, name) for name in ("green", "blue", "red"))
    table = tmp_path / "labels.csv"
    rows = [(green[0], "green"), (green[1], "Fern"), (blue[0], "Lily"), (red[0], "Fern"), (blue[1], "C:\\bad")]
    rows += [("../outside.jpg", "green"), ("gone.jpg", "green")]
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *rows])
    before = len(stored(program).labels.all())
    choose(monkeypatch, "getOpenFileName", table)
    dialog = take(program, qtbot)
    items = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    assert {item.text(0): item.text(1) for item in items if item is not None} == {
        "green": "green",
        "Fern": "New class “Fern”",
        "Lily": "New class “Lily”",
        "C:\\bad": "Cannot be a class: it looks like a path",
    }
    assert dialog.chosen == {"green", "Fern", "Lily"}
    assert dialog.problems.text() == (
        "Names that match no photo here: 1. Names that lead out of the open folder, and are left out: 1."
    )
    for item in items:
        if item is not None and item.text(0) == "Lily":
            item.setCheckState(0, Qt.CheckState.Unchecked)
    QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert said(program) == "2 photos labelled. Labels and answers kept: 1 photo."
    assert [label_of(program, name) for name in (green[0], green[1], blue[0], red[0])] == ["green", "Fern", "", "red"]
    program.window.actions_by_name["undo"].trigger()
    idle(program, qtbot)
    assert len(stored(program).labels.all()) == before
    assert said(program) == "The labels are as they were before."


def test_undo_takes_new_classes_and_answers_along_and_redo_brings_them_back(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [green, *_], [blue, *_] = names(program, "green"), names(program, "blue")
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label,answer\n{green},Fern,\n{blue},,not_mine\n")
    choose(monkeypatch, "getOpenFileName", table)
    dialog = take(program, qtbot)
    assert dialog.problems.text() == "Photos that become not mine or not known: 1."
    QTest.mouseClick(dialog.take_button, Qt.MouseButton.LeftButton)
    idle(program, qtbot)
    assert said(program) == "1 photo labelled. Marked as not mine or not known: 1 photo."
    made = stored(program).classes.find("Fern")
    for action in ("undo", "redo", "undo"):
        program.window.actions_by_name[action].trigger()
        idle(program, qtbot)
        assert stored(program).classes.find("Fern") == (made if action == "redo" else None)
        assert label_of(program, green) == ("Fern" if action == "redo" else "")
        assert len(stored(program).answers.marked(Mark.NOT_MINE)) == (action == "redo")
        marks = program.session.photos.columns.marks
        assert int((marks == Mark.NOT_MINE).sum()) == (action == "redo")


def test_labels_of_other_photos_open_no_list(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "labels.csv").write_text("path,label\nother.jpg,Rose\n")
    choose(monkeypatch, "getOpenFileName", tmp_path / "labels.csv")
    press("File…")
    program.window.actions_by_name["take_labels"].trigger()
    idle(program, qtbot)
    assert said(program) == "None of the labels in labels.csv match a photo in the open folder."
    assert program.window.findChild(TakeLabelsDialog) is None


def test_the_pictures_of_a_packed_project_are_unpacked_and_opened(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, target = tmp_path / "project.tm", tmp_path / "from project"
    with zipfile.ZipFile(project, "w") as archive:
        for number, path in enumerate(draw_photos(tmp_path / "small", "blue", 2)):
            archive.write(path, f"Lily-!-{number}.jpg")
        archive.writestr("manifest.json", "{}")
    choose(monkeypatch, "getOpenFileName", project)
    press("File…")
    program.window.actions_by_name["take_labels"].trigger()
    idle(program, qtbot)
    assert said(program) == (
        "No photo in the open folder is one of the pictures in project.tm: they may be smaller copies."
    )
    choose(monkeypatch, "getSaveFileName", target)
    program.window.job_bar.links[0].click()
    idle(program, qtbot)
    assert said(program) == "Unpacked into class folders in from project: 2 photos."
    assert sorted(path.name for path in (target / "Lily").iterdir()) == ["Lily-!-0.jpg", "Lily-!-1.jpg"]
    program.window.job_bar.links[0].click()
    idle(program, qtbot)
    assert program.window.folder.roots == (target,)
    assert len(program.session.photos.columns) == 2


def test_a_malformed_file_is_refused_in_words(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "labels.json").write_text("{")
    choose(monkeypatch, "getOpenFileName", tmp_path / "labels.json")
    press("File…")
    program.window.actions_by_name["take_labels"].trigger()
    idle(program, qtbot)
    box = program.window.findChild(ErrorDialog)
    assert box is not None
    assert box.said[:2] == ("No labels can be read from labels.json", "It is damaged or not JSON.")
    box.close()


def test_labels_are_exported_in_the_format_of_the_filter(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getSaveFileName", tmp_path / "out.json", "MegaDetector results, for Timelapse (*.json)")
    QTest.keyClick(
        program.window, Qt.Key.Key_X, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    idle(program, qtbot)
    value = json.loads((tmp_path / "out.json").read_bytes())
    labelled = [each["file"] for each in value["images"] if each.get("label")]
    assert sorted(labelled) == sorted(names(program, "red")[:2])
    assert said(program).startswith("Saved as out.json. Labels: 2. Suggestions: ")
    choose(monkeypatch, "getSaveFileName", tmp_path / "table", "Table (*.csv)")
    program.window.actions_by_name["export_labels"].trigger()
    qtbot.waitUntil((tmp_path / "table.csv").exists)
    idle(program, qtbot)
    assert b"path" in (tmp_path / "table.csv").read_bytes()


def test_a_camera_trap_package_asks_for_the_place(
    program: Program, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getSaveFileName", tmp_path / "out.zip", "Camtrap DP, a camera trap data package (*.zip)")

    def cancel(dialog: QInputDialog) -> None:
        dialog.reject()

    when_asked(QInputDialog, cancel)
    program.window.actions_by_name["export_labels"].trigger()
    idle(program, qtbot)
    assert not (tmp_path / "out.zip").exists()


def test_nothing_happens_where_the_person_cancels(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getExistingDirectory", None)
    press("Folder…")
    program.window.actions_by_name["take_labels"].trigger()
    idle(program, qtbot)
    choose(monkeypatch, "getSaveFileName", None)
    program.window.actions_by_name["export_labels"].trigger()
    idle(program, qtbot)
    assert program.window.findChild(TakeLabelsDialog) is None
    assert not list(folder_of(program).parent.glob("*.csv"))
