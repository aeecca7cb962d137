"""Light and dark grounds for tests that look at colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

Role = QPalette.ColorRole
_DARK = {
    Role.Window: "#2b2b2b",
    Role.WindowText: "#f0f0f0",
    Role.Base: "#1f1f1f",
    Role.AlternateBase: "#272727",
    Role.Text: "#f0f0f0",
    Role.Button: "#3a3a3a",
    Role.ButtonText: "#f0f0f0",
    Role.Highlight: "#308cc6",
    Role.HighlightedText: "#ffffff",
}


def dark() -> QPalette:
    """A palette as desktops show it in the evening."""
    palette = QPalette(QColor("#3a3a3a"), QColor("#2b2b2b"))
    for role, colour in _DARK.items():
        palette.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#808080"))
    return palette


def light() -> QPalette:
    """The style's own palette."""
    return QApplication.style().standardPalette()


@contextmanager
def shown_on(palette: QPalette) -> Iterator[QPalette]:
    """Let the program use this palette for a while."""
    before = QApplication.palette()
    QApplication.setPalette(palette)
    try:
        yield palette
    finally:
        QApplication.setPalette(before)
