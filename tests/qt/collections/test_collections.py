"""Two collections side by side: new, open and recent ones, each in a window of its own; what is none is refused."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.errors import CollectionLocked
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.locations import recent_collections_file, usual_collection
from flowersorter.library.files.recent_collections import RecentCollections, check_can_be_opened, is_collection
from flowersorter.ui.collections import collections_controller as controller
from flowersorter.ui.collections.collection_dialog import NewCollectionDialog
from flowersorter.ui.collections.collections_controller import command_for, open_window
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from tests.qt.dialogs import when_asked
from tests.qt.program import draw_folder, idle, running
from tests.stub_network import open_colour_network


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "flowers", qtbot) as started:
        idle(started, qtbot)
        yield started


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The collections a second program was started for; none is."""
    collections: list[Path] = []

    def note(collection: Path) -> bool:
        collections.append(collection)
        return True

    monkeypatch.setattr(controller, "open_window", note)
    return collections


def choose(monkeypatch: pytest.MonkeyPatch, folder: Path | None) -> None:
    """Answer the next question for a folder."""
    answer = "" if folder is None else str(folder)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_rest: answer)


def made(folder: Path) -> Path:
    CollectionStore.open(folder).close()
    return folder


def said(program: Program) -> tuple[str, str, str]:
    box = next(each for each in program.window.findChildren(ErrorDialog) if each.isVisible())
    box.close()
    return box.said


def menu(program: Program, qtbot: QtBot) -> list[tuple[str, bool]]:
    """The entries of the menu, once the drives have answered."""
    listed = program.window.actions_by_name.collections_menu
    listed.aboutToShow.emit()
    qtbot.waitUntil(lambda: not program.window.collections.is_asking)
    return [(action.text().partition("   ")[0], action.isChecked()) for action in listed.actions()]


def open_chosen(program: Program, qtbot: QtBot) -> None:
    """Choose "Open collection", and wait for the answer of its drive."""
    program.window.actions_by_name["open_collection"].trigger()
    qtbot.waitUntil(lambda: not program.window.collections.is_asking)


# -- a new one


def test_a_new_collection_is_made_beside_this_one_and_opens_in_its_own_window(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    def write(dialog: NewCollectionDialog) -> None:
        assert not dialog.ok_button.isEnabled()
        QTest.keyClicks(dialog.field, "Mushrooms: north/south")
        assert "Mushrooms_ north_south" in dialog.place.text()
        QTest.keyClick(dialog.field, Qt.Key.Key_Return)
        qtbot.waitUntil(dialog.isHidden)

    when_asked(NewCollectionDialog, write)
    program.window.actions_by_name["new_collection"].trigger()
    idle(program, qtbot)
    collection = tmp_path / "Mushrooms_ north_south"
    assert launched == [collection]
    assert is_collection(collection)
    assert "opens in a new window" in program.window.job_bar.message.text()
    assert menu(program, qtbot) == [("flowers", True), ("Mushrooms_ north_south", False)]


def test_a_new_collection_can_start_without_classes(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    def write(dialog: NewCollectionDialog) -> None:
        QTest.keyClicks(dialog.field, "Moths")
        dialog.empty.click()
        QTest.keyClick(dialog.field, Qt.Key.Key_Return)
        qtbot.waitUntil(dialog.isHidden)

    when_asked(NewCollectionDialog, write)
    program.window.actions_by_name["new_collection"].trigger()
    idle(program, qtbot)
    assert launched == [tmp_path / "Moths"]
    with contextlib.closing(CollectionStore.open(tmp_path / "Moths")) as made:
        engine = Engine(made, open_colour_network)
        predict_folder(engine, PredictFolderRequest(draw_folder(tmp_path / "moths", 1)), silent, CancelToken())
        assert not made.classes.all(), "the starter model suggests none of its classes"


def test_a_place_that_will_not_do_is_said_while_it_is_typed(
    program: Program, launched: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "IMG_1.jpg").touch()
    messages: list[str] = []

    def write(dialog: NewCollectionDialog) -> None:
        for name in ("photos", "flowers"):
            dialog.field.clear()
            QTest.keyClicks(dialog.field, name)
            qtbot.waitUntil(lambda: not dialog.is_checking)
            messages.append(dialog.message.text)
            QTest.keyClick(dialog.field, Qt.Key.Key_Return)
            assert dialog.isVisible()
        choose(monkeypatch, tmp_path / "elsewhere")
        QTest.mouseClick(dialog.where_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: dialog.message.text == "")
        assert dialog.folder == tmp_path / "elsewhere" / "flowers"

    when_asked(NewCollectionDialog, write)
    program.window.actions_by_name["new_collection"].trigger()
    idle(program, qtbot)
    assert messages[0] == "The folder is not empty. Choose another name, or an empty folder."
    assert messages[1].startswith("It is a collection already.")
    assert launched == []
    assert [each.name for each in (tmp_path / "photos").iterdir()] == ["IMG_1.jpg"]


def test_a_collection_that_cannot_be_made_is_said_in_a_sentence(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "file").touch()

    def write(dialog: NewCollectionDialog) -> None:
        QTest.keyClicks(dialog.field, "new")
        qtbot.waitUntil(lambda: not dialog.is_checking)
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "something").touch()  # somebody was quicker
        dialog.accept()

    when_asked(NewCollectionDialog, write)
    program.window.actions_by_name["new_collection"].trigger()
    idle(program, qtbot)
    assert said(program)[1] == "The folder is not empty."
    assert launched == []


# -- one that is there


def test_another_collection_is_opened_and_remembered(
    program: Program, launched: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    mushrooms = made(tmp_path / "mushrooms & more")
    choose(monkeypatch, mushrooms)
    open_chosen(program, qtbot)
    assert launched == [mushrooms]
    assert menu(program, qtbot) == [("flowers", True), ("mushrooms && more", False)]
    program.window.actions_by_name.collections_menu.actions()[1].trigger()
    qtbot.waitUntil(lambda: not program.window.collections.is_asking)
    assert launched == [mushrooms, mushrooms]


def test_what_is_no_collection_is_refused(
    program: Program, launched: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    photos = draw_folder(tmp_path / "photos", 1)
    choose(monkeypatch, photos)
    open_chosen(program, qtbot)
    what, why, hint = said(program)
    assert what == f"The folder {photos} is not a collection"
    assert why
    assert "Open folder" in hint
    assert launched == []
    choose(monkeypatch, None)
    open_chosen(program, qtbot)
    assert not program.queue.busy


def test_a_collection_that_is_open_elsewhere_is_refused_politely(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, tmp_path / "mushrooms")
    with CollectionStore.open(tmp_path / "mushrooms"):
        open_chosen(program, qtbot)
        idle(program, qtbot)
        assert "is already open" in said(program)[0]
    choose(monkeypatch, program.collection.folder)
    open_chosen(program, qtbot)
    assert program.window.job_bar.message.text() == "The collection “flowers” is already open in this window."
    assert launched == []


def test_a_collection_that_another_window_has_open_is_brought_forward_while_this_one_stays_usable(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, object]] = []

    def take(collection: Path, roots: object) -> bool:
        assert threading.current_thread() is not threading.main_thread()
        asked.append((collection, roots))
        return True

    monkeypatch.setattr("flowersorter.ui.collections.collections_controller.hand_over", take)
    choose(monkeypatch, tmp_path / "mushrooms")
    with CollectionStore.open(tmp_path / "mushrooms"):
        open_chosen(program, qtbot)
        idle(program, qtbot)
    assert asked == [(tmp_path / "mushrooms", ())]
    assert launched == []


def test_a_second_window_that_cannot_be_started_is_said(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    choose(monkeypatch, made(tmp_path / "mushrooms"))
    monkeypatch.setattr(QProcess, "startDetached", lambda *_rest: (False, 0))
    open_chosen(program, qtbot)
    assert said(program)[1] == "A second window could not be started."
    assert menu(program, qtbot) == [("flowers", True)]


def test_a_drive_that_is_gone_takes_its_collection_from_the_menu(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    RecentCollections(recent_collections_file()).remember(made(tmp_path / "mushrooms"))
    assert len(menu(program, qtbot)) == 2
    (tmp_path / "mushrooms").rename(tmp_path / "away")
    assert menu(program, qtbot) == [("flowers", True)]


def test_no_disk_is_asked_in_the_thread_of_the_window(
    program: Program, launched: list[Path], tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive that is away takes minutes to answer."""
    away, asked, stat = made(tmp_path / "away"), list[str](), Path.stat

    def note(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.is_relative_to(away):
            asked.append(threading.current_thread().name)
        return stat(path, follow_symlinks=follow_symlinks)

    def write(dialog: NewCollectionDialog) -> None:
        QTest.keyClicks(dialog.field, "inside")
        QTest.keyClick(dialog.field, Qt.Key.Key_Return)  # before the answer: it is taken when that comes
        qtbot.waitUntil(dialog.message.isVisible)
        dialog.reject()

    RecentCollections(recent_collections_file()).remember(away)
    monkeypatch.setattr(Path, "stat", note)
    assert menu(program, qtbot) == [("flowers", True), ("away", False)]
    choose(monkeypatch, away)
    open_chosen(program, qtbot)
    assert launched == [away]
    monkeypatch.setattr(type(program.window.collections), "_usual_place", lambda _self: away)
    when_asked(NewCollectionDialog, write)
    program.window.actions_by_name["new_collection"].trigger()
    idle(program, qtbot)
    assert asked
    assert threading.main_thread().name not in asked


# -- which one is which


def test_the_title_names_folder_and_collection(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    assert program.window.windowTitle() == "flowers – FlowerSorter"
    program.window.open_folder(draw_folder(tmp_path / "holiday", 1))
    idle(program, qtbot)
    assert program.window.windowTitle() == "holiday – flowers – FlowerSorter"


def test_who_has_one_collection_is_not_told_its_name(tmp_path: Path, qtbot: QtBot) -> None:
    with running(usual_collection(), qtbot) as program:
        idle(program, qtbot)
        assert program.window.windowTitle() == "FlowerSorter"
        RecentCollections(recent_collections_file()).remember(made(tmp_path / "mushrooms"))
        assert program.window.collections.title(Path("/photos")) == "photos – My collection – FlowerSorter"
        several = tuple(map(Path, ("/a", "/b/c", "/d.jpg")))
        assert program.window.collections.title(several[:2]) == "a, c – My collection – FlowerSorter"
        assert program.window.collections.title(several) == "a, c and 1 more – My collection – FlowerSorter"
        assert menu(program, qtbot) == [("My collection", True), ("mushrooms", False)]


@pytest.mark.skipif(sys.platform != "linux", reason="tells the other program where to note what it opened")
def test_a_second_program_really_opens_the_other_collection(
    program: Program, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mushrooms, started = made(tmp_path / "mushrooms"), list[int]()
    start = QProcess.startDetached

    def note(*arguments: object) -> object:
        result = start(*arguments)  # type: ignore[call-overload]
        started.append(result[1])
        return result

    monkeypatch.setattr(QProcess, "startDetached", note)
    assert open_window(mushrooms)
    try:
        # It notes what it opened. To try the lock until then could keep it from taking it.
        qtbot.waitUntil(lambda: mushrooms in RecentCollections(recent_collections_file()).all())
        assert is_open(mushrooms)
        assert is_open(program.collection.folder)  # and this one still is
    finally:
        os.kill(started[0], signal.SIGKILL)
    qtbot.waitUntil(lambda: not is_open(mushrooms))
    assert command_for(mushrooms)[-2:] == ["--collection", str(mushrooms)]


def is_open(collection: Path) -> bool:
    try:
        check_can_be_opened(collection)
    except CollectionLocked:
        return True
    return False


def test_asking_is_a_dialog_with_a_voice(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = NewCollectionDialog(tmp_path)
    qtbot.addWidget(dialog)
    assert isinstance(dialog, QDialog)
    for part in (dialog.field, dialog.where_button, dialog.ok_button, dialog.cancel_button):
        assert part.objectName()
        assert part.accessibleName()
