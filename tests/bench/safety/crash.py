"""Crashes: killed before and after every call of the disk and the database, and at any instant."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.bench.safety.mounts import memory, second_disk
from tests.bench.safety.stage import Stage
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.failing_disks import READING, Steps, run_and_die
from tests.unit.sorting.file_trees import OtherDevice

Act = Callable[[CollectionStore, FileSystem], None]

_LOOKING = READING | {"SELECT"}


def stages(scratch: Path, tally: Tally) -> Iterator[Stage]:
    """Copy, move, link and symbolic link on one device; all but hard links between two, where there are none."""
    with memory(scratch) as here:
        for mode in Mode:
            yield Stage(here, here / "photos", here / "sorted", mode)
        try:
            with second_disk(here / "elsewhere", scratch) as there:
                for mode in (Mode.COPY, Mode.MOVE, Mode.SYMLINK):
                    yield Stage(here, there / "photos", here / "sorted", mode)
        except OtherDevice as reason:
            tally.notes.append(f"other device: {reason}")


def at_every_call(scratch: Path, every: int = 1, interrupted: int = 3) -> Tally:
    """Kill sort, correct, undo and recover at their calls.

    Args:
        scratch: A folder to work in.
        every: 1 for each call, n for every nth.
        interrupted: For how many interrupted runs of each kind recovery is killed, at each of its own calls.
    """
    tally = Tally()
    for stage in stages(scratch, tally):
        sort, correct, undo = stage.sort, stage.correct, stage.undo
        for first, act in (((), sort), ((sort,), correct), ((sort,), undo), ((sort, correct), undo)):
            kill_act(stage, first, act, every, interrupted, tally)
    tally.notes.append(f"opening and recovering took {tally.slowest_s:.2f} s at most")
    return tally


def kill_act(stage: Stage, first: tuple[Act, ...], act: Act, every: int, interrupted: int, tally: Tally) -> None:
    """Kill an act at its calls, after others were done; `every` and `interrupted` as in `at_every_call`."""
    watch, calls = _calls(stage, first, act)
    count = len(calls)
    for at in range(0, count, every):
        _kill(stage, first, act, at, watch, tally, after=False)
        # After a call that only looks, all is as before the next one.
        if calls[at] not in _LOOKING:
            _kill(stage, first, act, at, watch, tally, after=True)
    for number in range(interrupted):
        at = count * (2 * number + 1) // (2 * interrupted)
        _kill_recovery(stage, first, act, at, every, tally)


def at_any_instant(scratch: Path, kills: int = 1000) -> Tally:
    """Kill a whole session, and sometimes the next one's recovery, after a random time."""
    tally, chance = Tally(), random.Random(1)
    for stage in stages(scratch, tally):
        watch = stage.build()
        started = time.perf_counter()
        _session(stage)
        whole_s = time.perf_counter() - started
        for _ in range(-(-kills // 6)):
            watch = stage.build()
            tally.tried += _kill_later(_session, stage, chance.uniform(0, whole_s))
            while chance.random() < 0.3:
                tally.tried += _kill_later(_opening, stage, chance.uniform(0, whole_s / 10))
            stage.check(watch, tally)
    tally.notes.append(f"opening and recovering took {tally.slowest_s:.2f} s at most")
    return tally


def _set(stage: Stage, first: tuple[Act, ...]) -> Watch:
    watch = stage.build()
    stage.play(*[lambda collection, act=act: act(collection, FileSystem()) for act in first])
    return watch


def _kill(stage: Stage, first: tuple[Act, ...], act: Act, at: int, watch: Watch, tally: Tally, *, after: bool) -> None:
    _set(stage, first)
    tally.tried += run_and_die(lambda steps: stage.play_watched(act, steps), at, after=after)
    stage.check(watch, tally)


def _calls(stage: Stage, first: tuple[Act, ...], act: Act) -> tuple[Watch, list[str]]:
    watch = _set(stage, first)
    steps = Steps()
    stage.play_watched(act, steps)
    return watch, steps.taken


def _kill_recovery(stage: Stage, first: tuple[Act, ...], act: Act, at: int, every: int, tally: Tally) -> None:
    """Kill an act at one of its calls, then recovery at each of its own."""
    recovery_at = 0
    while True:
        watch = _set(stage, first)
        run_and_die(lambda steps: stage.play_watched(act, steps), at, after=False)
        killed = run_and_die(lambda steps: stage.play_watched(stage.recover, steps), recovery_at, after=False)
        stage.check(watch, tally)
        if not killed:
            return
        tally.tried += 1
        recovery_at += every


def _session(stage: Stage) -> None:
    """Start the program, sort, correct, undo the correction and sort again."""
    with CollectionStore.open(stage.collection) as collection:
        recover(collection)
        for act in (stage.sort, stage.correct, stage.undo, stage.undo, stage.sort):
            runs = collection.journal.runs()
            if act != stage.undo or (runs and runs[0].state != "undone"):
                act(collection)


def _opening(stage: Stage) -> None:
    with CollectionStore.open(stage.collection) as collection:
        recover(collection)


def _kill_later(work: Callable[[Stage], None], stage: Stage, seconds: float) -> bool:
    """Whether a process doing this was killed before its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(writing, b".")
            work(stage)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    os.read(reading, 1)  # it is on its way
    os.close(reading)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if status not in {0, signal.SIGKILL}:
        raise AssertionError(f"the session failed with status {status}")
    return status == signal.SIGKILL
