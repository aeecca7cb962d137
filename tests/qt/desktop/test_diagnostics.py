"""Help > Save diagnostics writes the report, and an error that nobody expected is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from flowersorter.library.files.log_file import logged, read_log
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.program import idle, running


def test_a_report_with_the_last_error_is_saved(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_rest: (str(file), ""))
    with logged(tmp_path / "collection"), running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        program.window.front.complain(IndexError("list index out of range"))
        assert "IndexError: list index out of range" in read_log(tmp_path / "collection")
        for box in program.window.findChildren(ErrorDialog):
            box.close()
        program.window.actions_by_name["save_diagnostics"].trigger()
        idle(program, qtbot)
        assert program.window.job_bar.message.text() == "Saved as report.txt."
    written = file.read_text(encoding="utf-8")
    assert "IndexError: list index out of range" in written
    assert str(tmp_path) not in written
