"""How long the window stands still: a heartbeat on the GUI thread while it syncs, labels and retrains."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.stub_network import open_colour_network

if TYPE_CHECKING:
    from flowersorter.app import Program

BEAT_MS = 10
#: The goal for the worst gap, in a quiet machine; the phase "doing nothing" says how quiet this one is.
GOAL_MS = 50
_COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}
_LONGEST_S = 600.0


class Heartbeat:
    """Beats on the GUI thread and remembers how long each beat was late in coming.

    Where a gap is longer than the goal, another thread notes the line of the program that the GUI thread was at.
    """

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._gaps_ms: list[float] = []
        self._where: dict[int, str] = {}
        self._last = time.perf_counter()
        self._gui_thread = threading.get_ident()
        self._stopped = threading.Event()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._watch = threading.Thread(target=self._watch_for_gaps, name="heartbeat")

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat until the block ends."""
        self._last = time.perf_counter()
        self._timer.start()
        self._watch.start()
        try:
            yield
        finally:
            self._timer.stop()
            self._stopped.set()
            self._watch.join()

    def figures(self) -> tuple[float, float, str]:
        """The worst gap and the 99th percentile in ms, and where the program was in the worst."""
        gaps = np.array(self._gaps_ms)
        worst = int(gaps.argmax())
        return float(gaps[worst]), float(np.percentile(gaps, 99)), self._where.get(worst, "")

    def _beat(self) -> None:
        now = time.perf_counter()
        self._gaps_ms.append(1000 * (now - self._last))
        self._last = now

    def _watch_for_gaps(self) -> None:
        while not self._stopped.wait(GOAL_MS / 2000):
            if time.perf_counter() - self._last > GOAL_MS / 1000:
                frame = sys._current_frames().get(self._gui_thread)
                ours = [each for each in traceback.extract_stack(frame) if "flowersorter" in each.filename]
                if ours:
                    at = ours[-1]
                    self._where.setdefault(len(self._gaps_ms), f"{Path(at.filename).name}:{at.lineno} {at.name}")


def responsiveness(options: argparse.Namespace) -> None:
    """how long the window stands still while it syncs a big folder, labels and retrains"""
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    files, labels = (5_000, 20) if options.tiny else (100_000, 200)
    with tempfile.TemporaryDirectory(prefix="bench") as scratch:
        folder, many = _draw(Path(scratch) / "few", labels + 100), _touch(Path(scratch) / "many", files)
        print(f"{'phase':44} {'worst gap':>10} {'99th percentile':>16}   worst at", flush=True)
        with _program(Path(scratch) / "collection", folder, real_network=options.real_network) as program:
            _phase("doing nothing", lambda: _wait(_after(2.0)))
            _phase(f"labelling {labels} photos one by one", lambda: _label(program, labels))
            _phase("three retrains", lambda: _retrain(program, 3))
            _phase(f"syncing {files:,} files, labelling meanwhile", lambda: _open(program, many, files))
    application.processEvents()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command line that are about responsiveness."""
    group = parser.add_argument_group("responsiveness")
    group.add_argument("--real-network", action="store_true", help="with ResNet-50, not a stub network")


def _phase(name: str, run: Callable[[], None]) -> None:
    heart = Heartbeat()
    with heart.beating():
        run()
    worst, usual, where = heart.figures()
    print(f"{name:44} {worst:7.0f} ms {usual:13.0f} ms   {where}", flush=True)


# -- what a person does


def _label(program: Program, count: int) -> None:
    """One photo after another, while the folder is still read."""
    columns, classes = program.photos.columns, _classes(program)
    for number, name in enumerate(list(columns.names)[:count]):
        program.window.corrections.assign([int(columns.place_ids[number])], classes[_colour_in(name)])
        _wait(_after(0.02))
    _wait(lambda: not program.queue.busy)


def _retrain(program: Program, times: int) -> None:
    for _ in range(times):
        program.window.training.start()
        _wait(lambda: not program.queue.busy)


def _open(program: Program, folder: Path, files: int) -> None:
    """Open a folder nobody has seen yet; labels go on being written, as from a dialog that is open."""
    classes = list(_classes(program).values())
    photos = program.photos.columns.photo_ids[:100].tolist()
    program.window.open_folder(folder)
    number = 0
    while program.photos.rowCount() < files:
        program.window.corrections.assign_photos([photos[number % len(photos)]], classes[number % len(classes)])
        number += 1
        _wait(_after(0.1))
    _wait(_after(1.0))


# -- what it is done with


@contextmanager
def _program(collection: Path, folder: Path, *, real_network: bool) -> Iterator[Program]:
    from flowersorter.app import Program
    from flowersorter.domain.photo_class import ClassOrigin
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.engine import Engine
    from flowersorter.workflows.predicting.network_loader import open_embedder

    with CollectionStore.open(collection) as store:
        for name in _COLOURS:
            store.classes.resolve(name, ClassOrigin.PERSON)
    network = open_embedder if real_network else open_colour_network
    program = Program(Engine(CollectionStore.open(collection), network))
    try:
        program.start(folder)
        _wait(lambda: program.photos.rowCount() > 0 and not program.queue.busy)
        _wait(_after(1.0))
        yield program
    finally:
        program.window.close()


def _classes(program: Program) -> dict[str, int]:
    return {each.name: each.id for each in program.window.classes.classes if each.name in _COLOURS}


def _colour_in(name: str) -> str:
    return next(colour for colour in _COLOURS if colour in Path(name).name)


def _draw(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        name, colour = list(_COLOURS.items())[number % len(_COLOURS)]
        write_jpeg(folder / f"IMG_{number:04}_{name}.jpg", textured((96, 72), colour, number))
    return folder


def _touch(folder: Path, count: int) -> Path:
    for number in range(count):
        roll = folder / f"{number // 500:03}"
        if number % 500 == 0:
            roll.mkdir(parents=True)
        (roll / f"IMG_{number:06}.jpg").touch()
    return folder


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def _wait(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    timer = QTimer()
    timer.setInterval(2)
    end = time.perf_counter() + _LONGEST_S
    timer.timeout.connect(lambda: loop.quit() if done() or time.perf_counter() > end else None)
    timer.start()
    loop.exec()
    timer.stop()
