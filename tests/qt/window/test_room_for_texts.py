"""Texts have room in each language, and in one a third longer than English, in windows large and small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.messages import set_translations
from flowersorter.translations import LOCALE_FOLDER, Catalogue
from flowersorter.ui.shared.qt_translator import CatalogTranslator
from tests.language import Language, longer
from tests.qt.cut_off import cut_off
from tests.qt.program import draw_folder, idle, running
from tests.qt.window.test_language import DIALOGS, opened_by

SIZES = ((1280, 800), (800, 600))


@pytest.fixture(params=["longer", *sorted(file.stem for file in LOCALE_FOLDER.glob("*.po"))])
def _language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    is_pseudo = request.param == "longer"
    language = Language(longer) if is_pseudo else Catalogue.read(LOCALE_FOLDER / f"{request.param}.po")
    translator = CatalogTranslator(language, qapp)
    set_translations(language)
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)
    set_translations(None)


def settle() -> None:
    """Let the layout come to rest: a text that wraps changes the height, which changes the layout."""
    for _ in range(3):
        QApplication.processEvents()


@pytest.mark.usefixtures("_language")
def test_no_text_of_the_window_and_its_dialogs_is_cut_off(tmp_path: Path, qtbot: QtBot) -> None:
    found: dict[str, set[str]] = {}
    folder = draw_folder(tmp_path / "photos", 2)
    with running(tmp_path / "collection", qtbot) as program:
        window, actions = program.window, program.window.actions_by_name

        def look(step: str) -> None:
            idle(program, qtbot)
            for size in SIZES:
                window.resize(*size)
                settle()
                found[f"{step}, {size}"] = cut_off(window)

        look("nothing open")
        window.open_folder(folder)
        idle(program, qtbot)
        window.grid.setCurrentIndex(window.grid.model().index(0, 0))
        look("folder")
        for action in ("name_groups", "label_next"):
            actions[action].trigger()
            look(action)
        window.filter.show_all()
        idle(program, qtbot)
        window.grid.setCurrentIndex(window.grid.model().index(0, 0))

        def look_at_dialog(dialog: QWidget) -> set[str]:
            idle(program, qtbot)
            settle()
            return cut_off(dialog)

        for action in (*DIALOGS, "scan_options"):
            found[action] = opened_by(program, action, qtbot, look_at_dialog) or set()
            idle(program, qtbot)
    cut = [f"{step}: {text}" for step, texts in found.items() for text in sorted(texts)]
    assert not cut, "\n".join(cut)


def test_the_longer_language_keeps_fields_and_mnemonics() -> None:
    assert longer("&Open {0}…") == "&Opêñ {0} ñó…"
    assert longer("{name}: {reason}").startswith("{name}: {reason}")
