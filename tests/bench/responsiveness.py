"""How long the window stands still: a heartbeat on the GUI thread while it syncs, labels and retrains."""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np

from tests.bench.speed.camera_photos import SIZE_PX, with_noise
from tests.drawing import BLUE, GREEN, RED, textured, write_jpeg
from tests.stub_network import open_colour_network

if TYPE_CHECKING:
    from flowersorter.app import Program

BEAT_MS = 10
#: The goal for the worst gap, in a quiet machine; the phase "doing nothing" says how quiet this one is.
GOAL_MS = 50
_COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}
_LONGEST_S = 600.0
SAMPLE_MS = 5
_WAITING_IN = ("threading.py", "fair_lock.py", "queue.py", "worker_threads.py", "gui_heartbeat.py")
SHOWN = 5  # gaps of each phase, by CPU time


@dataclass(frozen=True, slots=True)
class Gap:
    """Time between two beats.

    Attributes:
        wall_ms: As a person waits for it; longer on a busy machine.
        cpu_ms: Computed by the GUI thread meanwhile; much the same on a busy machine.
        at: Line of the program where the GUI thread was seen most often, "" for a short gap.
        beside: The same of the other threads, "" where none computed.
    """

    wall_ms: float
    cpu_ms: float
    at: str
    beside: str


class Heartbeat:
    """Beats on the GUI thread and records how long each gap was and how much of it the GUI thread computed.

    In a gap of more than half the goal, another thread samples the line of the program that the GUI thread is at.
    """

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._gaps_ms: list[tuple[float, float]] = []
        self._seen: dict[int, Counter[str]] = defaultdict(Counter)
        self._beside: dict[int, Counter[str]] = defaultdict(Counter)
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
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
        self._last, self._last_cpu = time.perf_counter(), time.thread_time()
        self._timer.start()
        self._watch.start()
        gc.callbacks.append(self._on_collection)
        try:
            yield
        finally:
            gc.callbacks.remove(self._on_collection)
            self._timer.stop()
            self._stopped.set()
            self._watch.join()

    def gaps(self) -> list[Gap]:
        """All gaps so far."""
        return [
            Gap(wall, cpu, _commonest(self._seen.get(number)), _commonest(self._beside.get(number)))
            for number, (wall, cpu) in enumerate(self._gaps_ms)
        ]

    def _beat(self) -> None:
        now, cpu = time.perf_counter(), time.thread_time()
        self._gaps_ms.append((1000 * (now - self._last), 1000 * (cpu - self._last_cpu)))
        self._last, self._last_cpu = now, cpu

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start" and threading.get_ident() == self._gui_thread and info["generation"] == 2:
            self._seen[len(self._gaps_ms)]["full garbage collection"] += 1

    def _watch_for_gaps(self) -> None:
        while not self._stopped.wait(SAMPLE_MS / 1000):
            if time.perf_counter() - self._last > GOAL_MS / 2000:
                where = _own_line(sys._current_frames().get(self._gui_thread)) or "Qt"
                self._seen[len(self._gaps_ms)][where] += 1
                self._beside[len(self._gaps_ms)].update(self._other_threads())

    def _other_threads(self) -> Iterator[str]:
        """Where the program's other threads compute: one of them may hold the interpreter."""
        for thread_id, frame in sys._current_frames().items():
            if thread_id not in (self._gui_thread, threading.get_ident()):
                innermost = Path(frame.f_code.co_filename).name
                where = _own_line(frame)
                if where and innermost not in _WAITING_IN:
                    yield where


def _commonest(lines: Counter[str] | None) -> str:
    return lines.most_common(1)[0][0] if lines else ""


def _own_line(frame: FrameType | None) -> str:
    """The innermost line of the program that a thread is at; "" where it is in no code of the program."""
    while frame is not None and "flowersorter" not in Path(frame.f_code.co_filename).parts:
        frame = frame.f_back
    if frame is None:
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"


def responsiveness(options: argparse.Namespace) -> None:
    """how long the window stands still while it syncs a big folder, labels and retrains"""
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    files, labels = (5_000, 20) if options.tiny else (100_000, 200)
    with tempfile.TemporaryDirectory(prefix="bench") as scratch:
        folder, many = Path(scratch) / "few", _touch(Path(scratch) / "many", files)
        _draw(folder, labels + 100, of_camera=options.camera)
        print(f"{'phase':44} {'worst gap':>10} {'99th pct':>10} {'worst CPU':>10} {'99th pct':>10}", flush=True)
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
    group.add_argument("--camera", action="store_true", help="label photos of 12 megapixels; they take a gigabyte")


def _phase(name: str, run: Callable[[], None]) -> None:
    heart = Heartbeat()
    with heart.beating():
        run()
    gaps = heart.gaps()
    walls, cpus = np.array([gap.wall_ms for gap in gaps]), np.array([gap.cpu_ms for gap in gaps])
    figures = (walls.max(), np.percentile(walls, 99), cpus.max(), np.percentile(cpus, 99))
    print(f"{name:44} " + " ".join(f"{figure:7.0f} ms" for figure in figures), flush=True)
    by_cpu = sorted(gaps, key=lambda gap: gap.cpu_ms, reverse=True)[:SHOWN]
    by_wall = sorted(gaps, key=lambda gap: gap.wall_ms, reverse=True)[:SHOWN]
    for gap in (*by_cpu, *(each for each in by_wall if each not in by_cpu)):
        if gap.at:
            beside = f", beside {gap.beside}" if gap.beside else ""
            print(f"    {gap.cpu_ms:5.0f} ms CPU in {gap.wall_ms:4.0f} ms: {gap.at}{beside}", flush=True)


# -- what a person does


def _label(program: Program, count: int) -> None:
    """One photo after another, while the folder is still read."""
    columns, classes = program.photos.columns, _classes(program)
    for number, name in enumerate(list(columns.names)[:count]):
        program.window.labels.assign([int(columns.place_ids[number])], classes[_colour_in(name)])
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
        program.window.labels.assign_photos([photos[number % len(photos)]], classes[number % len(classes)])
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


def _draw(folder: Path, count: int, *, of_camera: bool) -> None:
    """Draw photos of three colours, small ones or as large as those of a camera."""
    folder.mkdir()

    def write(number: int) -> None:
        name, colour = list(_COLOURS.items())[number % len(_COLOURS)]
        picture = textured((96, 72), colour, number)
        if of_camera:
            picture = with_noise(picture, number, SIZE_PX)
        write_jpeg(folder / f"IMG_{number:04}_{name}.jpg", picture)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))


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
