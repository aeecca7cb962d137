"""What Preferences change: settings, downloads in the worker thread, and the model that speaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.errors import DownloadFailed
from flowersorter.job import CancelToken, Progress, Report
from flowersorter.ui.controllers import preferences as controller
from flowersorter.ui.error_box import ErrorBox
from flowersorter.ui.preferences_dialog import PreferencesDialog
from flowersorter.workflows.backbones import list_backbones
from flowersorter.workflows.models import chosen_backbone
from flowersorter.workflows.promise import sure_promise
from tests.qt.program import idle, running

NAME = "resnet18"


class Shelf:
    """Stands in for the weights on this computer and for the network."""

    def __init__(self) -> None:
        self.installed = {"resnet50"}
        self.go_on, self.fails = threading.Event(), False

    def list(self) -> list[object]:
        return [replace(each, installed=each.name in self.installed) for each in list_backbones()]

    def download(self, name: str, report: Report, cancel: CancelToken) -> Path:
        report(Progress("Downloading", 20_000_000, 40_000_000))
        while not self.go_on.wait(0.005):
            cancel.check()
        if self.fails:
            raise DownloadFailed("The backbone could not be downloaded", "there is no network")
        return self.install(name, Path("/weights.pth"))

    def install(self, name: str, file: Path) -> Path:
        self.installed.add(name)
        return file


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    monkeypatch.setattr(controller, "list_backbones", made.list)
    monkeypatch.setattr(controller, "download_backbone", made.download)
    monkeypatch.setattr(controller, "install_backbone", made.install)
    return made


@pytest.fixture
def program(shelf: Shelf, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    with running(tmp_path / "garden", qtbot, monkeypatch) as started:
        idle(started, qtbot)
        yield started
        shelf.go_on.set()


def opened(program: Program) -> PreferencesDialog:
    program.window.actions_by_name["preferences"].trigger()
    dialog = program.window.findChild(PreferencesDialog)
    assert dialog is not None
    return dialog


def click(widget: QAbstractButton) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def test_the_device_is_kept_and_used_from_now_on(program: Program) -> None:
    dialog = opened(program)
    click(dialog.devices["cpu"])
    click(dialog.ok_button)
    assert program.session.device == "cpu"
    assert program.garden.settings.get("device", "") == "cpu"


def test_another_promise_is_kept_and_counts_for_every_guess_at_once(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program)
    assert dialog.promise.promise == 0.97
    dialog.promise.choice.setCurrentIndex(dialog.promise.choice.findData(0.99))
    with qtbot.waitSignal(program.window.on_demand.guesses_outdated):
        click(dialog.ok_button)
    assert sure_promise(program.garden) == 0.99
    assert opened(program).promise.promise == 0.99


def test_a_download_is_shown_then_the_backbone_can_be_used(program: Program, shelf: Shelf, qtbot: QtBot) -> None:
    dialog = opened(program)
    line = dialog.backbones.lines[NAME]
    click(line.download_button)
    qtbot.waitUntil(lambda: line.progress.value() == 500)
    shelf.go_on.set()
    qtbot.waitUntil(line.radio.isEnabled)
    click(line.radio)
    with qtbot.waitSignal(program.window.on_demand.guesses_outdated):
        click(dialog.ok_button)
    assert chosen_backbone(program.garden) == NAME


def test_a_download_can_be_stopped(program: Program, qtbot: QtBot) -> None:
    line = opened(program).backbones.lines[NAME]
    click(line.download_button)
    qtbot.waitUntil(lambda: line.progress.value() == 500)
    click(line.stop_button)
    qtbot.waitUntil(line.download_button.isVisible)
    assert not line.radio.isEnabled()


def test_a_download_that_fails_says_why_and_can_be_tried_again(program: Program, shelf: Shelf, qtbot: QtBot) -> None:
    shelf.fails = True
    shelf.go_on.set()
    line = opened(program).backbones.lines[NAME]
    click(line.download_button)
    qtbot.waitUntil(lambda: bool(program.window.findChildren(ErrorBox)))
    (box,) = program.window.findChildren(ErrorBox)
    assert box.said[1] == "There is no network."
    assert line.download_button.isVisible()
    box.close()


def test_closing_the_dialog_lets_the_download_end(program: Program, shelf: Shelf, qtbot: QtBot) -> None:
    dialog = opened(program)
    click(dialog.backbones.lines[NAME].download_button)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    shelf.go_on.set()
    idle(program, qtbot)
    assert NAME in shelf.installed
