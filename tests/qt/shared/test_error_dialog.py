"""The error box: what it says, that it stops nothing, and that one fault does not fill the screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from flowersorter.errors import Cancelled, SortRefused, UserError
from flowersorter.messages import text
from flowersorter.ui.shared.error_dialog import ErrorDialog, show_error

REFUSED = SortRefused("The photos cannot be filed", "the disk is full", "Free some space and try again")


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    made = QWidget()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    for box in made.findChildren(ErrorDialog):
        box.close()


def shown(window: QWidget | None, error: Exception) -> ErrorDialog:
    box = show_error(window, error)
    assert box is not None
    assert box.isVisible()
    return box


def a_fault() -> Exception:
    try:
        return ValueError(dict[str, int]()["tulip"])
    except KeyError as error:
        return error


def test_a_user_error_speaks_for_itself(window: QWidget) -> None:
    box = shown(window, REFUSED)
    assert box.what.text() == "The photos cannot be filed"
    assert box.what.font().bold()
    assert box.why.text() == "The disk is full."
    assert box.hint.text() == "Free some space and try again."
    assert not box.details_button.isVisible()
    assert box.accessibleName() == "The photos cannot be filed"
    assert "Free some space" in box.accessibleDescription()


@pytest.mark.usefixtures("german")
def test_an_error_of_the_engine_speaks_the_language_of_the_window(window: QWidget) -> None:
    why = text("it was moved or deleted, or its drive is not connected")
    box = shown(window, UserError(text("Folder not found: {folder}", folder="/a"), why, text("Check the path")))
    assert box.said == (
        "Ordner nicht gefunden: /a",
        "Sie wurde verschoben oder gelöscht, oder ihr Laufwerk ist nicht angeschlossen.",
        "Den Pfad prüfen.",
    )
    assert box.accessibleName() == box.said[0] == box.what.text().replace("\u200b", "")


def test_what_is_not_known_has_no_line(window: QWidget) -> None:
    box = shown(window, UserError("The folder is gone"))
    assert not box.why.isVisible()
    assert not box.hint.isVisible()


def test_names_of_files_are_never_taken_for_markup(window: QWidget) -> None:
    box = shown(window, UserError("Cannot read <b>x</b>.jpg", "<img src=x> & more"))
    assert {label.textFormat() for label in (box.what, box.why, box.hint)} == {Qt.TextFormat.PlainText}


def test_a_fault_shows_a_plain_sentence_and_its_traceback_only_when_asked(window: QWidget, qtbot: QtBot) -> None:
    box = shown(window, a_fault())
    assert box.what.text() == "Unexpected error"
    assert not box.why.isVisible()
    assert not box.details.isVisible()
    low = box.height()
    QTest.mouseClick(box.details_button, Qt.MouseButton.LeftButton)
    assert box.details.isVisible()
    assert "KeyError: 'tulip'" in box.details.toPlainText()
    assert "a_fault" in box.details.toPlainText()
    qtbot.waitUntil(lambda: box.height() > low)
    QTest.mouseClick(box.details_button, Qt.MouseButton.LeftButton)
    assert not box.details.isVisible()
    qtbot.waitUntil(lambda: box.height() == low)


def test_copy_takes_everything_along(window: QWidget) -> None:
    box = shown(window, a_fault())
    QTest.mouseClick(box.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Unexpected error")
    assert "Traceback" in copied


def test_a_refusal_by_the_disk_names_the_file(window: QWidget) -> None:
    box = shown(window, PermissionError(13, "Permission denied", "/photos/a.jpg"))
    assert box.said[1] == "Permission denied (/photos/a.jpg)."


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_a_key_closes_it_and_nothing_of_it_is_left(window: QWidget, qtbot: QtBot, key: Qt.Key) -> None:
    box = shown(window, REFUSED)
    QTest.keyClick(box, key)
    qtbot.waitUntil(lambda: not isValid(box))
    assert not window.findChildren(ErrorDialog)


def test_the_same_again_is_shown_once_and_something_else_beside_it(window: QWidget) -> None:
    box = shown(window, REFUSED)
    assert show_error(window, SortRefused(*REFUSED.args)) is box
    assert shown(window, UserError("The folder is gone")) is not box
    box.close()
    assert shown(window, REFUSED) is not box


def test_a_box_whose_window_went_is_forgotten(qtbot: QtBot) -> None:
    window = QWidget()
    window.show()
    box = shown(window, REFUSED)
    window.deleteLater()
    qtbot.waitUntil(lambda: not isValid(box))
    again = shown(None, REFUSED)
    again.close()


def test_without_a_window_it_stays_until_it_is_closed(qtbot: QtBot) -> None:
    show_error(None, REFUSED)  # nobody keeps it
    box = shown(None, REFUSED)
    assert box.isVisible()
    QTest.mouseClick(box.close_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not isValid(box))


def test_a_job_the_person_stopped_is_no_error(window: QWidget) -> None:
    assert show_error(window, Cancelled()) is None


def test_long_texts_make_it_higher_and_never_wider(window: QWidget) -> None:
    box = shown(window, UserError("The photos cannot be filed into " + "/a long folder name" * 20, "so " * 200))
    wide, high = box.width(), box.height()
    box.resize(box.minimumWidth(), 1)
    assert box.width() < wide
    assert box.height() > high
    for label in (box.what, box.why):
        assert label.height() >= label.heightForWidth(label.width())
