"""Preferences: what is chosen, downloads in their lines, and which model is in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QWidget
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


def chosen_of(dialog: PreferencesDialog) -> list[object]:
    """Collects what is chosen, in order."""
    told: list[object] = []
    for signal in (
        dialog.device_chosen,
        dialog.precision_chosen,
        dialog.copies_chosen,
        dialog.keywords_chosen,
        dialog.thumbnail_chosen,
        dialog.backbone_chosen,
        dialog.cache_limit_chosen,
    ):
        signal.connect(told.append)
    return told


def in_use(dialog: PreferencesDialog) -> list[str]:
    return [name for name, line in dialog.backbones.lines.items() if line.radio.isChecked()]


def test_it_opens_as_things_are(qtbot: QtBot) -> None:
    dialog = PreferencesDialog(Preferences("cpu", "resnet50-v2", 150, 700, 0.9, True, True), BACKBONES, MODELS, STARTER)
    qtbot.addWidget(dialog)
    assert dialog.devices["cpu"].isChecked()
    assert in_use(dialog) == ["resnet50-v2"]
    assert (dialog.size_slider.value(), dialog.cache.limit.value()) == (150, 700)
    assert dialog.sure_precision.choice.currentText() == "90 % of the time"
    assert dialog.move_copies.isChecked()
    assert dialog.keywords.isChecked()


def test_each_change_is_told_at_once_and_can_be_changed_back(dialog: PreferencesDialog) -> None:
    told = chosen_of(dialog)
    dialog.devices["auto"].setFocus()
    QTest.keyClick(dialog.devices["auto"], Qt.Key.Key_Down)
    QTest.keyClick(dialog.devices["cpu"], Qt.Key.Key_Up)
    assert told == ["cpu", "auto"]
    QTest.keyClick(dialog.sure_precision.choice, Qt.Key.Key_End)
    QTest.keyClick(dialog.move_copies, Qt.Key.Key_Space)
    QTest.keyClick(dialog.move_copies, Qt.Key.Key_Space)
    assert told[2:] == [0.99, True, False]
    QTest.keyClick(dialog.keywords, Qt.Key.Key_Space)
    QTest.keyClick(dialog.keywords, Qt.Key.Key_Space)
    assert told[5:] == [True, False]
    del told[5:]
    size = dialog.size_slider.value()
    QTest.keyClick(dialog.size_slider, Qt.Key.Key_Left)
    QTest.keyClick(dialog.size_slider, Qt.Key.Key_Right)
    assert told[5:] == [size - dialog.size_slider.singleStep(), size]
    del told[:]
    click(dialog.close_button)
    assert told == []
    assert not dialog.isVisible()


def test_a_limit_that_is_half_typed_is_not_used(dialog: PreferencesDialog) -> None:
    told, limit = chosen_of(dialog), dialog.cache.limit
    limit.setFocus()
    limit.selectAll()
    QTest.keyClicks(limit, "500")
    assert told == []
    dialog.devices["auto"].setFocus()
    assert told == [500]
    limit.setFocus()
    limit.selectAll()
    QTest.keyClicks(limit, "60")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)  # what it shows is used
    assert told == [500, 60]


def test_the_wheel_over_a_setting_scrolls_the_page(dialog: PreferencesDialog) -> None:
    told = chosen_of(dialog)
    parts = (dialog.sure_precision.choice, dialog.size_slider, dialog.cache.limit)
    dialog.devices["auto"].setFocus()
    for part in parts:
        for delta in (120, -120):
            at = QPointF(part.rect().center())
            wheel = QWheelEvent(
                at, part.mapToGlobal(at), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(part, wheel)
            assert not part.hasFocus()
    assert told == []


def test_a_change_that_is_refused_is_taken_back_and_says_why(dialog: PreferencesDialog) -> None:
    click(dialog.devices["cuda"])
    told = chosen_of(dialog)
    dialog.show_preferences(Preferences())
    dialog.show_problem("The graphics card cannot be used.")
    assert told == []
    assert dialog.devices["auto"].isChecked()
    assert dialog.message.isVisible()
    assert dialog.message.accessibleName() == "The graphics card cannot be used."
    dialog.show_problem("")
    assert not dialog.message.isVisible()


# -- backbones


def test_what_is_not_here_cannot_be_chosen_but_fetched(dialog: PreferencesDialog) -> None:
    here, missing = dialog.backbones.lines["resnet50"], dialog.backbones.lines["resnet18"]
    assert here.radio.isEnabled()
    assert not here.download_button.isVisible()
    assert "installed" in here.facts.text()
    assert not missing.radio.isEnabled()
    assert missing.download_button.text() == "Download 47 MB…"
    assert missing.file_button.isVisible()


def test_another_backbone_says_what_it_costs_and_is_used_after_a_second_click(dialog: PreferencesDialog) -> None:
    told, page = chosen_of(dialog), dialog.backbones
    assert not page.note.isVisible()
    assert not page.use_button.isVisible()
    click(page.lines["resnet50-v2"].radio)
    assert page.note.isVisible()
    assert "press Retrain" in page.note.text
    click(page.keep_button)
    assert in_use(dialog) == ["resnet50"]
    assert not page.note.isVisible()
    assert page.lines["resnet50"].radio.hasFocus()
    click(page.lines["resnet50-v2"].radio)
    assert told == []
    page.use_button.setFocus()
    QTest.keyClick(page.use_button, Qt.Key.Key_Space)
    assert told == ["resnet50-v2"]
    assert not page.note.isVisible()
    assert not page.use_button.isVisible()
    assert page.lines["resnet50-v2"].radio.hasFocus()


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
    assert in_use(dialog) == ["resnet50"]
    click(line.radio)
    assert in_use(dialog) == ["resnet18"]
    assert dialog.devices["cpu"].isChecked()


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


def test_a_model_brings_its_backbone(dialog: PreferencesDialog) -> None:
    told = chosen_of(dialog)
    dialog.show_models([replace(MODELS[0], current=True), MODELS[1]])
    assert rows(dialog)[1][0].endswith("(in use)")
    assert not rows(dialog)[0][0].endswith("(in use)")
    assert in_use(dialog) == ["resnet50-v2"]
    assert not dialog.backbones.note.text
    assert told == []


def test_a_network_trained_here_is_kept_until_another_one_is_chosen(dialog: PreferencesDialog) -> None:
    told = chosen_of(dialog)
    own = replace(MODELS[0], backbone="resnet50-tuned-1", current=True)
    dialog.show_models([own, MODELS[1]])
    assert rows(dialog)[1][3] == "ResNet-50, trained here"
    assert in_use(dialog) == []
    click(dialog.backbones.lines["resnet50-v2"].radio)
    click(dialog.backbones.keep_button)
    assert in_use(dialog) == told == []
    click(dialog.backbones.lines["resnet50-v2"].radio)
    click(dialog.backbones.lines["resnet50"].radio)
    assert in_use(dialog) == ["resnet50"]
    click(dialog.backbones.use_button)
    assert told == ["resnet50"]


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
