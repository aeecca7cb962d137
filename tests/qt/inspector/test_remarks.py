"""The remark on a file without its end stands beside the photo and below it where it is shown large."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.drawing import RED, jpeg_bytes, textured
from tests.qt.program import draw_folder, idle, places, running


def test_a_missing_end_is_remarked_in_the_inspector_and_the_large_view(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos", each=1)
    (folder / "IMG_0000_cut.jpg").write_bytes(jpeg_bytes(textured((96, 72), RED, 50))[:-2])
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        grid, inspector = program.window.grid, program.window.inspector
        shown = {}
        for part in ("cut", "red"):
            grid.select_places(places(program, part))
            idle(program, qtbot)
            shown[part] = inspector.facts.remark.text() if inspector.facts.remark.isVisible() else ""
            program.window.large.show()
            idle(program, qtbot)
            view = program.window.large.view
            assert ("the end of the file is missing" in view.header.suggestion.whole) == (part == "cut")
            QTest.keyClick(view, Qt.Key.Key_Escape)
        assert shown == {"cut": "The end of the file is missing", "red": ""}
