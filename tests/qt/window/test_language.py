"""The window in another language: every text in it comes from the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.messages import set_translations
from flowersorter.translations import LOCALE_FOLDER, Catalogue
from flowersorter.ui.shared.qt_translator import CatalogTranslator
from flowersorter.ui.window.action_specs import MENUS, SPECS
from flowersorter.ui.window.empty_state import _short
from tests.language import Language
from tests.qt.program import draw_folder, idle, running, stored

#: Puts every template into brackets.
PSEUDO = Language(lambda template: f"⟦{template}⟧")


@pytest.fixture
def pseudo_language(qapp: QApplication) -> Iterator[None]:
    translator = CatalogTranslator(PSEUDO, qapp)
    set_translations(PSEUDO)
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)
    set_translations(None)


def texts(top: QWidget) -> Iterator[tuple[str, str]]:
    """Every text of a window that a person can see, with the name of what shows it."""
    yield type(top).__name__, top.windowTitle() if not isinstance(top, QMainWindow) else ""
    for widget in top.findChildren(QWidget):
        name = f"{type(widget).__name__} {widget.objectName()}"
        yield name + " tip", widget.toolTip()
        yield name + " accessible", widget.accessibleName()
        match widget:
            case QLabel() | QAbstractButton():
                yield name, widget.text()
            case QGroupBox():
                yield name, widget.title()
            case QLineEdit() | QPlainTextEdit():
                yield name, widget.placeholderText()
            case QComboBox():
                yield from ((name, widget.itemText(index)) for index in range(widget.count()))
            case QTabWidget():
                yield from ((name, widget.tabText(index)) for index in range(widget.count()))
            case _:
                pass
    for action in top.findChildren(QAction):
        yield f"action {action.objectName()}", action.text()
        yield f"action {action.objectName()} tip", action.toolTip()


#: Not in a catalogue: names of the person's files, of programs, networks and licences, keys and units, and languages in
#: themselves.
OWN_WORDS = re.compile(
    r"\b(IMG_\d+\w*|jpg|broken|FlowerSorter|Ctrl|Shift|Alt|Del|Space|Enter|Esc|MB|px"
    r"|English|Deutsch|Res[nN]et|MIT|BSD|Qt|Python|PySide\d|PyTorch|OpenVINO|torchvision|Pillow|NumPy|SQLite|pillow-heif|libheif|V2|v2)\b"
)


def untranslated(top: QWidget, *own: str) -> set[str]:
    """The texts with words that no catalogue gave, apart from these names of the person's own."""
    found = set()
    for name, text in texts(top):
        rest = re.sub(r"<[^>]*>", " ", text)
        for word in own:
            rest = rest.replace(word, " ")
        while (without := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:  # from the inside out
            rest = without
        if re.search(r"[^\W\d_]{2}", OWN_WORDS.sub(" ", rest)):
            found.add(f"{name}: {text}")
    return found


@pytest.mark.usefixtures("pseudo_language")
def test_the_window_has_no_english_text_beside_the_catalogue(tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        assert not untranslated(program.window)
        folder = draw_folder(tmp_path / "photos")
        program.window.open_folder(folder)
        idle(program, qtbot)
        own = [str(folder), _short(folder), *(each.name for each in stored(program).classes.all())]
        assert not untranslated(program.window, *own)
        program.window.grid.setCurrentIndex(program.window.grid.model().index(0, 0))
        for action in ("large_view", "compare"):
            program.window.actions_by_name[action].trigger()
            idle(program, qtbot)
        assert not untranslated(program.window.large.view, *own)


@pytest.mark.parametrize("file", [None, *sorted(LOCALE_FOLDER.glob("*.po"))], ids=lambda file: file and file.stem)
def test_a_letter_opens_one_entry_of_a_menu(file: Path | None) -> None:
    translated = Catalogue.read(file).gettext if file is not None else str
    names = {spec.name: spec.text for spec in SPECS}
    names |= {"recent_menu": "Open &recent", "collections_menu": "Recent collec&tions", "assign_menu": "&Assign to"}
    menus = {name: [names[entry] for entry in entries if entry] for name, _, entries in MENUS}
    for name, texts in {"the menus": [text for _, text, _ in MENUS], **menus}.items():
        letters = [found[1].casefold() for text in texts if (found := re.search(r"&([^\W_])", translated(text)))]
        assert sorted(letters) == sorted(set(letters)), name


DIALOGS = ("new_collection", "new_class", "preferences", "history", "sort", "models", "about", "help")


@pytest.mark.usefixtures("pseudo_language")
@pytest.mark.parametrize("action", DIALOGS)
def test_no_dialog_has_an_english_text_beside_the_catalogue(action: str, tmp_path: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        folder = draw_folder(tmp_path / "photos")
        program.window.open_folder(folder)
        idle(program, qtbot)
        program.window.grid.setCurrentIndex(program.window.grid.model().index(0, 0))
        classes = [each.name for each in stored(program).classes.all()]
        found = opened_by(program, action, qtbot, lambda dialog: untranslated(dialog, str(folder), *classes))
        assert found == set()


def opened_by(program: Program, action: str, qtbot: QtBot, inspect: Callable[[QWidget], set[str]]) -> set[str] | None:
    """Trigger an action, and inspect and close the window that opens."""
    found: list[set[str]] = []

    def look() -> None:
        others = [each for each in QApplication.topLevelWidgets() if each.isVisible() and each is not program.window]
        if not others:
            QTimer.singleShot(1, look)
            return
        found.append(inspect(others[0]))
        others[0].close()

    QTimer.singleShot(0, look)
    program.window.actions_by_name[action].trigger()
    qtbot.waitUntil(lambda: bool(found))
    return found[0]
