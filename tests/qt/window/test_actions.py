"""The actions of the window: each has a handler and stands in a menu."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMetaMethod
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.ui.window.action_specs import BUTTONS_WITH_TEXT, MENUS, SPECS, TOOLBAR
from flowersorter.ui.window.actions import Actions
from tests.qt.program import running

FILLED_LATER = ("recent_menu", "collections_menu", "assign_menu")
NAMES = [spec.name for spec in SPECS]


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def actions(window: QMainWindow) -> Actions:
    return Actions(window, QWidget(window))


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot) as made:
        yield made


def ignore(*_arguments: object) -> None:
    """A handler that does nothing."""


def test_an_action_without_a_handler_is_refused_by_name(actions: Actions) -> None:
    for forgotten in NAMES:
        with pytest.raises(LookupError, match=rf"without a handler: \['{forgotten}'\]"):
            actions.connect_to({name: ignore for name in NAMES if name != forgotten})


def test_a_handler_without_an_action_is_refused_by_name(actions: Actions) -> None:
    with pytest.raises(LookupError, match=r"without an action: \['fly'\]"):
        actions.connect_to(dict.fromkeys([*NAMES, "fly"], ignore))


def test_every_action_calls_its_handler_once(actions: Actions) -> None:
    called: list[str] = []
    actions.connect_to({name: lambda *_state, name=name: called.append(name) for name in NAMES})
    for action in actions.all():
        action.trigger()
    assert called == NAMES


def test_every_action_of_the_real_window_is_connected(program: Program) -> None:
    actions = program.window.actions_by_name
    dead = [
        action.objectName()
        for action in actions.all()
        if not action.isSignalConnected(
            QMetaMethod.fromSignal(action.toggled if action.isCheckable() else action.triggered)
        )
    ]
    assert dead == []


def test_menus_and_toolbar_name_actions_that_exist_and_every_action_is_in_one_menu() -> None:
    in_menus = [entry for _, _, entries in MENUS for entry in entries if entry and entry not in FILLED_LATER]
    assert sorted(in_menus) == sorted(NAMES)
    assert set(TOOLBAR) - {"", "<>"} <= set(NAMES)
    assert set(BUTTONS_WITH_TEXT) <= set(TOOLBAR)
