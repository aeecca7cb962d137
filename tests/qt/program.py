"""A whole program over a temporary collection and a folder of drawn photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, QPoint, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from flowersorter.app import Program
from flowersorter.domain.changes import Changes
from flowersorter.domain.verdict import Verdict
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import LEARNING_PAUSED, STACK_SHOTS
from flowersorter.ui.training import learning_controller
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import open_embedder
from flowersorter.workflows.predicting.photo_details import rows_at
from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.starter_classes import delete_starter_classes
from tests.stub_network import open_colour_network

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


def draw_folder(folder: Path, each: int = 6) -> Path:
    """Write ``each`` red, green and blue photos, mixed, and one that is none."""
    folder.mkdir(parents=True)
    for number in range(each):
        for name, colour in COLOURS.items():
            seed = number * 10 + len(name)
            write_jpeg(folder / f"IMG_{number:03}_{name}.jpg", textured((96, 72), colour, seed))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no photo")
    return folder


@contextmanager
def running(
    collection: Path,
    qtbot: QtBot,
    folder: Path | None = None,
    *,
    real_network: bool = False,
    learning: bool = False,
    stacks: bool = False,
) -> Iterator[Program]:
    """A program with its window shown; closed at the end, whatever happened.

    Args:
        collection: Its folder; made if missing.
        qtbot: Waits.
        folder: Opened at once.
        real_network: With ResNet-50, not a stub network.
        stacks: Whether look-alike shots are on one tile; apart, each drawn photo of a colour is a tile of its own.
        learning: Whether suggestions follow the labels by themselves; paused, they change with Retrain alone.
    """
    open_network = open_embedder if real_network else open_colour_network
    store = CollectionStore.open(collection)
    store.settings.set(LEARNING_PAUSED, not learning)
    store.settings.set(STACK_SHOTS, stacks)
    program = Program(Engine(store, open_network), preload=False)
    try:
        program.start(folder or ())
        qtbot.waitUntil(lambda: program.begun)
        yield program
    finally:
        if program.queue.files_job is not None:
            program.queue.cancel_current()  # else closing asks, of a test that has failed
        program.window.close()
        program.window.deleteLater()
        QApplication.processEvents()


def only_classes(program: Program, *names: str) -> None:
    """Delete the starter's classes, and make these."""
    delete_starter_classes(stored(program))
    for name in names:
        program.collection.classes.add(name)
    show_stored(program)


@contextmanager
def running_red_and_green(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A program that learns at once, over six photos each of red, green and blue, with the classes red and green."""
    monkeypatch.setattr(learning_controller, "TOGETHER_MS", 1)
    monkeypatch.setattr(learning_controller, "PAUSE_MS", 50)
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos"), learning=True) as program:
        idle(program, qtbot)
        only_classes(program, "red", "green")
        yield program


def label_two_of_each(program: Program, qtbot: QtBot) -> None:
    """Label two photos of red and two of green, and wait until the program has learned from them."""
    for name in ("red", "green"):
        program.window.labels.assign(places(program, name)[:2], class_named(program, name))
    idle(program, qtbot)


@contextmanager
def running_three_classes(tmp_path: Path, qtbot: QtBot, *names: str) -> Iterator[Program]:
    """A program over four photos each of red, green and blue, with classes of these names."""
    with running(tmp_path / "collection", qtbot, draw_folder(tmp_path / "photos", 4)) as program:
        idle(program, qtbot)
        only_classes(program, *names)
        yield program


def suggest(
    program: Program,
    rows: Sequence[int],
    verdict: Verdict,
    first: int,
    second: int,
    confidence: float = 0.5,
    *,
    seen: bool = True,
) -> None:
    """Show other suggestions for the photos of these rows, until the next prediction; `seen`: for long enough."""
    count = len(rows)
    suggested = replace(
        rows_at(program.engine, program.photos.columns.place_ids[rows]),
        verdicts=np.full(count, verdict, np.uint8),
        class_ids=np.full(count, first, np.int32),
        second_class_ids=np.full(count, second, np.int32),
        confidences=np.full(count, confidence, np.float32),
        second_confidences=np.full(count, 0.45, np.float32),
    )
    program.photos.merge(suggested)
    if seen:
        program.photos.columns._changed_s[rows] = -np.inf


def idle(program: Program, qtbot: QtBot) -> None:
    """Wait until no job and no operation on the library runs, and the window has taken in what they said."""

    def at_rest() -> bool:
        return not (
            program.queue.busy
            or program.library.busy
            or program.thumbnails.pending
            or any(each.isActive() for each in program.window.findChildren(QTimer))
            or any(each.busy for each in program.window.findChildren(LatestOnly))
        )

    def settled() -> bool:
        if at_rest():
            QApplication.processEvents()  # what a thread said last
            return at_rest()
        return False

    qtbot.waitUntil(settled)


def stored(program: Program) -> CollectionStore:
    """The collection once everything that was done in the window is in it."""
    while program.library.busy:
        loop = QEventLoop()
        program.library.rested.connect(loop.quit)
        loop.exec()
    return program.collection


def show_stored(program: Program) -> None:
    """Let the window show what a test wrote into the collection beside it."""
    program.library.announce(Changes.CLASSES | Changes.LABELS | Changes.MODEL)
    stored(program)


def places(program: Program, part: str) -> list[int]:
    """Places whose file name holds this, in the order of the folder."""
    columns = program.photos.columns
    return [int(columns.place_ids[at]) for at, path in enumerate(columns.paths) if part in path.name]


def tile(program: Program, place_id: int) -> QPoint:
    """Middle of a photo in the grid."""
    grid = program.window.grid
    index = program.photos.index(program.photos.rows_of([place_id])[0])
    grid.scrollTo(index)
    return grid.visualRect(index).center()


def class_named(program: Program, name: str) -> int:
    """Id of a class."""
    found = stored(program).classes.find(name)
    assert found is not None
    return found.id


def predictions(program: Program, part: str) -> set[str]:
    """Names of what unlabelled photos with this in their name are taken for."""
    columns = program.photos.columns
    rows = [int(row) for row in columns.locate(places(program, part)) if not columns.label_ids[row]]
    return {program.window.classes.name(int(columns.class_ids[row])) for row in rows}
