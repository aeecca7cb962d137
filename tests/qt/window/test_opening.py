"""Opening: dropped and named folders and photos, several at once, and the options of their scan."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.photos.scanning.scan_options import ScanOptions
from flowersorter.ui.filing.sort_dialog import SortDialog
from flowersorter.ui.grid.scan_options_dialog import ScanOptionsDialog
from flowersorter.vision.dataset_shift.accuracy_estimation import AccuracyEstimate
from tests.qt.program import draw_folder, idle, running


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos")) as running_program:
        idle(running_program, qtbot)
        yield running_program


def drop(window: QWidget, urls: list[QUrl]) -> bool:
    mime = QMimeData()
    mime.setUrls(urls)
    copy, left, plain = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(window.rect().center(), copy, mime, left, plain)
    QApplication.sendEvent(window, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(window.rect().center()), copy, mime, left, plain)
        QApplication.sendEvent(window, event)
    return enter.isAccepted()


def scan_options_of(program: Program) -> ScanOptionsDialog:
    dialog = program.window.findChild(ScanOptionsDialog)
    assert isinstance(dialog, ScanOptionsDialog)
    return dialog


def test_what_is_dropped_is_looked_for_off_the_thread_of_the_window(
    program: Program, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive that is away takes minutes to answer."""
    away, asked, stat = draw_folder(tmp_path / "away", 1), list[str](), Path.stat

    def note(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.is_relative_to(away):
            asked.append(threading.current_thread().name)
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", note)
    assert drop(program.window, [QUrl.fromLocalFile(str(away))])
    qtbot.waitUntil(lambda: program.window.folder.roots == (away,))
    idle(program, qtbot)
    program.window.actions_by_name["scan_options"].trigger()
    scan_options_of(program).reject()
    program.window.actions_by_name["sort"].trigger()
    qtbot.waitUntil(lambda: bool(program.window.findChildren(SortDialog)))
    (dialog,) = program.window.findChildren(SortDialog)
    dialog.destination.setText(str(away / "not" / "there"))
    chosen: list[str] = []

    def choose(_parent: QWidget, _title: str, start: str) -> str:
        chosen.append(start)
        return ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    QTest.mouseClick(dialog.browse_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: chosen == [str(away)])
    dialog.reject()
    idle(program, qtbot)
    assert asked
    assert threading.main_thread().name not in asked


def test_all_dropped_folders_and_photos_are_opened(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    other, photos = draw_folder(tmp_path / "other", 1), tmp_path / "photos"
    some = [photos / f"IMG_00{number}_red.jpg" for number in range(3)]
    (photos / "notes.txt").touch()

    def opened(*paths: Path) -> int:
        assert drop(program.window, [QUrl.fromLocalFile(str(path)) for path in paths])
        idle(program, qtbot)
        return program.photos.rowCount()

    assert opened(other) == 4
    assert program.window.folder.roots == (other,)
    assert opened(*some, photos / "notes.txt") == 3
    assert list(program.photos.columns.paths) == some
    assert program.window.windowTitle().startswith("IMG_000_red.jpg, IMG_001_red.jpg and 1 more")
    assert opened(photos, other) == 23
    assert opened(other, some[0]) == 5
    assert not drop(program.window, [QUrl("https://example.org/flowers")])
    recent = [Path(each.text()).name for each in program.window.actions_by_name.recent_menu.actions()]
    assert recent == ["other", "photos"]
    assert opened(photos / "notes.txt") == 19


def test_several_folders_are_open_again_after_a_restart(tmp_path: Path, qtbot: QtBot) -> None:
    folder, other = draw_folder(tmp_path / "photos", 1), draw_folder(tmp_path / "other", 1)
    photo = other / "IMG_000_red.jpg"
    with running(tmp_path / "collection", qtbot) as program:
        program.window.open_folder((folder, photo))
        idle(program, qtbot)
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        assert program.window.folder.roots == (folder, photo)
        assert program.photos.rowCount() == 5
        program.window.actions_by_name["sort"].trigger()
        dialog = program.window.findChild(SortDialog)
        assert isinstance(dialog, SortDialog)
        dialog.destination.setText(str(tmp_path / "sorted"))
        qtbot.waitUntil(lambda: dialog.plan is not None)
        assert dialog.plan is not None
        assert len(dialog.plan.files) + len(dialog.plan.skipped) == 5
        dialog.reject()
        idle(program, qtbot)


def test_the_scan_options_are_used_at_once_told_and_remembered(tmp_path: Path, qtbot: QtBot) -> None:
    folder = draw_folder(tmp_path / "photos", 1)
    draw_folder(folder / "drafts", 1)
    (folder / "far").symlink_to(draw_folder(tmp_path / "elsewhere", 1))
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert program.photos.rowCount() == 8
        assert "Left out: links to other folders: 1." in program.window.job_bar.message.text()

        [link] = [link for link in program.window.job_bar.links if link.text() == "Scan options"]
        link.click()
        dialog = scan_options_of(program)
        assert (dialog.recursive.isChecked(), dialog.follow_links.isChecked()) == (True, False)
        dialog.exclude.setPlainText("drafts\n\n  *_red.jpg ")
        dialog.ok_button.click()
        idle(program, qtbot)

        assert program.photos.rowCount() == 3
        said = program.window.job_bar.message.text()
        assert "Left out: excluded folders: 1, excluded photos: 1, links to other folders: 1." in said
    with running(tmp_path / "collection", qtbot) as program:
        idle(program, qtbot)
        assert program.photos.rowCount() == 3
        program.window.actions_by_name["scan_options"].trigger()
        dialog = scan_options_of(program)
        assert dialog.options == ScanOptions(("drafts", "*_red.jpg"))
        dialog.exclude.clear()
        dialog.recursive.setChecked(False)
        dialog.accept()
        idle(program, qtbot)
        assert program.photos.rowCount() == 4


def test_a_folder_on_which_fewer_suggestions_are_right_says_so(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = AccuracyEstimate(200, 0.838, 0.954, 0.31, differs=True, sure_from=0.99, agreed_only=True)
    monkeypatch.setattr("flowersorter.workflows.predicting.predict_folder.find_accuracy", lambda *_: (estimate, False))
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", 1)) as program:
        idle(program, qtbot)
        said = program.window.job_bar.message.text()
        assert said.startswith("4 photos")
        assert "About 84 of 100 suggestions are right here, usually 95" in said
