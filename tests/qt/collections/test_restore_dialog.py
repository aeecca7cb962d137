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
from flowersorter.errors import CollectionDamaged, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.restore import Backup, RestoreResult
from flowersorter.ui.collections.restore_dialog import RestoreDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from tests.qt.dialogs import when_asked

ERROR = CollectionDamaged("The library in /home/me/collection cannot be read", "database disk image is malformed")
FOUND = [
    Backup(Path("/g/1"), datetime(2026, 7, 3, 12, tzinfo=UTC), None),
    Backup(Path("/g/2"), datetime(2026, 7, 2, 12, tzinfo=UTC), 204),
    Backup(Path("/g/3"), datetime(2026, 7, 1, 12, tzinfo=UTC), 1),
]


@pytest.fixture
def dialog(qtbot: QtBot) -> RestoreDialog:
    made = RestoreDialog(ERROR, FOUND)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A collection whose library is rubbish, with backups."""
    collection = tmp_path / "collection"
    for name in ("red", "green", "blue"):
        with CollectionStore.open(collection) as opened:
            opened.classes.add(name)
    (collection / "library.sqlite").write_bytes(b"rubbish" * 4000)
    return collection


def press(dialog: RestoreDialog) -> None:
    QTest.mouseClick(dialog.restore_button, Qt.MouseButton.LeftButton)


def test_it_says_which_backups_there_are_and_which_is_put_back(dialog: RestoreDialog) -> None:
    lines = [dialog.findChild(QLabel, f"rescue_backup_{row}") for row in range(3)]
    assert [line.text() for line in lines if line is not None] == [
        "also damaged",
        "204 photos labelled; this backup will be restored",
        "1 photo labelled",
    ]
    assert "photos are safe" in dialog.means.text()
    assert dialog.restore_button.isDefault()


def test_a_problem_is_said_and_it_can_be_tried_again(dialog: RestoreDialog, qtbot: QtBot) -> None:
    dialog.show_problem(UserError("The backup could not be restored", "no space left on device"))
    assert dialog.message.text == "The backup could not be restored: no space left on device."
    with qtbot.waitSignal(dialog.restore_requested):
        press(dialog)


def test_what_was_done_is_said_before_the_window_opens(dialog: RestoreDialog, qtbot: QtBot) -> None:
    dialog.show_done(RestoreResult(FOUND[1], Path("/g/library-damaged.sqlite")))
    assert "204 photos labelled" in dialog.why.text()
    assert "library-damaged.sqlite" in dialog.means.text()
    assert not dialog.list.isVisible()
    with qtbot.waitSignal(dialog.accepted), qtbot.assertNotEmitted(dialog.restore_requested):
        press(dialog)


def test_the_newest_backup_is_put_back_and_opened(
    damaged: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(dialog: RestoreDialog) -> None:
        press(dialog)
        assert "library-damaged-" in dialog.means.text()
        press(dialog)

    when_asked(RestoreDialog, go)
    collection = app._opened(damaged, ())
    assert isinstance(collection, CollectionStore)
    with collection:
        assert {each.name for each in collection.classes.all()} == {"red", "green"}
    [kept] = damaged.glob("library-damaged-*")
    assert kept.read_bytes() == b"rubbish" * 4000
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "cannot be read" in said


def test_quitting_changes_nothing(damaged: Path, qtbot: QtBot) -> None:
    before = {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()}
    when_asked(RestoreDialog, lambda dialog: QTest.keyClick(dialog, Qt.Key.Key_Escape))
    assert app.run(["flowersorter"], (), damaged) == 1
    assert {path: path.read_bytes() for path in damaged.rglob("*") if path.is_file()} == before


def test_a_collection_that_is_open_elsewhere_is_one_sentence_in_the_terminal(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ErrorDialog, "exec", ErrorDialog.close)
    monkeypatch.setattr(app, "LOCKED_FOR_S", 0)
    with CollectionStore.open(tmp_path / "collection"):
        assert app.run(["flowersorter"], (), tmp_path / "collection") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
