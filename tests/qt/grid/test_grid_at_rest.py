"""The grid comes to rest with any number of photos: none makes the scroll bar come and go for ever."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.photo_model import PhotoModel
from tests.qt.fake_rows import rows

WIDTHS_PX = (380, 575, 690, 900)
MOST = 24
#: Far more turns of the event loop than it takes to lay out so few photos.
TURNS = 30


class Resizes(QObject):
    """Counts how often a widget gets another size."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Resize
        return super().eventFilter(watched, event)


def turn() -> None:
    for _ in range(TURNS):
        QApplication.processEvents()


def test_the_columns_do_not_change_because_the_scroll_bar_does(qtbot: QtBot) -> None:
    model = PhotoModel(lambda _wanted: None)
    grid = PhotoGrid(model)
    qtbot.addWidget(grid)
    grid.show()
    resizes = Resizes()
    restless = []
    for width in WIDTHS_PX:
        grid.resize(width, 500)
        for count in range(1, MOST + 1):
            model.set_rows(rows(count))
            turn()
            grid.viewport().installEventFilter(resizes)
            resizes.count = 0
            turn()
            grid.viewport().removeEventFilter(resizes)
            if resizes.count:
                restless.append((width, count))
    grid.rest()
    assert restless == []
