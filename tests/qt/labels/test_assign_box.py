"""Typing a class: the box alone, by keyboard and mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_class import PALETTE, ClassOrigin, PhotoClass
from flowersorter.errors import ClassRefused
from flowersorter.ui.labels.assign_box import AssignBox, Choices

NAMES = ("red tulips", "tulips", "tulip tree", "Gänseblümchen", "roses")
CLASSES = [PhotoClass(at, name, ClassOrigin.PERSON, at, PALETTE[at]) for at, name in enumerate(NAMES, 1)]


class Window(QWidget):
    """A widget with the photos, and the box over it."""

    def __init__(self) -> None:
        super().__init__()
        self.photos = QWidget(self)
        self.photos.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        QVBoxLayout(self).addWidget(self.photos)
        self.resize(500, 400)
        self.box = AssignBox(self)
        self.chosen: list[int] = []
        self.asked: list[str] = []
        self.box.chosen.connect(self.chosen.append)
        self.box.new_requested.connect(self.asked.append)

    def open(self, typed: str = "", near: QRect = QRect(20, 20, 100, 100), photos: int = 3) -> None:  # noqa: B008
        self.box.open_box(Choices(CLASSES, (5, 2), photos), typed, near, self.photos.geometry())

    @property
    def listed(self) -> list[str]:
        return [self.box.list.item(row).text() for row in range(self.box.list.count())]

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            QTest.keyClick(self.box.field, key)


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    made = Window()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.photos.setFocus()
    return made


def test_the_first_match_is_completed_and_enter_takes_it(window: Window) -> None:
    field = window.box.field
    window.open("t")
    assert field.placeholderText() == "Class of 3 photos"
    assert (field.text(), field.selectedText()) == ("tulips", "ulips")
    assert window.listed == ["tulips", "tulip tree", "red tulips", "New class “t”"]
    QTest.keyClicks(field, "ULIP")
    assert (field.text(), field.selectedText()) == ("tULIPs", "s")
    window.press(Qt.Key.Key_Down)
    assert (field.text(), field.selectedText()) == ("tULIP tree", " tree")
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "tULIP"  # “red tulips” does not begin so
    QTest.keyClick(field, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    window.press(Qt.Key.Key_Return)
    assert window.chosen == [3]
    assert not window.box.isVisible()


def test_a_letter_alone_takes_no_class_that_has_it_inside_a_word(window: Window) -> None:
    window.open("e")
    assert window.listed == ["New class “e”"]
    window.open("t")
    assert window.listed == ["tulips", "tulip tree", "red tulips", "New class “t”"]
    QTest.keyClicks(window.box.field, "r")
    assert window.listed == ["tulip tree", "New class “tr”"]


def test_what_is_deleted_is_not_completed_again(window: Window) -> None:
    window.open("t")
    window.press(Qt.Key.Key_Backspace)
    assert window.box.field.text() == "t"
    window.press(Qt.Key.Key_Backspace)
    assert window.box.field.text() == ""
    QTest.keyClicks(window.box.field, "ganseb")
    assert window.listed == ["Gänseblümchen", "New class “ganseb”"]
    window.press(Qt.Key.Key_Return)
    assert window.chosen == [4]


def test_a_name_there_is_not_offers_a_new_class_which_may_be_refused(window: Window) -> None:
    window.open("p")
    QTest.keyClicks(window.box.field, "oppies ")
    assert window.listed == ["New class “poppies”"]
    window.press(Qt.Key.Key_Return, Qt.Key.Key_Return)
    assert window.asked == ["poppies"]  # once, while the library is asked
    assert window.box.isVisible()
    window.box.show_refusal(ClassRefused("The class name cannot be used", "it looks like a path"))
    assert "looks like a path" in window.box.message.text
    assert window.rect().contains(window.box.geometry())
    QTest.keyClicks(window.box.field, "x")
    assert not window.box.message.isVisible()
    window.press(Qt.Key.Key_Return)
    assert window.asked == ["poppies", "poppies x"]


def test_a_class_of_exactly_this_name_comes_first_and_no_new_one_is_offered(window: Window) -> None:
    window.open()
    QTest.keyClicks(window.box.field, "ROSES")
    assert window.listed == ["roses"]
    window.open()
    QTest.keyClicks(window.box.field, "rose")
    assert window.listed == ["roses", "New class “rose”"]
    window.press(Qt.Key.Key_Down, Qt.Key.Key_Return)
    assert window.asked == ["rose"]


def test_with_nothing_typed_the_recent_classes_come_first(window: Window) -> None:
    window.open()
    assert window.listed == ["roses", "tulips", "red tulips", "tulip tree", "Gänseblümchen"]
    item = window.box.list.item(1)
    QTest.mouseClick(
        window.box.list.viewport(), Qt.MouseButton.LeftButton, pos=window.box.list.visualItemRect(item).center()
    )
    assert window.chosen == [2]


def test_escape_and_a_click_elsewhere_assign_nothing(window: Window) -> None:
    closed: list[bool] = []
    window.box.closed.connect(lambda: closed.append(True))
    window.open("t")
    window.press(Qt.Key.Key_Escape)
    assert not window.box.isVisible()
    assert closed == [True]
    window.open("t")
    QTest.mouseClick(window.photos, Qt.MouseButton.LeftButton)
    window.photos.setFocus()
    assert not window.box.isVisible()
    assert closed == [True]  # the keyboard is elsewhere already
    assert window.chosen == []


@pytest.mark.parametrize(
    "near", [QRect(20, 20, 90, 90), QRect(440, 350, 90, 90), QRect(-50, -50, 60, 60), QRect(200, 0, 90, 400)]
)
def test_the_box_is_inside_the_window_and_beside_the_photo(window: Window, near: QRect) -> None:
    window.open("t", near)
    assert window.rect().contains(window.box.geometry())
    if near.bottom() < 300:
        assert not window.box.geometry().intersects(near)
