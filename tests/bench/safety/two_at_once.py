"""Two programs at once: one of them is refused politely, and whoever waits finds everything in order."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flowersorter.domain.label import LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.errors import CollectionLocked
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import Setting
from flowersorter.sorting.plan import Mode
from tests.bench.safety.mounts import memory
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.file_trees import remember, sort, take_back, write

_WAIT_S = 0.002
_REFUSED_WITHIN_S = 2.0


def second_refused(scratch: Path, tries: int = 50) -> Tally:
    """Open a collection that another process has open; then one whose process was killed."""
    tally, quickest_s = Tally(), float("inf")
    with memory(scratch) as here:
        folder = here / "collection"
        for _ in range(tries):
            child, ready = _holding(folder)
            started = time.perf_counter()
            try:
                CollectionStore.open(folder).close()
                tally.wrong["a second process was let in"] += 1
            except CollectionLocked:
                tally.took(time.perf_counter() - started)
                quickest_s = min(quickest_s, time.perf_counter() - started)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(ready)
            try:
                CollectionStore.open(folder).close()
            except CollectionLocked:
                tally.wrong["the lock of a killed process was in the way"] += 1
            tally.tried += 1
    # One that waits for the lock does so every time; a machine that is busy elsewhere makes it late some time.
    tally.expect(quickest_s < _REFUSED_WITHIN_S, "refused too late")
    tally.notes.append(f"refused after {tally.slowest_s:.3f} s at most")
    return tally


def many_at_once(scratch: Path, processes: int = 8, operations: int = 200) -> Tally:
    """Processes that each open the collection when it is free, do something small and close it, again and again."""
    tally = Tally()
    with memory(scratch) as here:
        folder, source, destination = here / "collection", here / "photos", here / "sorted"
        photos = [write(source / f"{number}.jpg", b"photo %d" % number) for number in range(processes)]
        watch = Watch(source, destination)
        with CollectionStore.open(folder) as collection:
            remember(collection, source, photos)
        children = [
            _start(partial(_work, folder, photos[number], destination, number, operations))
            for number in range(processes)
        ]
        for child in children:
            _, status = os.waitpid(child, 0)
            tally.expect(status == 0, "a process failed")
        tally.tried = processes * operations
        with CollectionStore.open(folder) as collection:
            collection.database.check_integrity()
            for number in range(processes):
                done = collection.settings.get(Setting(f"done by {number}", 0))
                tally.expect(done == operations, "an operation was forgotten")
            tally.expect(collection.classes.find("class of all") is not None, "a class was forgotten")
        watch.compare(tally)
    return tally


def _work(folder: Path, photo: Path, destination: Path, number: int, operations: int) -> None:
    chance = random.Random(number)
    for _ in range(operations):
        with _patiently(folder) as collection:
            what = chance.randrange(4)
            if what == 0:
                shared = collection.classes.resolve("class of all", ClassOrigin.PERSON)
                ids = [place.photo_id for place in collection.photos.all_places() if place.photo_id]
                collection.labels.assign(ids, shared.id, LabelOrigin.PERSON)
            elif what == 1:
                run = sort(collection, {photo: f"class {number}"}, destination, list(Mode)[chance.randrange(len(Mode))])
                take_back(collection, run.run_id)
            elif what == 2:
                collection.classes.resolve(f"class {chance.randrange(20)}", ClassOrigin.PERSON)
            count = Setting(f"done by {number}", 0)
            collection.settings.set(count, collection.settings.get(count) + 1)


def _patiently(folder: Path) -> CollectionStore:
    while True:
        try:
            return CollectionStore.open(folder)
        except CollectionLocked:
            time.sleep(_WAIT_S)


def _start(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def _holding(folder: Path) -> tuple[int, int]:
    """A process that has the collection open until it is killed."""
    reading, writing = os.pipe()

    def hold() -> None:
        with CollectionStore.open(folder):
            os.write(writing, b".")
            signal.pause()

    child = _start(hold)
    os.close(writing)
    os.read(reading, 1)
    return child, reading
