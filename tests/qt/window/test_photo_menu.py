"""The menu of a photo: by right click and by key, with what can be done to the selected photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.label import LabelOrigin
from flowersorter.ui.grid.photo_columns import PseudoClass
from flowersorter.ui.window.photo_menu import ClassMenu
from tests.qt.program import draw_folder, idle, places, running, stored, tile

MOUSE, KEY = QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", 3)) as made:
        idle(made, qtbot)
        yield made


def menu_at(program: Program, at: QPoint, reason: QContextMenuEvent.Reason = MOUSE) -> QMenu | None:
    """Ask for the menu there, as the window system does; the menu that opens."""
    grid = program.window.grid
    target = grid.viewport() if reason == MOUSE else grid
    QApplication.sendEvent(target, QContextMenuEvent(reason, at, target.mapToGlobal(at)))
    shown = QApplication.activePopupWidget()
    assert shown is None or isinstance(shown, QMenu)
    return shown


def enabled(menu: QMenu) -> set[str]:
    return {action.objectName().removeprefix("photo_") for action in menu.actions() if action.isEnabled()} - {""}


def test_a_right_click_selects_and_offers_only_what_can_be_done(program: Program, qtbot: QtBot) -> None:
    grid, [first, second, *_] = program.window.grid, places(program, "red")
    grid.select_places([first])
    menu = menu_at(program, tile(program, second))
    assert menu is not None
    assert grid.selected_places() == [second]
    assert {"not_mine", "dont_know", "new_class", "show_similar", "show_in_folder", "copy_path"} <= enabled(menu)
    assert "clear_label" not in enabled(menu)
    menu.close()
    broken = places(program, "broken")
    menu = menu_at(program, tile(program, broken[0]))
    assert menu is not None
    assert not {"confirm", "reject", "not_mine", "show_similar"} & enabled(menu)
    menu.close()
    grid.select_places([first, second])
    menu = menu_at(program, tile(program, first))
    assert menu is not None
    assert grid.selected_places() == [first, second]
    assert "show_similar" not in enabled(menu)
    menu.close()
    assert menu_at(program, grid.viewport().rect().bottomRight() - QPoint(3, 3)) is None


def test_the_menu_key_answers_and_assigns(program: Program, qtbot: QtBot) -> None:
    grid, [first, *_] = program.window.grid, places(program, "red")
    grid.select_places([first])
    menu = menu_at(program, QPoint(), KEY)
    assert menu is not None
    classes = menu.findChild(ClassMenu)
    assert classes is not None
    menu.setActiveAction(classes.menuAction())
    QTest.keyClick(classes, Qt.Key.Key_T)
    QTest.keyClick(classes, Qt.Key.Key_U)
    assert classes.activeAction().text() == "tulips"
    QTest.keyClick(classes, Qt.Key.Key_Return)
    idle(program, qtbot)
    tulips = stored(program).classes.find("tulips")
    assert tulips is not None
    assert [label.class_id for label in stored(program).labels.all().values()] == [tulips.id]
    grid.select_places([first])
    menu = menu_at(program, QPoint(), KEY)
    assert menu is not None
    assert "confirm" not in enabled(menu)
    for action in menu.actions():
        if action.objectName() == "photo_clear_label":
            action.trigger()
    menu.close()
    idle(program, qtbot)
    assert not stored(program).labels.all()
    assert program.session.undo_stack.count() == 2


def test_similar_photos_are_shown_most_similar_first_until_another_order_or_class_is(
    program: Program, qtbot: QtBot
) -> None:
    window, grid, [red, *_] = program.window, program.window.grid, places(program, "red")
    grid.select_places([red])
    window.actions_by_name["show_similar"].trigger()
    qtbot.waitUntil(lambda: window.header.title.text() == "Similar photos")
    shown = [program.photos.wanted(row).place_id for row in range(program.photos.rowCount())]
    reds = set(places(program, "red"))
    assert shown[0] == red
    assert set(shown[: len(reds)]) == reds
    assert grid.selected_places() == [red]
    assert window.header.order.currentIndex() == -1
    window.labels.assign([shown[1]], window.classes.classes[0].id)
    assert [program.photos.wanted(row).place_id for row in range(len(shown))] == shown
    window.filter.show(int(PseudoClass.ALL))
    assert window.header.order.currentText() == "By name"
    assert program.photos.rowCount() == len(program.photos.columns)
    idle(program, qtbot)


def test_paths_are_copied_and_a_photo_answered_with_its_buttons(program: Program, qtbot: QtBot) -> None:
    window, chosen = program.window, places(program, "red")[:2]
    window.grid.select_places(chosen)
    window.actions_by_name["copy_path"].trigger()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied == [str(program.photos.path_of(place_id)) for place_id in chosen]
    count = program.session.undo_stack.count()
    window.selection.confirm_place(chosen[0])
    window.selection.reject_place(chosen[1])
    idle(program, qtbot)
    assert program.session.undo_stack.count() <= count + 2
    assert window.grid.selected_places() == chosen
    assert all(label.origin is LabelOrigin.PERSON for label in stored(program).labels.all().values())
