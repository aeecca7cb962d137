"""Photos that arrive in the open folder are suggested by themselves, as long as the person wants that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.library.tables.settings import KEEP_WATCHING
from flowersorter.photos.scanning import folder_watch
from flowersorter.ui.desktop.job_notifier import JobNotifier
from flowersorter.ui.shared.error_dialog import ErrorDialog
from flowersorter.ui.watching import watch_controller
from tests.drawing import BLUE, RED, textured, write_jpeg
from tests.qt.program import draw_folder, idle, running


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are answered at once."""
    monkeypatch.setattr(watch_controller, "QUIET_S", 0.05)
    monkeypatch.setattr(folder_watch, "_TOGETHER_S", 0.0)
    often = {"check_every_s": 0.05, "scan_every_s": 300}
    monkeypatch.setattr(folder_watch.FolderWatch.__init__, "__kwdefaults__", often)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return draw_folder(tmp_path / "photos", 2)


@pytest.fixture
def program(tmp_path: Path, folder: Path, qtbot: QtBot) -> Iterator[Program]:
    with running(tmp_path / "collection", qtbot, folder) as made:
        idle(made, qtbot)
        yield made


def watch(program: Program, qtbot: QtBot) -> None:
    """Switch it on, and wait until it hears of changes."""
    program.window.actions_by_name["keep_watching"].trigger()
    made = program.window.watching._watch
    assert made is not None
    qtbot.waitUntil(lambda: all(each.watch is not None for each in made._watched.values()))
    idle(program, qtbot)
    qtbot.waitUntil(lambda: not program.window.watching._quiet.isActive())
    idle(program, qtbot)


def arrive(folder: Path, *numbers: int) -> None:
    for number in numbers:
        write_jpeg(folder / "new" / f"NEW_{number}.jpg", textured((96, 72), (RED, BLUE)[number % 2], 100 + number))


def said(program: Program) -> str:
    return str(program.window.job_bar.message.text())


def test_photos_that_arrive_are_suggested_and_counted(program: Program, folder: Path, qtbot: QtBot) -> None:
    watch(program, qtbot)
    (folder / "new").mkdir()
    arrive(folder, 1)
    qtbot.waitUntil(lambda: said(program) == "1 new photo.")
    arrive(folder, 2, 3)
    qtbot.waitUntil(lambda: said(program) == "3 new photos.")
    idle(program, qtbot)
    columns = program.photos.columns
    new = [row for row, name in enumerate(columns.names) if "NEW_" in name]
    assert len(new) == 3
    assert (columns.photo_ids[new] > 0).all(), "they were read"
    assert (columns.verdicts[new] > 0).all(), "and predicted"
    program.window.job_bar.links[0].click()
    assert program.photos.photo_count == 3
    assert sorted(program.photos.filter.places or ()) == sorted(columns.place_ids[new].tolist())


def test_the_choice_is_remembered_and_an_opened_folder_is_watched(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    watch(program, qtbot)
    qtbot.waitUntil(lambda: program.collection.settings.get(KEEP_WATCHING))
    other = draw_folder(tmp_path / "others", 1)
    first = program.window.watching._watch
    program.window.open_folder(other)
    idle(program, qtbot)
    second = program.window.watching._watch
    assert second is not first
    assert second is not None
    assert list(second._watched) == [other]
    program.window.actions_by_name["keep_watching"].trigger()
    assert program.window.watching._watch is None
    qtbot.waitUntil(lambda: not program.collection.settings.get(KEEP_WATCHING))  # it is written in a thread
    assert "F5" in said(program)


def test_a_program_that_watched_watches_again(tmp_path: Path, folder: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        watch(program, qtbot)
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert program.window.actions_by_name["keep_watching"].isChecked()
        assert program.window.watching._watch is not None


def test_photos_that_came_while_the_program_was_closed_are_counted(tmp_path: Path, folder: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert "New since last time" not in said(program), "a folder is not new to itself"
    (folder / "new").mkdir()
    arrive(folder, 1, 2, 3)
    shutil.copy2(folder / "new" / "NEW_1.jpg", folder / "copy.jpg")
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert "New since last time: 4." in said(program)
        [link] = [each for each in program.window.job_bar.links if each.text() == "Show the new ones"]
        link.click()
        assert program.photos.photo_count == 4
    with running(tmp_path / "collection", qtbot, folder) as program:
        idle(program, qtbot)
        assert "New since last time" not in said(program)
        renamed = folder / "new" / "NEW_1.jpg"
        renamed.rename(folder / "renamed.jpg")
        program.window.open_folder(folder)
        idle(program, qtbot)
        assert "New since last time" not in said(program), "it was known under another name"


def test_nothing_is_scanned_while_it_is_off(program: Program, folder: Path, qtbot: QtBot) -> None:
    assert program.window.watching._watch is None
    (folder / "new").mkdir()
    arrive(folder, 1)
    watch(program, qtbot)  # finds what came before
    qtbot.waitUntil(lambda: said(program) == "1 new photo.")


def test_a_drive_that_vanishes_is_said_once_and_its_photos_stay(
    program: Program, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ErrorDialog, "exec", lambda *_: pytest.fail("a dialog that nobody asked for"))
    watch(program, qtbot)
    count = program.photos.photo_count
    folder.rename(tmp_path / "away")
    qtbot.waitUntil(lambda: str(folder) in said(program) or "no longer there" in said(program))
    idle(program, qtbot)
    assert program.photos.photo_count == count
    (tmp_path / "away" / "new").mkdir()
    arrive(tmp_path / "away", 1)
    (tmp_path / "away").rename(folder)
    qtbot.waitUntil(lambda: said(program) == "1 new photo.")


def test_a_person_in_another_program_is_notified(
    program: Program, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(JobNotifier, "_tell", lambda _self, text: told.append(text))
    monkeypatch.setattr(type(program.window), "isActiveWindow", lambda _self: False)
    watch(program, qtbot)
    (folder / "new").mkdir()
    arrive(folder, 1)
    qtbot.waitUntil(lambda: told == ["1 new photo."])


def test_a_copy_that_arrives_takes_nothing_from_the_selection(tmp_path: Path, folder: Path, qtbot: QtBot) -> None:
    with running(tmp_path / "collection", qtbot, folder, stacks=True) as program:
        idle(program, qtbot)
        watch(program, qtbot)
        grid, columns = program.window.grid, program.photos.columns
        row = next(row for row, name in enumerate(columns.names) if name.endswith("000_red.jpg"))
        place = int(columns.place_ids[row])
        tile = program.photos.tile_of(place)
        with qtbot.waitSignal(grid.selection_settled):
            grid.select_places(tile)
        shutil.copy(folder / "IMG_000_red.jpg", folder / "AAA_copy.jpg")
        qtbot.waitUntil(lambda: len(program.photos.columns) == len(columns) + 1)
        idle(program, qtbot)
        assert grid.selected_places() == tile
        assert program.photos.photo_count == len(columns) + 1
        with qtbot.waitSignal(grid.selection_settled):
            grid.clearSelection()
        program.photos.rearrange()
        joined = program.photos.tile_of(place)
        assert set(tile) < set(joined), "it joins once nobody is at it"


def test_a_photo_that_is_renamed_is_not_new(program: Program, folder: Path, qtbot: QtBot) -> None:
    watch(program, qtbot)
    with qtbot.waitSignal(program.window.folder.labelled, timeout=30_000):
        next(folder.glob("*_red.jpg")).rename(folder / "renamed.jpg")
    idle(program, qtbot)
    assert "new" not in said(program)
    (folder / "new").mkdir()
    arrive(folder, 1)
    qtbot.waitUntil(lambda: said(program) == "1 new photo.")


def test_the_photos_of_the_first_scan_are_not_new(
    tmp_path: Path, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "collection", qtbot) as program:
        watching = program.window.watching
        watching.set_watching(True)
        program.window.open_folder(folder)
        watching._on_changed()  # as while the card is still being copied
        qtbot.waitUntil(lambda: program.window.folder.complete)
        idle(program, qtbot)
        assert program.photos.photo_count > 0
        assert "new" not in said(program)
