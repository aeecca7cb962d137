"""Finds out which paths are there without waiting for a network drive that is away: that can take minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from flowersorter.jobs.worker_threads import start_worker

#: A path that does not answer within so long counts as not there.
ANSWERS_WITHIN_S = 1.0


def paths_there(paths: Sequence[Path], is_there: Callable[[Path], bool] = Path.exists) -> tuple[Path, ...]:
    """Return those of the paths that are there, in their order; each is asked in a thread of its own.

    Waits at most `ANSWERS_WITHIN_S` for all of them.

    Args:
        paths: The paths.
        is_there: Asks the disk, for instance `Path.is_dir`.
    """
    there, answered = set[Path](), set[Path]()
    arrived = threading.Condition()

    def ask(path: Path) -> None:
        try:
            found = is_there(path)
        except OSError:
            found = False
        with arrived:
            answered.add(path)
            there.update([path] if found else [])
            arrived.notify_all()

    for path in dict.fromkeys(paths):
        start_worker(partial(ask, path), "path there")
    with arrived:
        arrived.wait_for(lambda: len(answered) == len(set(paths)), ANSWERS_WITHIN_S)
        return tuple(path for path in paths if path in there)
