"""What macOS asks to be opened arrives as events, one for each file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.engine import Engine
from tests.qt.program import draw_folder, idle
from tests.stub_network import open_colour_network

ROOT = Path(__file__).parents[3]
#: There can be one application in a process.
_TWO_FILES = """
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from flowersorter.ui.desktop.application import Application
application = Application(["flowersorter"])
application.open_requested.connect(lambda paths: (print([path.name for path in paths]), application.quit()))
for name in ("one", "two"):
    application.sendEvent(application, QFileOpenEvent(QUrl.fromLocalFile("/photos/" + name)))
application.exec()
"""


def test_files_that_are_chosen_together_are_opened_together() -> None:
    command = [sys.executable, "-c", _TWO_FILES]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)
    assert done.stdout == "['one', 'two']\n"


def test_the_window_opens_them_whether_it_is_there_already_or_not(tmp_path: Path, qtbot: QtBot) -> None:
    first, second = draw_folder(tmp_path / "first"), draw_folder(tmp_path / "second")
    program = Program(Engine(CollectionStore.open(tmp_path / "collection"), open_colour_network), preload=False)
    try:
        program.start()
        program.open_roots((first,))
        assert not program.begun
        qtbot.waitUntil(lambda: program.begun)
        idle(program, qtbot)
        assert {Path(path).parent for path in program.photos.columns.paths} == {first}
        program.open_roots((second,))
        idle(program, qtbot)
        assert {Path(path).parent for path in program.photos.columns.paths} == {second}
    finally:
        program.window.close()
        program.window.deleteLater()
