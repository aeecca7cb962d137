"""The window for a screen reader: all that is to be seen is in its tree, with a name, a role and its actions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.errors import UserError
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.accessible import Role, find, name_of, press, shortcomings, type_into, within
from tests.qt.program import draw_folder, idle, running, stored
from tests.qt.window.test_language import DIALOGS, opened_by


@pytest.fixture(autouse=True)
def screen_reader() -> Iterator[None]:
    """Qt tells of changes only where a screen reader runs."""
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def labels(program: Program) -> dict[str, int]:
    """Number of labels by class name."""
    names = {each.id: each.name for each in stored(program).classes.all()}
    return {names[class_id]: count for class_id, count in stored(program).labels.counts().items()}


def button(window: QWidget, name: str, qtbot: QtBot) -> None:
    """Press the button of this name."""
    press(find(window, lambda one: one.role() == Role.Button and name_of(one) == name, qtbot))


def menu_entry(window: QWidget, menu: str, name: str, qtbot: QtBot) -> None:
    """Choose an entry of a menu."""
    bar = find(window, lambda one: one.role() == Role.MenuBar, qtbot)
    title = next(bar.child(at) for at in range(bar.childCount()) if name_of(bar.child(at)) == menu)
    entries = title.child(0)
    press(next(entries.child(at) for at in range(entries.childCount()) if name_of(entries.child(at)) == name))


def test_groups_are_named_checked_and_confirmed_by_a_screen_reader(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos")
    with running(tmp_path / "collection", qtbot, folder) as program:
        window = program.window
        idle(program, qtbot)

        # The first folder's offer, then the first two groups: their class is written, and a button pressed.
        button(window, "Name my own classes", qtbot)
        qtbot.waitUntil(lambda: not stored(program).classes.all())
        idle(program, qtbot)
        for name in ("ruby", "fern"):
            header = find(window, lambda one: "look alike" in name_of(one) and one.role() == Role.Border, qtbot)
            count = int("".join(filter(str.isdigit, name_of(header).partition("look")[0])))
            type_into(next(one for one in within(header) if one.role() == Role.EditableText), name)
            press(next(one for one in within(header) if name_of(one) == f"Name {count} photos"))
            qtbot.waitUntil(lambda: labels(program).get(name) == count)  # noqa: B023
            idle(program, qtbot)

        # The photos say their class and their state, where they are, and can be selected.
        photos = find(window, lambda one: name_of(one) == "Photos" and one.role() == Role.List, qtbot)
        assert photos.childCount() == program.photos.rowCount()
        shown = [photos.child(at) for at in range(photos.childCount())]
        said = {name_of(one).partition(", ")[2] for one in shown}
        assert {"ruby, confirmed by you", "fern, confirmed by you"} <= said, said
        confirmed = next(one for one in shown if "confirmed" in name_of(one))
        photos.selectionInterface().select(confirmed)
        assert confirmed.state().selected
        assert len(window.grid.selected_places()) == 1
        # Qt frees the items at the next change of the list; PySide would take what lies there next for one of them.
        del photos, shown, confirmed

        # An entry of the menu, and back.
        idle(program, qtbot)
        before = sum(labels(program).values())
        menu_entry(window, "Edit", "Not mine", qtbot)
        qtbot.waitUntil(lambda: sum(labels(program).values()) < before)
        idle(program, qtbot)
        button(window, "Undo", qtbot)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == before)


def test_every_part_of_the_window_and_its_dialogs_has_a_name(tmp_path: Path, qtbot: QtBot) -> None:
    found: dict[str, set[str]] = {}
    with running(tmp_path / "collection", qtbot) as program:
        window, actions = program.window, program.window.actions_by_name

        def look(state: str) -> None:
            idle(program, qtbot)
            found[state] = shortcomings(window)

        look("nothing open")
        window.open_folder(draw_folder(tmp_path / "photos"))
        look("folder")
        window.grid.setCurrentIndex(window.grid.model().index(0, 0))
        look("selected")
        actions["assign_class"].trigger()
        look("assign_class")
        for action in ("compare", "heat_map"):
            actions[action].trigger()
            look(action)
        window.large.close()
        actions["label_next"].trigger()
        look("label_next")
        window.filter.show_all()
        for action in (*DIALOGS, "scan_options"):
            idle(program, qtbot)
            found[action] = opened_by(program, action, qtbot, shortcomings) or set()
        window.front.complain(UserError("It went wrong", "the disk is full", "Free some space."))
        (box,) = window.findChildren(ErrorDialog)
        found["error"] = shortcomings(box)
        box.close()
    assert [f"{state}: {each}" for state, texts in found.items() for each in sorted(texts)] == []
