"""Text of twice the size stays whole, in a window of 1280 x 800 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.qt.cut_off import cut_off
from tests.qt.program import draw_folder, idle, running
from tests.qt.window.test_language import DIALOGS, opened_by
from tests.qt.window.test_room_for_texts import settle

SIZE = (1280, 800)


@pytest.fixture
def _twice_the_size(qapp: QApplication) -> Iterator[None]:
    usual = QApplication.font()
    larger = QApplication.font()
    larger.setPointSizeF(2 * usual.pointSizeF())
    QApplication.setFont(larger)
    yield
    QApplication.setFont(usual)


@pytest.fixture(params=["en", "de"])
def _language(request: pytest.FixtureRequest) -> None:
    if request.param == "de":
        request.getfixturevalue("german")


@pytest.mark.usefixtures("_twice_the_size", "_language")
def test_no_text_of_twice_the_size_is_cut_off(tmp_path: Path, qtbot: QtBot) -> None:
    found: dict[str, set[str]] = {}
    with running(tmp_path / "collection", qtbot) as program:
        window, actions = program.window, program.window.actions_by_name

        def look(state: str) -> None:
            idle(program, qtbot)
            window.resize(*SIZE)
            settle()
            found[state] = cut_off(window, elided=False)
            if window.size().toTuple() != SIZE:
                found[state].add(f"the window has {window.size().toTuple()}")

        look("nothing open")
        toolbar = actions.toolbar
        assert toolbar.iconSize().height() >= toolbar.fontMetrics().height(), "icons are as large as the text"
        assert window.empty.button.fontMetrics().height() > window.empty.hint.fontMetrics().height()
        window.open_folder(draw_folder(tmp_path / "photos", 2))
        idle(program, qtbot)
        window.grid.setCurrentIndex(window.grid.model().index(0, 0))
        look("folder")
        inspector = window.inspector
        page = inspector.widget()
        assert page is not None
        assert page.width() <= inspector.viewport().width(), "nothing is beyond its edge"
        actions["large_view"].trigger()
        look("large_view")
        window.large.close()

        def look_at_dialog(dialog: QWidget) -> set[str]:
            idle(program, qtbot)
            settle()
            return cut_off(dialog, elided=False)

        for action in (*DIALOGS, "scan_options"):
            idle(program, qtbot)
            found[action] = opened_by(program, action, qtbot, look_at_dialog) or set()
    assert [f"{state}: {text}" for state, texts in found.items() for text in sorted(texts)] == []
