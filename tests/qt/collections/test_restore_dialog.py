"""A damaged library at the start: what is said, what is put back, and that quitting changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from flowersorter import app
from flowersorter.errors import GardenDamaged, UserError
from flowersorter.library.collection import Garden
from flowersorter.library.database.restore import Backup, Rescue
from flowersorter.ui.collections.restore_dialog import RescueDialog
from flowersorter.ui.shared.error_dialog import ErrorBox
from tests.qt.dialogs import when_asked

ERROR = GardenDamaged("The library in /home/me/garden cannot be read", "database disk image is malformed")
FOUND = [
    Backup(Path("/g/1"), datetime(2026, 7, 3, 12, tzinfo=UTC), None),
    Backup(Path("/g/2"), datetime(2026, 7, 2, 12, tzinfo=UTC), 204),
    Backup(Path("/g/3"), datetime(2026, 7, 1, 12, tzinfo=UTC), 1),
]


@pytest.fixture
def dialog(qtbot: QtBot) -> RescueDialog:
    made = RescueDialog(ERROR, FOUND)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A garden whose library is rubbish, with backups."""
    garden = tmp_path / "garden"
    for name in ("red", "green", "blue"):
        with Garden.open(garden) as opened:
            opened.classes.add(name)
    (garden / "library.sqlite").write_bytes(b"rubbish" * 4000)
    return garden


def press(dialog: RescueDialog) -> None:
    QTest.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)


def test_it_says_which_backups_there_are_and_which_is_put_back(dialog: RescueDialog) -> None:
    lines = [dialog.findChild(QLabel, f"rescue_backup_{row}") for row in range(3)]
    assert [line.text() for line in lines if line is not None] == [
        "damaged, too",
        "204 photos labelled; this one is put back",
        "1 photo labelled",
    ]
    assert "photos are untouched" in dialog.means.text()
    assert dialog.restore_button.isDefault()


def test_a_problem_is_said_and_it_can_be_tried_again(dialog: RescueDialog, qtbot: QtBot) -> None:
    dialog.show_problem(UserError("The backup could not be restored", "no space left on device"))
    assert dialog.message.text == "The backup could not be restored: no space left on device."
    with qtbot.waitSignal(dialog.restore_requested):
        press(dialog)


def test_what_was_done_is_said_before_the_window_opens(dialog: RescueDialog, qtbot: QtBot) -> None:
    dialog.show_done(Rescue(FOUND[1], Path("/g/library-damaged.sqlite")))
    assert "204 photos labelled" in dialog.why.text()
    assert "library-damaged.sqlite" in dialog.means.text()
    assert not dialog.list.isVisible()
    with qtbot.waitSignal(dialog.accepted), qtbot.assertNotEmitted(dialog.restore_requested):
        press(dialog)


def test_the_newest_backup_is_put_back_and_opened(
    damaged: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(dialog: RescueDialog) -> None:
        press(dialog)
        assert "library-damaged-" in dialog.means.text()
        press(dialog)

    when_asked(RescueDialog, go)
    garden = app._opened(damaged)
    assert garden is not None
    with garden:
        assert {each.name for each in garden.classes.all()} == {"red", "green"}
    [kept] = damaged.glob("library-damaged-*")
    assert kept.read_bytes() == b"rubbish" * 4000
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be read" in said


def test_quitting_changes_nothing(damaged: Path, qtbot: QtBot) -> None:
    before = {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()}
    when_asked(RescueDialog, lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    assert app.run(["flowersorter"], None, damaged) == 1
    assert {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()} == before


def test_a_garden_that_is_open_elsewhere_is_one_sentence_in_the_terminal(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ErrorBox, "exec", ErrorBox.close)
    with Garden.open(tmp_path / "garden"):
        assert app.run(["flowersorter"], None, tmp_path / "garden") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
