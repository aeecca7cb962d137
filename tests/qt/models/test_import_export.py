"""Export and import in the window: what is asked, what is said, and that a shared model is used only when told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.models.safetensors_bundle import read_bundle, write_bundle
from flowersorter.ui.models.import_export_controller import ImportExportController
from flowersorter.ui.models.usage_snippet_dialog import UsageSnippetDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.exchange.usage_snippets import script_for
from flowersorter.workflows.models.current_model import starter
from tests.qt.dialogs import when_asked
from tests.qt.program import idle, running, stored


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot) as started:
        idle(started, qtbot)
        yield started


@pytest.fixture
def taking(program: Program) -> ImportExportController:
    return ImportExportController(program.window.session, program.window.front, program.window)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The starter model as somebody else exported it."""
    file = tmp_path / "flowers.safetensors"
    write_bundle(file, *starter().model.to_bundle())
    return file


def choose(monkeypatch: pytest.MonkeyPatch, method: str, path: Path | None, kind: str = "") -> list[tuple[object, ...]]:
    """Answer the next file dialog with this; returns what it was asked."""
    asked: list[tuple[object, ...]] = []

    def answer(*arguments: object) -> tuple[str, str]:
        asked.append(arguments)
        return ("" if path is None else str(path)), kind

    monkeypatch.setattr(QFileDialog, method, answer)
    return asked


def test_a_shared_model_is_added_and_used_when_told_to(
    program: Program, taking: ImportExportController, shared: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getOpenFileName", shared)
    taking.import_model()
    idle(program, qtbot)
    bar = program.window.job_bar
    said = bar.message.text()
    assert "“flowers.safetensors” was added. Classes: 5." in said
    assert f"accuracy on {QLocale().toString(1500)} photos" in said
    assert "Not tested on yours" in said
    assert stored(program).models.current() is None
    with qtbot.waitSignal(taking.predictions_outdated):
        QTest.mouseClick(bar.links[0], Qt.MouseButton.LeftButton)
    current = stored(program).models.current()
    assert current is not None
    assert current.held_out_accuracy is None
    assert program.session.state.model_id == current.id


def test_a_file_that_is_no_model_is_refused_in_words(
    program: Program, taking: ImportExportController, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "virus.safetensors").write_bytes(b"\x80\x04.")
    choose(monkeypatch, "getOpenFileName", tmp_path / "virus.safetensors")
    taking.import_model()
    idle(program, qtbot)
    box = program.window.findChild(ErrorDialog)
    assert box is not None
    assert "virus.safetensors cannot be used" in box.said[0]
    box.close()
    assert stored(program).models.all() == []


def test_nothing_happens_when_no_file_is_chosen(
    program: Program, taking: ImportExportController, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getOpenFileName", None)
    choose(monkeypatch, "getSaveFileName", None)
    taking.import_model()
    taking.export_model()
    assert not program.queue.busy


def test_the_ending_follows_the_chosen_form_and_the_folder_is_remembered(
    program: Program, taking: ImportExportController, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "FlowerSorter model, to share (*.safetensors)"
    choose(monkeypatch, "getSaveFileName", tmp_path / "mine", kind)
    taking.export_model()
    idle(program, qtbot)
    assert read_bundle(tmp_path / "mine.safetensors")[1]["class_names"] == list(starter().model.class_names)
    asked = choose(monkeypatch, "getOpenFileName", None)
    taking.import_model()
    assert asked[0][2] == str(tmp_path)


@pytest.mark.parametrize("answer", [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes])
def test_a_file_with_the_ending_that_was_added_is_replaced_only_on_a_word(
    program: Program, taking: ImportExportController, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch,
    answer: QMessageBox.StandardButton,
) -> None:  # fmt: skip
    there = tmp_path / "mine.safetensors"
    there.write_bytes(b"somebody's work")
    choose(monkeypatch, "getSaveFileName", tmp_path / "mine", "FlowerSorter model, to share (*.safetensors)")
    when_asked(QMessageBox, lambda box: box.button(answer).click())
    taking.export_model()
    idle(program, qtbot)
    assert (there.read_bytes() == b"somebody's work") is (answer == QMessageBox.StandardButton.No)


def test_the_lines_that_use_an_export_can_be_copied(
    program: Program, taking: ImportExportController, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, "getSaveFileName", tmp_path / "flowers.onnx")
    taking.export_model()
    idle(program, qtbot)
    bar = program.window.job_bar
    assert "saved as flowers.onnx" in bar.message.text()
    QTest.mouseClick(bar.links[0], Qt.MouseButton.LeftButton)
    dialog = program.window.findChild(UsageSnippetDialog)
    assert dialog is not None
    QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == script_for(tmp_path / "flowers.onnx")
    assert dialog.remark.text().endswith("names a class for every photo: it does not recognise Unknown photos.")
    dialog.close()
