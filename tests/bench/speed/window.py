"""The real window without a screen, for measuring what it is like once a folder is open and all is quiet."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowersorter.app import Program

#: Quiet: no job, and less than that share of one core used for as long.
_QUIET_S, _QUIET_SHARE = 1.0, 0.02
_LONGEST_S = 300.0


@contextmanager
def opened(collection: Path, folder: Path) -> Iterator[Program]:
    """The program with a folder open, before its window had time for anything."""
    from PySide6.QtWidgets import QApplication

    from flowersorter.app import Program
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.engine import Engine

    application = QApplication([])
    program = Program(Engine(CollectionStore.open(collection)))
    try:
        program.start(folder)
        yield program
    finally:
        program.window.close()
        application.processEvents()


@dataclass(frozen=True, slots=True)
class Opened:
    """Seconds from showing the window.

    Attributes:
        first_s: Until the first photos were in the grid.
        known_s: Until the grid had a suggestion for every photo that the library knew; 0 where nobody asked.
        all_s: Until every photo had its suggestion.
        groups_s: Until the look-alikes were found, and no job was left.
    """

    first_s: float
    known_s: float
    all_s: float
    groups_s: float


def wait_for_labels(program: Program, known: int = 0) -> Opened:
    """Let the window work until no job is left.

    Args:
        program: With a folder open.
        known: How many photos of the folder the library knows with a suggestion; 0 where nobody asks.
    """
    from PySide6.QtWidgets import QApplication

    started = time.perf_counter()
    first_s = known_s = all_s = 0.0
    while time.perf_counter() - started < _LONGEST_S:
        QApplication.processEvents()
        if not first_s and program.photos.rowCount():
            program.window.grid.viewport().repaint()
            first_s = time.perf_counter() - started
        if known and not known_s and _all_known(program, known):
            known_s = time.perf_counter() - started
        if not all_s and program.window.folder.complete:
            all_s = time.perf_counter() - started
        if all_s and not program.queue.busy:
            break
        time.sleep(0.001)
    return Opened(first_s, known_s, all_s, time.perf_counter() - started)


def _all_known(program: Program, known: int) -> bool:
    """Whether the grid has that many photos, each with a suggestion."""
    columns = program.photos.columns
    return len(columns) == known and bool(columns.class_ids.all())


def let_it_rest() -> bool:
    """Let the window work until it uses no more time; returns whether it came to rest."""
    started = time.perf_counter()
    while time.perf_counter() - started < _LONGEST_S:
        if rest(_QUIET_S) < _QUIET_S * _QUIET_SHARE:
            return True
    return False


def rest(seconds: float) -> float:
    """Let the window be for so long; returns the seconds of CPU it used, in all threads."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    before = time.process_time()
    loop.exec()
    return time.process_time() - before


def active_timers() -> list[str]:
    """The timers that are running: name or class of what they belong to."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    roots = [QApplication.instance(), *QApplication.topLevelWidgets()]
    timers = {timer for root in roots if root is not None for timer in root.findChildren(QTimer)}
    timers |= {thing for thing in gc.get_objects() if isinstance(thing, QTimer)}
    owners = [timer.parent() for timer in timers if timer.isActive()]
    return sorted(owner.objectName() or type(owner).__name__ if owner is not None else "none" for owner in owners)
