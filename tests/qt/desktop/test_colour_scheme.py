"""The colours that the person chose, also on a desktop that Qt cannot ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from flowersorter.library.files.personal_settings import DARK, LIGHT, SYSTEM
from flowersorter.ui.desktop.colour_scheme import ColourScheme
from flowersorter.ui.shared import theme
from tests.qt.palettes import shown_on

Role = QPalette.ColorRole


@pytest.fixture
def scheme(qapp: QApplication) -> Iterator[ColourScheme]:
    with shown_on(QApplication.palette()):
        made = ColourScheme.of(qapp)
        yield made
        made.choose(SYSTEM)


def test_dark_and_light_are_shown_whatever_the_system_shows(scheme: ColourScheme) -> None:
    for colours in (DARK, LIGHT, DARK):
        scheme.choose(colours)
        assert scheme.chosen == colours
        assert theme.is_dark() == (colours == DARK)
        palette = QApplication.palette()
        for text, ground in ((Role.WindowText, Role.Window), (Role.Text, Role.Base), (Role.ButtonText, Role.Button)):
            assert theme.contrast(palette.color(text), palette.color(ground)) >= theme.READABLE
        muted = palette.color(Role.PlaceholderText)
        assert theme.contrast(muted, palette.color(Role.Window)) >= theme.READABLE


def test_the_systems_colours_come_back(scheme: ColourScheme) -> None:
    before = QApplication.palette().color(Role.Window)
    scheme.choose(DARK)
    assert QApplication.palette().color(Role.Window) != before
    scheme.choose(SYSTEM)
    assert QApplication.palette().color(Role.Window) == before


def test_there_is_one_for_an_application(qapp: QApplication, scheme: ColourScheme) -> None:
    assert ColourScheme.of(qapp) is scheme
