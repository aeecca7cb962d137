"""Naming, merging and deleting classes: what is refused and why, and that nothing happens without consent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.errors import ClassRefused
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.classes import ClassTable
from flowersorter.ui.classes.class_dialogs import (
    Commit,
    NameDialog,
    ask_for_name,
    ask_merge_target,
    ask_to_delete,
)
from tests.qt.dialogs import when_asked

_T = TypeVar("_T")


@pytest.fixture
def classes(tmp_path: Path) -> Iterator[ClassTable]:
    with CollectionStore.open(tmp_path / "collection") as collection:
        for name in ("daisy", "roses & thorns"):
            collection.classes.add(name)
        yield collection.classes


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def typed(text: str, key: Qt.Key = Qt.Key.Key_Return) -> Callable[[NameDialog], None]:
    def action(dialog: NameDialog) -> None:
        dialog.field.clear()
        QTest.keyClicks(dialog.field, text)
        QTest.keyClick(dialog.field, key)

    return action


def at_once(call: Callable[[str], _T]) -> Commit[_T]:
    """Do in this thread what the window does in that of the library."""

    def commit(name: str, done: Callable[[_T], None], failed: Callable[[Exception], None]) -> None:
        try:
            result = call(name)
        except ClassRefused as refused:
            failed(refused)
        else:
            done(result)

    return commit


def checked(classes: ClassTable, photo_class: PhotoClass) -> Commit[str]:
    return at_once(lambda name: classes.check_name(photo_class.id, name))


def names(classes: ClassTable) -> list[str]:
    return [each.name for each in classes.all()]


# -- a new class


def test_a_typed_name_and_enter_make_a_class(window: QWidget, classes: ClassTable) -> None:
    when_asked(NameDialog, typed("  tulips "))
    made = ask_for_name(window, classes.all(), at_once(classes.add), 3)
    assert made is not None
    assert made.name == "tulips"
    assert names(classes) == ["daisy", "roses & thorns", "tulips"]


def test_escape_makes_nothing(window: QWidget, classes: ClassTable) -> None:
    when_asked(NameDialog, typed("tulips", Qt.Key.Key_Escape))
    assert ask_for_name(window, classes.all(), at_once(classes.add), 0) is None
    assert len(names(classes)) == 2


def test_it_says_how_many_photos_go_in(window: QWidget, classes: ClassTable) -> None:
    said: list[str] = []

    def look(dialog: NameDialog) -> None:
        said.append(dialog.note.text())

    for photos in (0, 1, 12):
        when_asked(NameDialog, look)
        ask_for_name(window, classes.all(), at_once(classes.add), photos)
    assert said == ["", "1 photo will be added.", "12 photos will be added."]


def test_it_says_which_folder_a_class_gets_where_that_is_not_its_name(window: QWidget, classes: ClassTable) -> None:
    said: list[tuple[str, bool]] = []

    def look(dialog: NameDialog) -> None:
        for name in ("tulips", "tea/hybrid"):
            dialog.field.setText(name)
            said.append((dialog.message.text, dialog.ok_button.isEnabled()))

    when_asked(NameDialog, look)
    ask_for_name(window, classes.all(), at_once(classes.add), 0)
    assert said == [("", True), ("A sort puts the class “tea/hybrid” into the folder “tea_hybrid”.", True)]


def test_a_name_that_is_taken_is_refused_while_it_is_typed(window: QWidget, classes: ClassTable) -> None:
    seen: list[tuple[str, bool]] = []

    def action(dialog: NameDialog) -> None:
        assert not dialog.ok_button.isEnabled()  # nothing is typed yet
        for letter in "DAISYx":
            QTest.keyClicks(dialog.field, letter)
            seen.append((dialog.message.text, dialog.ok_button.isEnabled()))
            if letter == "Y":
                QTest.keyClick(dialog.field, Qt.Key.Key_Return)
                assert dialog.isVisible()
                assert dialog.message.isVisible()

    when_asked(NameDialog, action)
    assert ask_for_name(window, classes.all(), at_once(classes.add), 0) is None
    assert seen == [*[("", True)] * 4, ("There is already a class named “daisy”.", False), ("", True)]


def test_a_name_refused_after_all_says_why_and_can_be_mended(
    window: QWidget, classes: ClassTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, tries = classes.add, []

    def refuse_once(name: str) -> object:
        tries.append(name)
        if len(tries) == 1:
            raise ClassRefused("The class name cannot be used", "it holds characters that cannot be displayed")
        return add(name)

    def mend(dialog: NameDialog) -> None:
        typed("worse")(dialog)
        assert "characters that cannot be displayed" in dialog.message.text
        assert not dialog.ok_button.isEnabled()
        typed("better")(dialog)

    monkeypatch.setattr(classes, "add", refuse_once)
    when_asked(NameDialog, mend)
    made = ask_for_name(window, classes.all(), at_once(classes.add), 0)
    assert made is not None
    assert (made.name, tries) == ("better", ["worse", "better"])


# -- merging


def test_merging_lists_the_others_and_enter_alone_does_nothing(window: QWidget, classes: ClassTable) -> None:
    daisy, roses = classes.all()
    tulips = classes.add("tulips")
    listed: list[str] = []

    def look(dialog: QDialog) -> None:
        choice = dialog.findChild(QComboBox, "merge_choice")
        assert choice is not None
        listed.extend(choice.itemText(at) for at in range(choice.count()))
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        assert not dialog.isVisible()

    when_asked(QDialog, look)
    assert ask_merge_target(window, daisy, [roses, tulips], 4) is None
    assert listed == ["roses & thorns", "tulips"]


def test_the_chosen_class_is_told(window: QWidget, classes: ClassTable) -> None:
    daisy, roses = classes.all()
    tulips = classes.add("tulips")

    def action(dialog: QDialog) -> None:
        choice = dialog.findChild(QComboBox, "merge_choice")
        merge = dialog.findChild(QPushButton, "merge_ok_button")
        assert choice is not None
        assert merge is not None
        QTest.keyClick(choice, Qt.Key.Key_Down)
        QTest.mouseClick(merge, Qt.MouseButton.LeftButton)

    when_asked(QDialog, action)
    assert ask_merge_target(window, daisy, [roses, tulips], 4) == tulips.id


# -- deleting


@pytest.mark.parametrize(
    ("labels", "said"),
    [(0, ""), (1, "1 photo goes back to its suggestion. "), (7, "7 photos go back to their suggestions. ")],
)
def test_deleting_says_what_is_lost_and_cancel_is_the_default(
    window: QWidget, classes: ClassTable, labels: int, said: str
) -> None:
    texts: list[str] = []

    def look(dialog: QMessageBox) -> None:
        texts.append(dialog.informativeText())
        QTest.keyClick(dialog, Qt.Key.Key_Return)

    when_asked(QMessageBox, look)
    assert not ask_to_delete(window, classes.all()[0], labels)
    assert texts == [f"{said}The photos themselves stay where they are."]


def test_deleting_says_that_filed_photos_stay(window: QWidget, classes: ClassTable) -> None:
    texts: list[str] = []
    when_asked(QMessageBox, lambda box: texts.append(box.informativeText()))
    ask_to_delete(window, classes.all()[0], 0, 12)
    assert texts[0].endswith("stay where they are. This includes photos you have sorted into folders (12 photos).")


def test_deleting_needs_its_own_button(window: QWidget, classes: ClassTable) -> None:
    def action(dialog: QMessageBox) -> None:
        delete = dialog.findChild(QAbstractButton, "delete_class_button")
        assert delete is not None
        QTest.mouseClick(delete, Qt.MouseButton.LeftButton)

    when_asked(QMessageBox, action)
    assert ask_to_delete(window, classes.all()[0], 0)
