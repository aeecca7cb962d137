"""The preview: one photo, fitted; arrows, Space and Esc."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from flowersorter.ui.inspector.preview_window import GROUND, PreviewWindow


def photo(width: int, height: int, colour: str = "#cc3355") -> QImage:
    """A photo of one colour."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


@pytest.fixture
def preview(qtbot: QtBot) -> PreviewWindow:
    made = PreviewWindow()
    qtbot.addWidget(made)
    made.resize(800, 600)
    with qtbot.waitExposed(made):
        made.open()
    made.show_photo(photo(1600, 800), "IMG_1.jpg", "roses, sure")
    return made


@pytest.mark.parametrize(
    ("key", "signal"),
    [
        (Qt.Key.Key_Right, "next_requested"),
        (Qt.Key.Key_Down, "next_requested"),
        (Qt.Key.Key_Left, "previous_requested"),
        (Qt.Key.Key_Up, "previous_requested"),
    ],
)
def test_arrows_go_on(preview: PreviewWindow, qtbot: QtBot, key: Qt.Key, signal: str) -> None:
    with qtbot.waitSignal(getattr(preview, signal)):
        QTest.keyClick(preview.canvas, key)
    assert preview.isVisible()


def test_the_buttons_go_on_too(preview: PreviewWindow, qtbot: QtBot) -> None:
    for button, signal in (
        (preview.next_button, preview.next_requested),
        (preview.previous_button, preview.previous_requested),
    ):
        with qtbot.waitSignal(signal):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Escape])
def test_space_and_escape_close(preview: PreviewWindow, qtbot: QtBot, key: Qt.Key) -> None:
    with qtbot.waitSignal(preview.finished):
        QTest.keyClick(preview.canvas, key)
    assert not preview.isVisible()


def test_the_photo_is_fitted_and_keeps_its_shape(preview: PreviewWindow) -> None:
    place = preview.canvas.photo_rect()
    assert place.width() == preview.canvas.width()
    assert place.width() / place.height() == pytest.approx(2, abs=0.02)
    shown = preview.canvas.grab().toImage()
    middle = shown.pixelColor(shown.width() // 2, shown.height() // 2)
    assert middle.name() == "#cc3355"
    assert shown.pixelColor(shown.width() // 2, 2).name() == GROUND.name()


def test_it_is_fitted_again_to_another_size(preview: PreviewWindow) -> None:
    preview.resize(500, 700)
    place = preview.canvas.photo_rect()
    assert place.width() == preview.canvas.width() == 500


def test_a_tiny_photo_is_not_blown_up(preview: PreviewWindow) -> None:
    preview.show_photo(photo(40, 30), "icon.png")
    assert preview.canvas.photo_rect().width() <= 80


def test_while_a_photo_loads_its_thumbnail_is_shown(preview: PreviewWindow) -> None:
    preview.show_waiting("IMG_2.jpg", "2 of 9", photo(320, 160, "#118833"))
    shown = preview.canvas.grab().toImage()
    assert shown.pixelColor(shown.width() // 2, shown.height() // 2).name() == "#118833"
    preview.show_waiting("IMG_3.jpg")
    shown = preview.canvas.grab().toImage()
    assert shown.pixelColor(shown.width() // 2, shown.height() // 2).name() == GROUND.name()


def test_what_cannot_be_shown_says_why(preview: PreviewWindow) -> None:
    preview.show_problem("IMG_4.jpg", "the file is cut off", "4 of 9")
    assert preview.name.whole == "IMG_4.jpg"
    shown = preview.canvas.grab().toImage()
    inked = sum(shown.pixelColor(x, shown.height() // 2).lightness() > 100 for x in range(shown.width()))
    inked += sum(shown.pixelColor(x, shown.height() // 2 - 6).lightness() > 100 for x in range(shown.width()))
    assert inked


def test_a_long_name_is_shortened_but_told_in_full(preview: PreviewWindow) -> None:
    name = "a very long name " * 20 + ".jpg"
    preview.show_photo(photo(100, 100), name, "roses")
    assert "…" in preview.name.text()
    assert preview.name.toolTip() == name
    assert preview.windowTitle() == name
    assert preview.canvas.accessibleName() == f"{name}, roses"
