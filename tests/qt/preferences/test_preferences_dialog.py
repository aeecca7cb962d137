"""Preferences: what is chosen, downloads in their lines, and which model is in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.library.models.model_table import ModelEntry
from flowersorter.ui.models.model_page import StarterInfo
from flowersorter.ui.preferences.preferences_dialog import Preferences, PreferencesDialog
from flowersorter.workflows.models.backbones import BackboneInfo

BACKBONES = (
    BackboneInfo("resnet50", "ResNet-50", 2048, True, 51_458_208, "MIT"),
    BackboneInfo("resnet18", "ResNet-18", 512, False, 46_830_571, "BSD-3-Clause"),
    BackboneInfo("resnet34", "ResNet-34", 512, False, 87_319_819, "BSD-3-Clause"),
    BackboneInfo("resnet50-v2", "ResNet-50 V2", 2048, True, 102_540_417, "BSD-3-Clause"),
)
FIVE = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
MODELS = (
    ModelEntry(7, "2026-07-21T18:22:00+00:00", "resnet50-v2", "", 0.957, (*FIVE, "asters"), 1292, False),
    ModelEntry(6, "2026-07-20T09:05:00+00:00", "resnet50", "", None, FIVE, 9, False),
)
STARTER = StarterInfo(FIVE, 3670, 0.919)


@pytest.fixture
def dialog(qtbot: QtBot) -> PreferencesDialog:
    made = PreferencesDialog(Preferences(), BACKBONES, MODELS, STARTER)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


def click(widget: QAbstractButton) -> None:
    """At its left: a radio button is only as wide as its text."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))


def installed(name: str) -> list[BackboneInfo]:
    return [replace(each, installed=each.installed or each.name == name) for each in BACKBONES]


# -- what is chosen


def test_it_opens_as_things_are(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Preferences("cpu", "resnet50-v2"), BACKBONES, MODELS, STARTER)
    qtbot.addWidget(dialog)
    assert dialog.preferences == Preferences("cpu", "resnet50-v2")
    assert dialog.devices["cpu"].isChecked()


def test_ok_tells_what_was_chosen_once(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    dialog.devices["auto"].setFocus()
    QTest.keyClick(dialog.devices["auto"], Qt.Key.Key_Down)
    click(dialog.backbones.lines["resnet50-v2"].radio)
    with qtbot.waitSignal(dialog.preferences_chosen) as told:
        click(dialog.ok_button)
    assert told.args == [Preferences("cpu", "resnet50-v2", dialog.size_slider.value())]
    assert not dialog.isVisible()


def test_the_target_precision_is_shown_and_can_be_chosen(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Preferences(sure_precision=0.9), BACKBONES, MODELS, STARTER)
    qtbot.addWidget(dialog)
    choice = dialog.sure_precision.choice
    assert choice.currentText() == "90 % of the time"
    assert [choice.itemText(row) for row in range(choice.count())][-1] == "99 % of the time"
    with qtbot.waitSignal(dialog.preferences_chosen) as told:
        choice.setCurrentIndex(choice.count() - 1)
        dialog.accept()
    assert told.args[0].sure_precision == 0.99
    assert not dialog.isVisible()


def test_ok_without_a_change_and_escape_tell_nothing(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(dialog.preferences_chosen):
        click(dialog.ok_button)
        dialog.open()
        click(dialog.devices["cuda"])
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# -- backbones


def test_what_is_not_here_cannot_be_chosen_but_fetched(dialog: PreferencesDialog) -> None:
    here, missing = dialog.backbones.lines["resnet50"], dialog.backbones.lines["resnet18"]
    assert here.radio.isEnabled()
    assert not here.download_button.isVisible()
    assert "installed" in here.facts.text()
    assert not missing.radio.isEnabled()
    assert missing.download_button.text() == "Download 47 MB…"
    assert missing.file_button.isVisible()


def test_another_backbone_says_what_it_costs(dialog: PreferencesDialog) -> None:
    assert not dialog.backbones.note.isVisible()
    click(dialog.backbones.lines["resnet50-v2"].radio)
    assert dialog.backbones.note.isVisible()
    assert "press Retrain" in dialog.backbones.note.text
    click(dialog.backbones.lines["resnet50"].radio)
    assert not dialog.backbones.note.isVisible()


def test_a_download_shows_in_its_line_and_can_be_stopped(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    line, other = dialog.backbones.lines["resnet18"], dialog.backbones.lines["resnet34"]
    with qtbot.waitSignal(dialog.download_requested) as told:
        click(line.download_button)
    assert told.args == ["resnet18"]
    assert line.progress.isVisible()
    assert line.progress.maximum() == 0  # waiting, nobody knows how long
    assert not line.download_button.isVisible()
    assert not other.download_button.isEnabled()
    dialog.show_download("resnet18", 23_415_285, 46_830_571)
    assert line.progress.value() == line.progress.maximum() // 2
    assert line.facts.text() == "23 MB of 47 MB"
    with qtbot.waitSignal(dialog.cancel_requested):
        click(line.stop_button)
    assert not line.stop_button.isEnabled()  # once is enough
    dialog.show_backbones(BACKBONES)
    assert line.download_button.isVisible()
    assert other.download_button.isEnabled()
    assert not line.progress.isVisible()


def test_a_file_beyond_two_gigabytes_counts_right(dialog: PreferencesDialog) -> None:
    dialog.show_download("resnet18", 3_000_000_000, 4_000_000_000)
    assert dialog.backbones.lines["resnet18"].progress.value() == 750


def test_what_was_fetched_can_be_chosen_and_nothing_else_changes(dialog: PreferencesDialog) -> None:
    click(dialog.devices["cpu"])
    dialog.show_backbones(installed("resnet18"))
    line = dialog.backbones.lines["resnet18"]
    assert dialog.preferences.backbone == "resnet50"
    click(line.radio)
    assert dialog.preferences.backbone == "resnet18"
    assert dialog.preferences.device == "cpu"


def test_weights_can_be_taken_from_a_file(
    dialog: PreferencesDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    line, file = dialog.backbones.lines["resnet18"], tmp_path / "resnet18.pth"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_rest: (str(file), ""))
    with qtbot.waitSignal(dialog.install_requested) as told:
        click(line.file_button)
    assert told.args == ["resnet18", file]
    assert not line.file_button.isEnabled()  # until the answer is there
    dialog.show_backbones(BACKBONES)
    assert line.file_button.isEnabled()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_rest: ("", ""))
    with qtbot.assertNotEmitted(dialog.install_requested):
        click(line.file_button)


# -- models


def rows(dialog: PreferencesDialog) -> list[list[str]]:
    tree = dialog.models.list
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [[item.text(column) for column in range(tree.columnCount())] for item in items if item is not None]


def pick(dialog: PreferencesDialog, row: int) -> None:
    dialog.tabs.setCurrentIndex(1)
    tree = dialog.models.list
    item = tree.topLevelItem(row)
    assert item is not None
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(item).center())


def test_models_are_listed_the_starter_first(dialog: PreferencesDialog) -> None:
    starter, newest, older = rows(dialog)
    assert starter[0] == "Starter (in use)"
    assert starter[2].startswith("5: daisy, dandelion")
    assert starter[5] == "92 %"
    assert newest[3:] == ["ResNet-50 V2", QLocale().toString(1292), "96 %"]
    assert older[5] == "–"  # too few photos to measure is no accuracy of nought


def test_use_this_asks_for_the_model_and_for_the_one_in_use_there_is_nothing_to_ask(
    dialog: PreferencesDialog, qtbot: QtBot
) -> None:
    dialog.tabs.setCurrentIndex(1)
    assert not dialog.models.use_button.isEnabled()
    pick(dialog, 1)
    with qtbot.waitSignal(dialog.models.model_chosen) as told:
        click(dialog.models.use_button)
    assert told.args == [7]


def test_none_is_the_starter(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Preferences(), BACKBONES, [replace(MODELS[1], current=True)], STARTER)
    qtbot.addWidget(dialog)
    dialog.show()
    pick(dialog, 0)
    with qtbot.waitSignal(dialog.models.model_chosen) as told:
        QTest.keyClick(dialog.models.list, Qt.Key.Key_Return)
    assert told.args == [None]


def test_a_model_brings_its_backbone_and_ok_does_not_take_it_away(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    dialog.show_models([replace(MODELS[0], current=True), MODELS[1]])
    assert rows(dialog)[1][0].endswith("(in use)")
    assert not rows(dialog)[0][0].endswith("(in use)")
    assert dialog.preferences.backbone == "resnet50-v2"
    assert not dialog.backbones.note.text
    with qtbot.assertNotEmitted(dialog.preferences_chosen):
        click(dialog.ok_button)


def test_a_network_trained_here_is_kept_until_another_one_is_chosen(dialog: PreferencesDialog, qtbot: QtBot) -> None:
    own = replace(MODELS[0], backbone="resnet50-tuned-1", current=True)
    dialog.show_models([own, MODELS[1]])
    assert rows(dialog)[1][3] == "ResNet-50, trained here"
    assert dialog.preferences.backbone == "resnet50-tuned-1"
    assert not any(line.radio.isChecked() for line in dialog.backbones.lines.values())
    with qtbot.assertNotEmitted(dialog.preferences_chosen):
        click(dialog.ok_button)
    dialog.open()
    click(dialog.backbones.lines["resnet50-v2"].radio)
    assert dialog.preferences.backbone == "resnet50-v2"
    click(dialog.backbones.lines["resnet50"].radio)
    assert [line.radio.isChecked() for line in dialog.backbones.lines.values()] == [True, False, False, False]


# -- every part


def test_every_part_has_a_name_and_a_voice(dialog: PreferencesDialog) -> None:
    for kind in (QAbstractButton, QWidget):
        for part in dialog.findChildren(kind):
            if part.focusPolicy() & Qt.FocusPolicy.TabFocus and not part.objectName().startswith("qt_"):
                assert part.objectName(), part
                assert part.accessibleName(), part.objectName()


@pytest.mark.parametrize("points", [9, 14, 18])
def test_nothing_is_cut_off_when_narrow(qtbot: QtBot, points: int) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    font = parent.font()
    font.setPointSize(points)
    parent.setFont(font)
    dialog = PreferencesDialog(Preferences(), BACKBONES, MODELS, STARTER, parent)
    dialog.resize(dialog.minimumSize())
    with qtbot.waitExposed(dialog):
        dialog.show()
    page = dialog.findChild(QWidget, "general_page")
    assert page is not None
    parts = [
        part for part in page.findChildren(QWidget) if part.isVisible() and isinstance(part, (QLabel, QAbstractButton))
    ]
    assert len(parts) > 15
    for part in parts:
        right = part.mapTo(page, part.rect().topRight()).x()
        assert right <= page.width(), part.objectName()
        wraps = isinstance(part, QLabel) and part.wordWrap()
        assert part.height() >= (part.heightForWidth(part.width()) if wraps else part.sizeHint().height()) - 1, (
            part.text()
        )
    view = page.parentWidget()
    assert view is not None
    assert page.width() <= view.width()
