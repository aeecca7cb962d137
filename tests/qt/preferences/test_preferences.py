"""What Preferences change: settings, downloads in the worker thread, and the model that speaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import DownloadFailed, UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.files.locations import personal_settings_file
from flowersorter.library.files.personal_settings import LIGHT, SYSTEM, PersonalSettings, read_personal_settings
from flowersorter.library.tables.settings import DEVICE
from flowersorter.ui.desktop.colour_scheme import ColourScheme
from flowersorter.ui.grid.photo_model import PhotoRole
from flowersorter.ui.preferences import preferences_controller as controller
from flowersorter.ui.preferences.preferences_dialog import PreferencesDialog
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.vision.classifier.calibration import CAUTIOUS, CAUTIOUS_BEFORE
from flowersorter.workflows.models.backbones import list_backbones
from flowersorter.workflows.models.current_model import chosen_backbone, starter, use_model
from flowersorter.workflows.models.sure_precision import sure_precision
from tests.qt.program import draw_folder, idle, running, stored

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
def program(shelf: Shelf, tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot) as started:
        idle(started, qtbot)
        yield started
        shelf.go_on.set()


def opened(program: Program) -> PreferencesDialog:
    program.window.actions_by_name["preferences"].trigger()
    stored(program)
    dialog = program.window.findChild(PreferencesDialog)
    assert dialog is not None
    return dialog


def click(widget: QAbstractButton) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def test_the_device_is_kept_and_used_from_now_on_also_by_a_scan_that_runs(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program)
    with qtbot.waitSignal(program.window.on_demand.predictions_outdated):  # the scan begins again
        click(dialog.devices["cpu"])
    assert program.session.device == "cpu"
    assert stored(program).settings.get(DEVICE) == "cpu"


def test_another_target_precision_is_stored_and_counts_for_every_suggestion_at_once(
    program: Program, qtbot: QtBot
) -> None:
    dialog = opened(program)
    assert dialog.sure_precision.choice.currentData() == 0.97
    with qtbot.waitSignal(program.window.on_demand.predictions_outdated):
        dialog.sure_precision.choice.setCurrentIndex(dialog.sure_precision.choice.findData(0.99))
    assert sure_precision(program.engine) == 0.99
    click(dialog.close_button)
    assert opened(program).sure_precision.choice.currentData() == 0.99


@pytest.fixture
def system_colours(qapp: QApplication) -> Iterator[None]:
    """The colours of the system again after a test."""
    before = QApplication.palette()
    yield
    ColourScheme.of(qapp).choose(SYSTEM)
    QApplication.setPalette(before)


@pytest.mark.usefixtures("system_colours")
def test_colours_are_used_at_once_and_the_language_at_the_next_start(program: Program, qtbot: QtBot) -> None:
    """Both belong to the person: another collection shows them, too."""
    appearance = opened(program).appearance
    assert [appearance.language.itemText(at) for at in range(3)] == ["System", "Deutsch", "English"]
    appearance.colours.setFocus()
    for key, dark in ((Qt.Key.Key_End, True), (Qt.Key.Key_Up, False)):
        QTest.keyClick(appearance.colours, key)
        qtbot.waitUntil(lambda: theme.is_dark() == dark)  # noqa: B023
    assert not appearance.note.isVisible()
    appearance.language.setFocus()
    QTest.keyClick(appearance.language, Qt.Key.Key_Down)
    assert appearance.note.text() == "The language changes at the next start."
    assert appearance.note.isVisible()
    stored(program)
    assert read_personal_settings(personal_settings_file()) == PersonalSettings("de", LIGHT)
    QTest.keyClick(appearance.language, Qt.Key.Key_Up)
    assert not appearance.note.isVisible()
    stored(program)
    assert read_personal_settings(personal_settings_file()) == PersonalSettings("", LIGHT)


def test_an_appearance_that_the_disk_refuses_is_taken_back_in_the_dialog(program: Program, qtbot: QtBot) -> None:
    dialog = opened(program)
    personal_settings_file().mkdir(parents=True)  # a folder where the file would be
    dialog.appearance.language.setCurrentIndex(1)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.appearance.language.currentData() == ""
    assert not dialog.appearance.note.isVisible()


def test_a_graphics_card_without_its_driver_is_refused_in_the_dialog(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowersorter.workflows.models.stored_preferences.has_gpu_driver", lambda: False)
    dialog = opened(program)
    with qtbot.assertNotEmitted(program.window.on_demand.predictions_outdated):
        click(dialog.devices["cuda"])
        qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.text == (
        "The graphics card cannot be used: the driver of an NVIDIA card is not installed. Install it, or choose "
        "another device."
    )
    assert dialog.devices["auto"].isChecked()
    assert program.session.device == "auto"
    click(dialog.devices["cpu"])
    qtbot.waitUntil(lambda: not dialog.message.isVisible())
    assert program.session.device == "cpu"


def test_a_setting_that_the_disk_refuses_is_taken_back_in_the_dialog(
    program: Program, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise UserError("The setting was not stored", "the disk is full")

    monkeypatch.setattr("flowersorter.workflows.models.stored_preferences.set_moves_sorted_copies", refuse)
    monkeypatch.setattr("flowersorter.ui.preferences.cache_controller.set_cache_limit", refuse)
    dialog = opened(program)
    before = dialog.cache.limit.value()
    click(dialog.move_copies)
    qtbot.waitUntil(dialog.message.isVisible)
    assert "the disk is full" in dialog.message.text
    assert not dialog.move_copies.isChecked()
    dialog.show_problem("")
    dialog.cache.limit.setValue(1)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.cache.limit.value() == before
    assert not program.window.findChildren(ErrorDialog)


def test_tiles_change_with_the_slider_and_the_slider_with_the_tiles(program: Program) -> None:
    dialog, grid = opened(program), program.window.grid
    dialog.size_slider.setValue(200)
    assert grid.tile_size == 200
    grid.zoom(-1)
    assert dialog.size_slider.value() == grid.tile_size < 200


#: Confidences from which every photo is sure, and none.
EVERYWHERE, NOWHERE = 0.0, 1.01


def sure_from(program: Program, begins: dict[float, float]) -> None:
    """Let a model speak to which no photo is new, and which is sure from these confidences on, by target precision."""
    arrays, metadata = starter().model.to_bundle()
    arrays["novelty_mix"] = np.array([0, 1, 0], np.float32)  # nor do many of them together
    metadata |= {"unfamiliarity": 1e9, "familiar": 1e9, "sure": begins[0.97], "probable": 0.0}
    use_model(program.engine, stored(program).models.add(arrays, {**metadata, "sure_at": list(begins.items())}))
    program.window.folder.rescan()


def verdicts(program: Program) -> dict[int, tuple[float, Verdict]]:
    """Confidence and verdict of each photo that can be read, as the grid is told, by place id."""
    model = program.photos
    indexes = [model.index(row) for row in range(model.rowCount())]
    return {
        model.data(index, PhotoRole.PLACE_ID): (
            model.data(index, PhotoRole.CONFIDENCE),
            model.data(index, PhotoRole.VERDICT),
        )
        for index in indexes
        if model.data(index, PhotoRole.ERROR) is None
    }


def choose_precision(program: Program, precision: float) -> None:
    dialog = opened(program)
    dialog.sure_precision.choice.setCurrentIndex(dialog.sure_precision.choice.findData(precision))
    stored(program)


def test_the_verdicts_in_the_grid_follow_another_target_precision(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowersorter.vision.classifier.predict.LEAST_LIKELY", 0.0)  # colours are not much of a flower
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as program:
        idle(program, qtbot)
        sure_from(program, {0.9: EVERYWHERE, 0.95: EVERYWHERE, 0.97: NOWHERE, 0.99: NOWHERE})
        idle(program, qtbot)
        middle = median(confidence for confidence, _ in verdicts(program).values())
        sure_from(program, {0.9: EVERYWHERE, 0.95: EVERYWHERE, 0.97: middle, 0.99: NOWHERE})
        idle(program, qtbot)
        counts = []
        for precision, begins in ((0.97, middle), (0.9, EVERYWHERE), (0.99, NOWHERE), (0.97, middle)):
            if precision != sure_precision(program.engine):
                choose_precision(program, precision)
            idle(program, qtbot)
            shown = verdicts(program)
            assert {verdict for _, verdict in shown.values()} <= {Verdict.SURE, Verdict.LIKELY}
            assert all((verdict == Verdict.SURE) == (sure >= begins) for sure, verdict in shown.values())
            counts.append(sum(verdict == Verdict.SURE for _, verdict in shown.values()))
        assert counts[1:3] == [18, 0]
        assert 0 < counts[0] == counts[3] < 18


def test_a_model_that_does_not_follow_at_once_is_told_of(program: Program, qtbot: QtBot) -> None:
    collection = program.collection
    note = opened(program).sure_precision.note
    assert not note.isVisible()
    arrays, metadata = starter().model.to_bundle()
    for thresholds, said in (
        ({}, "too old for this setting"),
        ({"sure": CAUTIOUS.sure, "probable": CAUTIOUS.likely}, "too few photos"),
        ({"sure": CAUTIOUS_BEFORE.sure, "probable": CAUTIOUS_BEFORE.likely}, "too few photos"),
        ({"sure_at": metadata["sure_at"]}, ""),
    ):
        model = {key: value for key, value in metadata.items() if key != "sure_at"}
        collection.models.use(collection.models.add(arrays, model | thresholds))
        with qtbot.waitSignal(program.queue.finished):
            program.queue.submit("as a training would", lambda _report, _cancel: None)
        stored(program)
        assert said in note.text()
        assert note.isVisible() == bool(said)


def test_a_download_is_shown_then_the_backbone_can_be_used(program: Program, shelf: Shelf, qtbot: QtBot) -> None:
    dialog = opened(program)
    line = dialog.backbones.lines[NAME]
    click(line.download_button)
    qtbot.waitUntil(lambda: line.progress.value() == 500)
    shelf.go_on.set()
    qtbot.waitUntil(line.radio.isEnabled)
    click(line.radio)
    with qtbot.waitSignal(program.window.on_demand.predictions_outdated):
        click(dialog.backbones.use_button)
    assert chosen_backbone(program.collection) == NAME


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
    dialog = program.window.findChild(PreferencesDialog)
    assert dialog is not None
    note = dialog.backbones.note
    qtbot.waitUntil(note.isVisible)
    assert note.text == "The backbone could not be downloaded: there is no network."
    assert line.download_button.isVisible()
    assert not program.window.findChildren(ErrorDialog)


def test_closing_the_dialog_lets_the_download_end(program: Program, shelf: Shelf, qtbot: QtBot) -> None:
    dialog = opened(program)
    click(dialog.backbones.lines[NAME].download_button)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    shelf.go_on.set()
    idle(program, qtbot)
    assert NAME in shelf.installed
