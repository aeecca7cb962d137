"""Parts that several windows share."""

from __future__ import annotations

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from flowersorter.ui.shared.widgets import ShortenedLabel


def painted(label: QLabel, width: int, qtbot: QtBot) -> QImage:
    qtbot.addWidget(label)
    label.resize(width, label.sizeHint().height())
    return label.grab().toImage()


def test_a_line_without_room_ends_in_dots(qtbot: QtBot) -> None:
    label = ShortenedLabel("All photos of the garden")
    whole = label.sizeHint().width()
    assert painted(label, whole, qtbot) == painted(QLabel(label.text()), whole, qtbot)
    assert painted(label, whole // 2, qtbot) != painted(QLabel(label.text()), whole // 2, qtbot)
    dots = label.fontMetrics().horizontalAdvance("…")
    assert painted(label, dots, qtbot) == painted(QLabel(""), dots, qtbot), "dots alone say nothing"
    assert label.text() == "All photos of the garden"
