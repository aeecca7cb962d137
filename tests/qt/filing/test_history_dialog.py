"""The history: every run, and a question before one is undone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.domain.journal import Entry, EntryState, Run, RunState, Volume
from flowersorter.ui.filing.history import history_dialog
from flowersorter.ui.filing.history.history_dialog import HistoryDialog
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.shared.widgets import button
from flowersorter.workflows.filing.history import RunPhoto


def run(
    run_id: int,
    state: RunState = RunState.DONE,
    *,
    mode: str = "copy",
    photos: int = 292,
    undone: int = 0,
    failed: int = 0,
    source: Path | None = Path("/photos"),
) -> Run:
    """A run into /sorted."""
    at = f"2026-07-{run_id:02}T12:00:00+00:00"
    destination = Path(f"/sorted {run_id}")
    drives = {destination: Volume(Path("/"), 1, 1)}
    return Run(run_id, mode, source, destination, at, at, state, photos, undone, failed, volumes=drives)


RUNS = [
    run(9, failed=3),
    run(8, RunState.PARTLY_UNDONE, mode="move", photos=40, undone=12),
    run(7, RunState.UNDONE, mode="link", photos=1, undone=1, source=None),
    run(6, RunState.CANCELLED, photos=120),
    run(5, RunState.OPEN),
    run(4, photos=0),
]


@pytest.fixture
def dialog(qtbot: QtBot) -> HistoryDialog:
    made = HistoryDialog(RUNS)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.open()
    return made


def _pick(dialog: HistoryDialog, row: int) -> None:
    item = dialog.list.topLevelItem(row)
    assert item is not None
    place = dialog.list.visualItemRect(item).center()
    QTest.mouseClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def _question(dialog: HistoryDialog) -> QMessageBox:
    box = dialog.findChild(QMessageBox, "undo_run_question")
    assert box is not None
    return box


def _texts(dialog: HistoryDialog, column: int) -> list[str]:
    items = (dialog.list.topLevelItem(row) for row in range(dialog.list.topLevelItemCount()))
    return [item.text(column) for item in items if item is not None]


def test_no_button_is_cut_off_when_narrow_however_long_its_text(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another language they may be twice as long."""

    def longer(parent: QWidget, name: str, text: str, tip: str = "") -> QPushButton:
        return button(parent, name, text * 2, tip)

    monkeypatch.setattr(history_dialog, "button", longer)
    dialog = HistoryDialog(RUNS)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.open()
    dialog.resize(dialog.minimumSize())
    QApplication.processEvents()
    buttons = [each for each in dialog.findChildren(QPushButton) if each.isVisible()]
    assert len(buttons) == 4
    assert [each.text() for each in buttons if each.width() < each.sizeHint().width()] == []


def test_every_run_says_what_it_did(dialog: HistoryDialog) -> None:
    assert _texts(dialog, 1) == [f"/sorted {each.id}" for each in RUNS]
    assert _texts(dialog, 2) == [
        "292 photos copied, 3 failed",
        "40 photos moved",
        "1 photo linked",
        "120 photos copied",
        "292 photos copied",
        "0 photos copied",
    ]
    assert _texts(dialog, 3) == ["Done", "12 of 40 undone", "Undone", "Stopped", "Not finished", "Done"]


def test_only_what_was_filed_and_is_not_undone_can_be_undone(dialog: HistoryDialog) -> None:
    can = []
    for row in range(len(RUNS)):
        _pick(dialog, row)
        can.append(dialog.undo_button.isEnabled())
    assert can == [True, True, False, True, False, False]


def test_a_stopped_sort_that_cannot_be_continued_says_why(dialog: HistoryDialog) -> None:
    stuck = dataclasses.replace(RUNS[3], waiting=3, touched=120, volumes={})
    beside = dataclasses.replace(RUNS[3], id=5, waiting_beside=2, touched=120)
    dialog.show_runs([stuck, beside])
    assert _texts(dialog, 3) == ["Stopped", "Stopped, 2 left"]
    item = dialog.list.topLevelItem(0)
    assert item is not None
    assert item.toolTip(3) == (
        "Stopped early. Photos already sorted stay and can be undone. It cannot be continued: the drive that it "
        "sorted to is not known; an earlier version may have begun it. Sort the folder again"
    )
    assert not dialog.resume_button.isVisible()
    _pick(dialog, 1)
    assert dialog.resume_button.isVisible()


def test_a_stopped_sort_can_go_on(qtbot: QtBot) -> None:
    stopped = dataclasses.replace(RUNS[3], waiting=1234, touched=120)
    assert stopped.state == RunState.CANCELLED
    dialog = HistoryDialog([RUNS[0], stopped])
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.open()
    _pick(dialog, 0)
    assert not dialog.resume_button.isVisible()
    _pick(dialog, 1)
    assert _texts(dialog, 3) == ["Done", f"Stopped, {QLocale().toString(1234)} left"]
    with qtbot.waitSignal(dialog.resume_requested) as asked:
        QTest.mouseClick(dialog.resume_button, Qt.MouseButton.LeftButton)
    assert asked.args == [stopped.id]


def test_undo_asks_first(dialog: HistoryDialog, qtbot: QtBot) -> None:
    _pick(dialog, 1)
    QTest.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
    box = _question(dialog)
    assert "28 photos" in box.informativeText()
    assert "/sorted 8" in box.informativeText()
    default = box.defaultButton()
    assert default is box.button(QMessageBox.StandardButton.Cancel)
    yes = box.findChild(QAbstractButton, "undo_run_button")
    assert yes is not None
    with qtbot.waitSignal(dialog.undo_requested) as asked:
        QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert asked.args == [8]


def test_enter_or_escape_at_the_question_undoes_nothing(dialog: HistoryDialog, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape):
        with qtbot.assertNotEmitted(dialog.undo_requested):
            QTest.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
            box = _question(dialog)
            with qtbot.waitSignal(box.destroyed):
                QTest.keyClick(box, key)


def test_the_folder_is_opened(dialog: HistoryDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    _pick(dialog, 2)
    QTest.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)
    assert opened == [QUrl.fromLocalFile("/sorted 7")] * 2


def test_a_folder_that_is_gone_is_said(dialog: HistoryDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: False)
    dialog.show_button.click()
    box = dialog.findChild(ErrorDialog)
    assert box is not None
    assert "cannot be opened" in box.what.text()
    box.close()


def test_new_states_keep_the_picked_run(dialog: HistoryDialog) -> None:
    _pick(dialog, 3)
    dialog.show_runs([run(10), *RUNS])
    assert dialog.selected is not None
    assert dialog.selected.id == 6


def test_without_runs_it_says_so(qtbot: QtBot) -> None:
    dialog = HistoryDialog([])
    qtbot.addWidget(dialog)
    dialog.open()
    assert dialog.empty.isVisible()
    assert not dialog.list.isVisible()
    assert not dialog.undo_button.isVisible()
    assert dialog.selected is None
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# -- the photos of a run


def photo(
    number: int,
    state: EntryState = EntryState.DONE,
    *,
    error: str | None = None,
    action: str = "copy",
    moved_on_by: int | None = None,
) -> RunPhoto:
    """A photo of run 9."""
    source, target = Path(f"/photos/IMG_{number}.jpg"), Path(f"/sorted 9/daisy/IMG_{number}.jpg")
    entry = Entry(number, 9, None, "daisy", action, source, target, None, 10, b"", 0, state, error)
    return RunPhoto(entry, moved_on_by, state is EntryState.DONE and moved_on_by is None)


PHOTOS = [
    photo(1),
    photo(2),
    photo(3, EntryState.UNDONE),
    photo(4, EntryState.FAILED, error="no space left on device"),
    photo(5, EntryState.NOTED, action="Already there"),
    photo(6, EntryState.NOTED, action="duplicate"),
    photo(7, EntryState.CANCELLED),
    photo(8, EntryState.DONE, error="it has changed since it was sorted"),
    photo(9, moved_on_by=11),
    photo(10, EntryState.STARTED),
]


def _pick_photos(dialog: HistoryDialog, *rows: int) -> None:
    modifier = Qt.KeyboardModifier.NoModifier
    for row in rows:
        place = dialog.photos.visualRect(dialog.photos.rows.index(row, 0)).center()
        QTest.mouseClick(dialog.photos.viewport(), Qt.MouseButton.LeftButton, modifier, place)
        modifier = Qt.KeyboardModifier.ControlModifier


def test_photos_are_asked_for_when_somebody_looks(qtbot: QtBot) -> None:
    dialog = HistoryDialog(RUNS)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(dialog.photos_requested) as shown:
        dialog.open()
    assert shown.args == [9]
    with qtbot.waitSignal(dialog.photos_requested) as selected:
        _pick(dialog, 1)
    assert selected.args == [8]
    dialog.show_photos(9, PHOTOS)  # comes too late: another run is picked
    assert dialog.photos.rows.rowCount() == 0


def test_every_photo_says_what_became_of_it(dialog: HistoryDialog) -> None:
    rows = dialog.photos.rows
    tester = QAbstractItemModelTester(rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    dialog.show_photos(9, PHOTOS)
    del tester
    assert [rows.index(row, 2).data() for row in range(rows.rowCount())] == [
        "Sorted",
        "Sorted",
        "Undone",
        "Could not be sorted: no space left on device",
        "Already there",
        "Duplicate, sorted once",
        "Not reached",
        "Sorted; it has changed since it was sorted",
        "Sorted, then moved by a later sort",
        "Not finished",
    ]
    assert [rows.index(0, column).data() for column in (0, 1)] == ["IMG_1.jpg", "daisy"]
    assert "/sorted 9/daisy/IMG_1.jpg" in rows.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert dialog.heading.text() == "10 photos in this sort"


def test_a_part_of_a_run_is_undone_after_asking(dialog: HistoryDialog, qtbot: QtBot) -> None:
    dialog.show_photos(9, PHOTOS)
    assert not dialog.undo_photos_button.isEnabled()
    _pick_photos(dialog, 2, 3)  # neither is filed
    assert not dialog.undo_photos_button.isEnabled()
    _pick_photos(dialog, 0, 1, 2, 8)
    QTest.mouseClick(dialog.undo_photos_button, Qt.MouseButton.LeftButton)
    box = _question(dialog)
    assert box.text().startswith("Undo 2 photos of the sort from")
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    yes = box.findChild(QAbstractButton, "undo_run_button")
    assert yes is not None
    with qtbot.waitSignal(dialog.undo_photos_requested) as asked, qtbot.assertNotEmitted(dialog.undo_requested):
        QTest.mouseClick(yes, Qt.MouseButton.LeftButton)
    assert asked.args == [9, (1, 2)]


def test_the_folder_of_the_picked_photo_is_opened(dialog: HistoryDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toLocalFile())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    dialog.show_photos(9, PHOTOS)
    for row in (0, 2):
        _pick_photos(dialog, row)
        QTest.mouseClick(dialog.show_button, Qt.MouseButton.LeftButton)
    QTest.keyClick(dialog.photos, Qt.Key.Key_Return)
    assert opened == ["/sorted 9/daisy", "/photos", "/photos"]


def test_a_run_that_moved_filed_photos_on_says_so(qtbot: QtBot) -> None:
    one = Run(3, "move", Path("/sorted"), Path("/sorted"), RUNS[0].started_at, None, RunState.DONE, 12, 0, 0)
    dialog = HistoryDialog([one])
    qtbot.addWidget(dialog)
    dialog.open()
    assert _texts(dialog, 2) == ["12 photos moved to another class"]
    dialog.undo_button.click()
    text = _question(dialog).informativeText()
    assert "12 photos will move back to the previous class folder in /sorted. The labels stay." in text
