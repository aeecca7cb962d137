"""The window as a screen reader knows it: the tree of its accessible objects, with names, roles, states and actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import (
    QAccessible,
    QAccessibleActionInterface,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QAccessibleInterface,
)
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.ui.shared import announcement
from flowersorter.ui.shared.widgets import plain
from tests.qt.keyboard import takes_tab

Role, Text = QAccessible.Role, QAccessible.Text
#: Of a list of photos so many are walked through.
_MOST_ITEMS = 60
#: Hold others, part them, or are pictures beside a text that says the same; a screen reader passes over them.
_WITHOUT_NAME = {
    Role.Border,
    Role.Client,
    Role.Graphic,
    Role.Grip,
    Role.Grouping,
    Role.LayeredPane,
    Role.Pane,
    Role.ScrollBar,
    Role.Separator,
    Role.Splitter,
    Role.Whitespace,
}
#: Besides what it does, each of these has an action by which it does it.
_PRESSED = {Role.Button, Role.CheckBox, Role.RadioButton, Role.MenuItem, Role.PageTab}


def interface(widget: QWidget) -> QAccessibleInterface:
    """The accessible object of a widget."""
    found = QAccessible.queryAccessibleInterface(widget)
    assert found is not None, widget
    return found


def announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are sent to the screen reader from now on."""
    heard: list[str] = []

    def update(event: QAccessibleEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            heard.append(event.message())

    monkeypatch.setattr(announcement, "QAccessible", SimpleNamespace(updateAccessibility=update))
    return heard


def objects(top: QWidget) -> Iterator[QAccessibleInterface]:
    """Every accessible object of a window that a person can see, the window first."""
    yield from within(interface(top))


def within(one: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """Every object in an object that a person can see, itself first."""
    yield one
    for number in range(min(one.childCount(), _MOST_ITEMS)):
        child = one.child(number)
        if child is not None and child.isValid() and not child.state().invisible:
            yield from within(child)


def name_of(one: QAccessibleInterface) -> str:
    """The words that a screen reader reads first."""
    return one.text(Text.Name)


def shortcomings(top: QWidget) -> set[str]:
    """Objects of a window without a name, a role or an action, and parts for the keyboard that are not in the tree."""
    found, met = set[str](), list[QObject | None]()
    for one in objects(top):
        thing, role, state = one.object(), one.role(), one.state()
        what = (
            f"{type(thing).__name__ if thing is not None else 'item'} {thing.objectName() if thing else ''} {role.name}"
        )
        met.append(thing)
        if not name_of(one).strip() and role not in _WITHOUT_NAME and not _is_empty(thing):
            found.add(f"no name: {what}")
        if isinstance(thing, QLabel) and not is_read_out(thing, name_of(one)):
            found.add(f"reads {name_of(one)!r}, shows {thing.text()!r}: {what}")
        if role == Role.NoRole:
            found.add(f"no role: {what}")
        if role == Role.ComboBox and not one.text(Text.Description):  # its name is the choice, on Linux
            found.add(f"no description: {what}")
        if role in _PRESSED and not state.disabled and not names(one):
            found.add(f"no action: {what}")
        if role == Role.EditableText and not state.readOnly and one.editableTextInterface() is None:
            found.add(f"no text to edit: {what}")
    parts = [each for each in top.findChildren(QWidget) if takes_tab(each) and each.window() is top]
    return found | {f"not in the tree: {each.objectName()}" for each in parts if each not in met}


def is_read_out(label: QLabel, name: str) -> bool:
    """Whether a name has all words that a label shows, as far as it shows them whole."""
    shown = plain(re.sub(r"<[^>]*>", " ", label.text()).replace("\u200b", ""))
    return set(re.findall(r"\w+", shown.partition("…")[0])) <= set(re.findall(r"\w+", name.replace("\u200b", "")))


def _is_empty(thing: QObject | None) -> bool:
    """Whether it is a label that says nothing now."""
    return isinstance(thing, QLabel) and not thing.text()


def names(one: QAccessibleInterface) -> list[str]:
    """The actions of an object."""
    return list(one.actionInterface().actionNames())


def find(top: QWidget, wanted: Callable[[QAccessibleInterface], bool], qtbot: QtBot) -> QAccessibleInterface:
    """The first accessible object of a window that passes a test, as soon as there is one."""
    found: list[QAccessibleInterface] = []

    def is_there() -> bool:
        found.extend(one for one in objects(top) if wanted(one))
        return bool(found)

    qtbot.waitUntil(is_there)  # a button that a screen reader presses is pressed a moment later
    return found[0]


def press(one: QAccessibleInterface) -> None:
    """Press a button, an entry of a menu or a tab."""
    one.actionInterface().doAction(QAccessibleActionInterface.pressAction())


def type_into(one: QAccessibleInterface, text: str) -> None:
    """Write into a field, in place of its text."""
    editable = one.editableTextInterface()
    editable.replaceText(0, len(one.text(Text.Value)), text)
