"""A sort that is stopped offers to undo itself, not an earlier one; closing the window asks before it stops one."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.journal import EntryState, RunState
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.created_folders import require_device
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.runs import run_photos
from flowersorter.ui.filing.sort_dialog import SortChoices
from flowersorter.workers.throttle import RateLimit
from flowersorter.workflows.filing.sort import Include
from tests.qt.dialogs import when_asked, when_open
from tests.qt.program import class_named, draw_folder, idle, only_classes, places, running, stored
from tests.qt.window.test_whole_way import press_undo

EACH = 2


@pytest.fixture
def program(tmp_path: Path, qtbot: QtBot) -> Iterator[Program]:
    """Two labelled photos each of three classes."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", EACH)) as program:
        idle(program, qtbot)
        only_classes(program, "red", "green", "blue")
        for name in ("red", "green", "blue"):
            program.window.labels.assign(places(program, f"_{name}"), class_named(program, name))
        stored(program)
        yield program


class Held:
    """The events of a sort that is held."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()


@contextmanager
def holding(before: int) -> Iterator[Held]:
    """Hold a sort before its nth photo, or before the first step (0)."""
    held, checked = Held(), itertools.count()

    def hold(plan: SortPlan, files: FileSystem) -> None:
        if next(checked) == before:
            held.begun.set()
            held.gate.wait()
        require_device(plan, files)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run_photos, "require_device", hold)
        try:
            yield held
        finally:
            held.gate.set()


def sort(program: Program, destination: Path, qtbot: QtBot, until: Callable[[], bool]) -> None:
    """Sort the labelled photos as the dialog does."""
    sorting = program.window.on_demand.sorting
    sorting._remember(SortChoices(destination, Mode.COPY, Include.LABELLED))
    sorting.start()
    dialog = sorting._dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.plan is not None)
    dialog.accept()
    qtbot.waitUntil(until)


def shown(program: Program) -> tuple[str, list[str]]:
    """The message and what it offers."""
    bar = program.window.job_bar
    return bar.message.text(), [link.text() for link in bar.links if not link.isHidden()]


def stop(program: Program, held: Held, qtbot: QtBot) -> None:
    program.window.job_bar.cancel.click()
    held.gate.set()
    idle(program, qtbot)


def test_a_stopped_sort_offers_to_undo_itself_and_no_earlier_one(
    program: Program, tmp_path: Path, qtbot: QtBot
) -> None:
    earlier, stopped = tmp_path / "earlier", tmp_path / "stopped"
    sort(program, earlier, qtbot, lambda: shown(program)[0] == "6 photos copied.")
    idle(program, qtbot)
    with holding(before=0) as held:
        sort(program, stopped, qtbot, held.begun.is_set)
        stop(program, held, qtbot)
    assert shown(program) == ("Stopped. No photo was sorted.", [])
    with holding(before=2) as held:
        sort(program, stopped, qtbot, held.begun.is_set)
        stop(program, held, qtbot)
    assert shown(program) == ("Stopped. 2 photos are sorted and stay.", ["Undo"])
    assert len(list(stopped.rglob("*.jpg"))) == 2
    when_open(lambda: press_undo(program.window))
    program.window.job_bar.links[0].click()
    qtbot.waitUntil(lambda: shown(program)[0] == "Removed 2 copies.")
    idle(program, qtbot)
    assert len(list(earlier.rglob("*.jpg"))) == 3 * EACH
    assert not list(stopped.rglob("*.jpg"))


def test_closing_asks_while_photos_are_sorted(
    program: Program, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = partial(RateLimit, clock=itertools.count().__next__)
    monkeypatch.setattr("flowersorter.workers.job_worker.RateLimit", clock)  # no report is held back
    asked = list[str]()

    def two_done() -> bool:
        job = program.queue.files_job
        return job is not None and job.progress is not None and job.progress.done == 2

    def answer(held: Held, text: str, box: QMessageBox) -> None:
        asked.append(box.text())
        if text == "Stop and close":
            held.gate.set()
        next(button for button in box.buttons() if button.text() == text).click()

    with holding(before=3) as held:
        sort(program, tmp_path / "sorted", qtbot, held.begun.is_set)
        qtbot.waitUntil(two_done)
        when_asked(QMessageBox, partial(answer, held, "Go on"))
        assert not program.window.close()
        assert program.window.isVisible()
        assert two_done()
        when_asked(QMessageBox, partial(answer, held, "Stop and close"))
        assert program.window.close()
    assert asked == ["Sorting photos: 2 of 6 photos are done. Stop and close?"] * 2
    assert QApplication.activeModalWidget() is None
    with CollectionStore.open(tmp_path / "collection") as collection:
        (run,) = collection.journal.runs()
        assert run.state in {RunState.CANCELLED, RunState.DONE}
        assert run.photos == len(list((tmp_path / "sorted").rglob("*.jpg"))) >= 3


def test_one_that_is_stopped_again_says_how_many_photos_failed(program: Program, tmp_path: Path, qtbot: QtBot) -> None:
    with holding(before=2) as held:
        sort(program, tmp_path / "stopped", qtbot, held.begun.is_set)
        stop(program, held, qtbot)
    journal = program.collection.journal
    [run] = journal.runs()
    left = next(entry for entry in journal.filings(run.id) if entry.state == EntryState.CANCELLED)
    journal.set_state(left.id, EntryState.FAILED, "the disk reports a read or write error")
    with holding(before=0) as held:
        program.window.on_demand.resuming.resume(run.id)
        qtbot.waitUntil(held.begun.is_set)
        stop(program, held, qtbot)
    said = "Stopped. It can be continued again: see History. 1 photo could not be sorted: see History."
    qtbot.waitUntil(lambda: shown(program)[0] == said)
    assert journal.entries([left.id])[0].error == "the disk reports a read or write error"
