"""Suggestions in the window after an action: from the drag onto a class until those in view, and then all, are new."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.speed.bench import Bench
from tests.bench.speed.process import Figures, answer, run_job
from tests.bench.speed.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowersorter.app import Program

_SOME_S, _MANY_S = 0.1, 0.5
_ACTIONS, _LONGEST_S = 9, 300.0


def rows(bench: Bench) -> Iterator[Row]:
    """Two folders, a tenth of the photos labelled by a person, the others predicted."""
    for photos, goal in ((bench.some, _SOME_S), (bench.many, _MANY_S)):
        made = bench.collection(photos, photos // 10 if photos == bench.some else bench.some)
        bench.say(f"following actions in a folder of {photos:,} photos")
        run = run_job("follow", {"QT_QPA_PLATFORM": "offscreen"}, collection=made.collection, photos=made.photos)
        bench.figures[f"follow {photos}"] = run
        note = (
            f"of all photos {run['action_s']:.2f} s; the first one, with the exact fit, {run['first_s']:.2f} s; "
            f"exact fit {run['exact_s']:.2f} s after a pause"
        )
        what = f"suggestions in view after an action, {photos:,} photos"
        yield Row(what, run["view_s"], "s", goal, note=note)


def follow(collection: str, photos: str) -> Figures:
    """Label photos one by one in the window of a copy of a collection."""
    from tests.bench.speed.window import let_it_rest, opened, wait_for_labels

    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "collection"
        shutil.copytree(collection, copy)
        with opened(copy, Path(photos)) as program:
            wait_for_labels(program)
            let_it_rest()
            first_s = _label(program, 0)[1]
            let_it_rest()
            times = [_label(program, number) for number in range(1, _ACTIONS)]
            started = time.perf_counter()
            _wait(lambda: program.engine.refitted is None)
            exact_s = time.perf_counter() - started
        view_s, action_s = (median(each[of] for each in times[1:]) for of in (0, 1))
        return {"first_s": first_s, "view_s": view_s, "action_s": action_s, "times_s": times, "exact_s": exact_s}


def _label(program: Program, number: int) -> tuple[float, float]:
    """Label one more photo with another class than its own; return the seconds until those in view, and all, follow."""
    columns, classes, learning = program.photos.columns, program.window.classes.classes, program.window.learning
    row = [at for at, label_id in enumerate(columns.label_ids.tolist()) if not label_id][97 * number]
    other = next(each for each in classes if each.id != columns.class_ids[row])
    seen: list[float] = []
    followed: list[float] = []
    learning.view_followed.connect(lambda: seen.append(time.perf_counter()))
    learning.suggestions_changed.connect(lambda: followed.append(time.perf_counter()))
    started = time.perf_counter()
    program.window.labels.assign([int(columns.place_ids[row])], other.id)
    _wait(lambda: bool(followed))
    learning.view_followed.disconnect()
    learning.suggestions_changed.disconnect()
    _wait_s(0.5)  # actions that follow one another faster are learned from together
    return (seen or followed)[0] - started, followed[0] - started


def _wait_s(seconds: float) -> None:
    end = time.perf_counter() + seconds
    _wait(lambda: time.perf_counter() > end)


def _wait(done: Callable[[], bool]) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop, timer, end = QEventLoop(), QTimer(), time.perf_counter() + _LONGEST_S
    timer.timeout.connect(lambda: loop.quit() if done() or time.perf_counter() > end else None)
    timer.start(1)
    loop.exec()
    timer.stop()


if __name__ == "__main__":
    answer(follow)
