"""Messages about many photos: the number, and the first few with their reasons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from flowersorter.sorting.plan import Skipped
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.shared.session import MessageSink
from flowersorter.ui.shared.status_bar import StatusBar


def test_of_many_photos_that_stay_the_first_are_named(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    sink = MessageSink(window, StatusBar())
    qtbot.addWidget(sink.bar)
    sink.complain_not_undone([])
    assert window.findChild(ErrorDialog) is None
    sink.complain_not_undone([Skipped(Path(f"/sorted/{number}.jpg"), "it has changed") for number in range(15)])
    box = window.findChild(ErrorDialog)
    assert box is not None
    assert box.said[0] == "Not undone: 15 photos"
    assert box.said[1].splitlines() == [
        *(f"• {number}.jpg: it has changed" for number in range(5)),
        "and 10 more.",
    ]
    box.close()
