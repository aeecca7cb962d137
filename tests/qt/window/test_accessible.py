"""The window for a screen reader: all that is to be seen is in its tree, with a name, a role and its actions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.verdict import Verdict
from flowersorter.errors import UserError
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.accessible import Role, find, name_of, press, shortcomings, type_into, within
from tests.qt.dialogs import when_asked
from tests.qt.program import class_named, draw_folder, idle, running, stored, suggest
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
    """Press the button of this name, once it can be pressed."""

    def is_it(one: QAccessibleInterface) -> bool:
        return one.role() == Role.Button and name_of(one) == name and not one.state().disabled

    press(find(window, is_it, qtbot))


def menu_entry(window: QWidget, menu: str, name: str, qtbot: QtBot, *further: str) -> None:
    """Choose an entry of a menu, or of the menus in it."""
    entry = entry_of(find(window, lambda one: one.role() == Role.MenuBar, qtbot), menu)
    for each in (name, *further):
        entry = entry_of(entry.child(0), each)
    press(entry)


def entry_of(menu: QAccessibleInterface, name: str) -> QAccessibleInterface:
    """The entry of this name."""
    return next(menu.child(at) for at in range(menu.childCount()) if name_of(menu.child(at)) == name)


def test_the_whole_job_by_a_screen_reader(tmp_path: Path, qtbot: QtBot) -> None:
    folder, sorted_to = draw_folder(tmp_path / "photos"), tmp_path / "sorted"
    with running(tmp_path / "collection", qtbot) as program:
        window = program.window

        # Open a folder.
        def choose_folder(dialog: QFileDialog) -> None:
            type_into(find(dialog, lambda one: one.role() == Role.EditableText, qtbot), str(folder))
            button(dialog, "Choose", qtbot)
            qtbot.waitUntil(lambda: not dialog.isVisible())

        when_asked(QFileDialog, choose_folder)
        button(window, "Open a folder of photos", qtbot)
        qtbot.waitUntil(lambda: program.photos.rowCount() == 19)
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

        # Check: the suggestions of a section are confirmed.
        columns, before = program.photos.columns, sum(labels(program).values())
        rows = np.flatnonzero((columns.label_ids == 0) & (columns.photo_ids > 0)).tolist()
        ruby, fern = (class_named(program, name) for name in ("ruby", "fern"))
        suggest(program, rows, Verdict.LIKELY, ruby, fern)
        idle(program, qtbot)
        button(window, f"Confirm all {len(rows)}, ruby, likely", qtbot)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == before + len(rows))
        idle(program, qtbot)

        # The photos say their class and their state, where they are, and can be selected. One was wrong.
        photos = find(window, lambda one: name_of(one) == "Photos" and one.role() == Role.List, qtbot)
        assert photos.childCount() == program.photos.rowCount()
        shown = [photos.child(at) for at in range(photos.childCount())]
        said = {name_of(one).partition(", ")[2] for one in shown}
        assert {"ruby, confirmed by you", "fern, confirmed by you"} <= said, said
        wrong = next(one for one in shown if "ruby, confirmed" in name_of(one))
        file = name_of(wrong).partition(", ")[0]
        photos.selectionInterface().select(wrong)
        assert wrong.state().selected
        assert len(window.grid.selected_places()) == 1
        # Qt frees the items at the next change of the list; PySide would take what lies there next for one of them.
        del photos, shown, wrong
        idle(program, qtbot)
        ferns = labels(program)["fern"]
        menu_entry(window, "Classes", "Assign to", qtbot, "fern")
        qtbot.waitUntil(lambda: labels(program)["fern"] == ferns + 1)
        idle(program, qtbot)
        find(window, lambda one: name_of(one).startswith(f"{file}, fern, confirmed by you"), qtbot)

        # An entry of the menu, and back.
        before = sum(labels(program).values())
        menu_entry(window, "Edit", "Not mine", qtbot)
        qtbot.waitUntil(lambda: sum(labels(program).values()) < before)
        idle(program, qtbot)
        button(window, "Undo", qtbot)
        qtbot.waitUntil(lambda: sum(labels(program).values()) == before)
        idle(program, qtbot)

        # Sort, and undo it.
        button(window, "Sort into folders…", qtbot)
        qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
        sheet = QApplication.activeModalWidget()
        assert isinstance(sheet, QWidget)
        type_into(find(sheet, lambda one: name_of(one) == "Folder for the class folders", qtbot), str(sorted_to))
        button(sheet, f"Copy {before} photos", qtbot)
        qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
        idle(program, qtbot)
        assert sum(1 for _ in sorted_to.rglob("*.jpg")) == before
        assert (sorted_to / "fern" / file).exists()

        def undo(dialog: QMessageBox) -> None:
            button(dialog, "Undo the sort", qtbot)
            qtbot.waitUntil(lambda: not dialog.isVisible())

        when_asked(QMessageBox, undo)
        menu_entry(window, "Edit", "Undo last sort…", qtbot)
        qtbot.waitUntil(lambda: not sorted_to.exists())
        idle(program, qtbot)
        assert len(list(folder.iterdir())) == 19


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
