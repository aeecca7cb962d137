"""The confusion matrix itself: counts, sentences, and colours on light and dark ground."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QTabWidget, QVBoxLayout
from pytestqt.qtbot import QtBot

from flowersorter.ui.evaluation.confusion_matrix import ConfusionModel, ConfusionView, heat
from flowersorter.ui.shared import theme
from tests.qt.palettes import dark, light, shown_on

pytestmark = pytest.mark.usefixtures("qapp")

#: What photos show (rows) and what they were guessed as.
COUNTS = np.array([[6, 2, 0], [0, 3, 0], [0, 1, 0]], np.int64)
NAMES = ("daisy", "roses", "tulips")
READABLE = 4.5  # WCAG 2.1, contrast of text, level AA
both = pytest.mark.parametrize("palette", [light, dark])


def test_the_model_keeps_to_the_rules() -> None:
    model = ConfusionModel(NAMES, COUNTS)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert (model.rowCount(), model.columnCount()) == (3, 3)
    assert model.rowCount(model.index(0, 0)) == model.columnCount(model.index(0, 0)) == 0
    assert model.index(3, 0) == QModelIndex()


def test_a_cell_speaks_a_sentence() -> None:
    model = ConfusionModel(NAMES, COUNTS)
    assert model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "2 photos of daisy suggested as roses (25 %)"
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "6 photos of daisy recognised (75 %)"
    assert (model.index(0, 0).data(), model.index(1, 0).data()) == ("6", "")
    above, beside = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    assert model.headerData(2, above, Qt.ItemDataRole.ToolTipRole) == "suggested as tulips"
    assert model.headerData(2, beside, Qt.ItemDataRole.ToolTipRole) == "photos of tulips"


def test_a_class_without_photos_divides_by_nothing() -> None:
    model = ConfusionModel(("a", "b"), np.array([[0, 0], [1, 1]], np.int64))
    assert model.index(0, 0).data() == ""
    assert "(0 %)" in model.sentence(0, 1)


@both
def test_counts_are_readable_on_every_heat(palette: Callable[[], QPalette]) -> None:
    with shown_on(palette()):
        for right in (True, False):
            for share in np.linspace(0, 1, 21):
                ground = heat(float(share), right=right)
                assert theme.contrast(theme.readable_on(ground), ground) >= READABLE


@both
def test_one_wrong_photo_in_a_hundred_is_seen(palette: Callable[[], QPalette]) -> None:
    with shown_on(palette()) as shown:
        ground, faint = shown.color(QPalette.ColorRole.Base), heat(0.01, right=False)
        there = (ground.red(), ground.green(), ground.blue())
        apart = sum(abs(a - b) for a, b in zip((faint.red(), faint.green(), faint.blue()), there, strict=True))
        assert apart > 40
        assert theme.contrast(heat(1.0, right=False), ground) > theme.contrast(faint, ground)


def test_colours_follow_the_palette() -> None:
    model = ConfusionModel(NAMES, COUNTS)
    grounds = []
    for palette in (light(), dark()):
        with shown_on(palette):
            grounds.append(model.index(0, 1).data(Qt.ItemDataRole.BackgroundRole))
            empty = model.index(1, 0).data(Qt.ItemDataRole.BackgroundRole)
            assert empty == palette.color(QPalette.ColorRole.Base)
    assert grounds[0].lightness() > grounds[1].lightness()


def test_long_names_are_turned_and_short_ones_are_not(qtbot: QtBot) -> None:
    short = ConfusionView(ConfusionModel(("a", "b", "c"), COUNTS))
    long = ConfusionView(ConfusionModel(("Rough hawkbit or dandelion", "b", "c"), COUNTS))
    for view in (short, long):
        qtbot.addWidget(view)
    assert short.horizontalHeader().sizeHint().height() < long.horizontalHeader().sizeHint().height()
    assert long.columnWidth(0) < long.verticalHeader().sizeHint().width()


@both
def test_for_a_picture_everything_is_shown_at_once(qtbot: QtBot, palette: Callable[[], QPalette]) -> None:
    count = 40
    with shown_on(palette()):
        names = [f"class number {at}" for at in range(count)]
        view = ConfusionView(ConfusionModel(names, np.diag(np.arange(1, count + 1))), whole=True)
        qtbot.addWidget(view)
        picture = view.grab().toImage()
        last = picture.pixelColor(picture.width() - 5, picture.height() - 5)
        assert last == heat(1.0, right=True)


def test_the_corner_between_the_names_is_as_flat_as_they_are(qtbot: QtBot) -> None:
    view = ConfusionView(ConfusionModel(("a", "b", "c"), COUNTS))
    qtbot.addWidget(view)
    view.resize(300, 200)
    with qtbot.waitExposed(view):
        view.show()
    image, corner = view.grab().toImage(), view.findChildren(QAbstractButton)[0].geometry()
    colours = {image.pixelColor(corner.center().x(), y).name() for y in range(corner.top() + 1, corner.bottom() - 1)}
    assert colours == {view.palette().color(QPalette.ColorRole.Window).name()}


def test_the_corner_follows_when_the_evening_comes(qtbot: QtBot) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    tabs = QTabWidget(dialog)
    view = ConfusionView(ConfusionModel(NAMES, COUNTS), tabs)
    tabs.addTab(view, "Classes")
    QVBoxLayout(dialog).addWidget(tabs)
    dialog.resize(400, 300)
    with qtbot.waitExposed(dialog):
        dialog.show()
    with shown_on(theme.readable(dark())) as palette:
        QApplication.processEvents()
        assert view.grab().toImage().pixelColor(4, 4) == palette.color(QPalette.ColorRole.Window)
