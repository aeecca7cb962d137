"""A person at the keyboard: keys go to the widget that has the focus, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.labels.assign_controller import LetterKeys

#: More than any window has stops for Tab.
_MOST_STOPS = 120
_NONE = Qt.KeyboardModifier.NoModifier


def focused() -> QWidget:
    """The widget that a key goes to."""
    if QApplication.activeWindow() is None:
        _give_back()
    widget = QApplication.activePopupWidget() or QApplication.focusWidget() or QApplication.activeWindow()
    assert widget is not None, "no window of the program has the keyboard"
    assert widget.isVisible(), f"{widget.objectName()} has the keyboard and cannot be seen"
    return widget


def _give_back() -> None:
    """Give the keyboard back after a window was closed, as window managers do; the offscreen system has none."""
    shown = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
    window = QApplication.activeModalWidget() or next(iter(shown), None)
    if window is not None:
        window.activateWindow()
        QApplication.processEvents()


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = _NONE) -> None:
    """Press a key."""
    QTest.keyClick(focused(), key, modifiers)


def press_letter(key: Qt.Key, qtbot: QtBot, widget: QWidget | None = None) -> None:
    """Press the key of a letter that is a shortcut, and wait until no other letter makes a name of it."""
    QTest.keyClick(widget or focused(), key)
    keys = (widget or focused()).window().findChild(LetterKeys)
    assert isinstance(keys, LetterKeys)
    qtbot.waitUntil(lambda: not keys.waiting)


def type_text(text: str) -> None:
    """Type letters."""
    for letter in text:
        QTest.keyClicks(focused(), letter)


def tab_to(wanted: str | Callable[[QWidget], bool]) -> QWidget:
    """Press Tab until a widget has the keyboard.

    Args:
        wanted: Its object name, or a test of it.
    """
    passed: list[str] = []
    for _ in range(_MOST_STOPS):
        widget = focused()
        if widget.objectName() == wanted if isinstance(wanted, str) else wanted(widget):
            return widget
        passed.append(widget.objectName() or type(widget).__name__)
        press(Qt.Key.Key_Tab)
    raise AssertionError(f"Tab does not reach {wanted}: {', '.join(dict.fromkeys(passed))}")


def stops() -> list[QWidget]:
    """The widgets that have the keyboard one after the other while Tab is pressed, until the first one has it again."""
    passed = [focused()]
    for _ in range(_MOST_STOPS):
        press(Qt.Key.Key_Tab)
        if focused() is passed[0]:
            return passed
        passed.append(focused())
    raise AssertionError(f"Tab does not come round: {', '.join(each.objectName() for each in passed)}")


def takes_tab(widget: QWidget) -> bool:
    """Whether Tab is to stop at a widget."""
    by_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return by_tab and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
