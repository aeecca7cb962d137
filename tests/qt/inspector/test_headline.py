"""The class of the selected photo is readable in a narrow panel and in large letters."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.photo_state import PhotoFacts
from flowersorter.ui.inspector.inspector import HEADLINE_SCALES, Inspector
from flowersorter.workers.thumbnail_pool import Wanted


def test_a_long_word_gets_smaller_letters_and_pushes_nothing_out_of_view(qtbot: QtBot) -> None:
    inspector = Inspector(Mock())
    qtbot.addWidget(inspector)
    font = inspector.font()
    font.setPointSizeF(2 * font.pointSizeF())
    inspector.setFont(font)
    inspector.resize(230, 600)
    inspector.show()

    def show(name: str) -> QFontMetrics:
        facts = PhotoFacts(label=name, by_person=True)
        inspector.show_place(Wanted(1, 0, Path("a.jpg")), None, "no photo", facts)
        inspector._say(name)
        page = inspector.widget()
        assert page is not None
        assert page.minimumSizeHint().width() <= inspector.viewport().width()
        return inspector.headline.fontMetrics()

    usual = show("rose").height()
    metrics = show("dandelions")
    assert metrics.horizontalAdvance("dandelions") <= inspector.viewport().width()
    assert metrics.height() < usual
    assert show("rose").height() == usual
    assert list(HEADLINE_SCALES) == sorted(HEADLINE_SCALES, reverse=True)
    inspector.shutdown()
