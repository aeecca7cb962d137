"""Sorting an archive: time and memory a file with very many of them, and kills at any moment of a sort, resume or undo.

The files are tiny: what is measured is what the program does with each, not how fast a disk copies.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowersorter.domain.journal import EntryState, Run, RunState
from flowersorter.jobs import CancelToken, Progress, Report, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Filing, Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.resume import resume
from flowersorter.sorting.undo import undo
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.verify import VerifyRequest, verify
from tests.unit.sorting.failing_disks import Steps, die

_MTIME_NS = 1_600_000_000_123_456_789
_CLASSES = 20
_IN_A_FOLDER = 1000
#: Every so many photos have a sidecar, in the trials with kills.
_SIDECAR_EVERY = 3

Work = Callable[[CollectionStore, Report, FileSystem], None]


@dataclass(frozen=True, slots=True)
class Archive:
    """Photos that stand for an archive.

    Attributes:
        root: Holds the photos, the class folders and the collection.
        files: Number of photos.
        sidecars: Whether some have a sidecar.
    """

    root: Path
    files: int
    sidecars: bool = False

    @property
    def source(self) -> Path:
        """The folder of the photos."""
        return self.root / "photos"

    @property
    def destination(self) -> Path:
        """The folder of the class folders."""
        return self.root / "sorted"

    @property
    def collection(self) -> Path:
        """The folder of the collection."""
        return self.root / "collection"

    def content(self, number: int) -> bytes:
        """The bytes of a photo; no two alike."""
        return (b"%d " % number) * (1 + number % 97)

    def photo(self, number: int) -> Path:
        """The path of a photo."""
        return self.source / f"{number // _IN_A_FOLDER:04d}" / f"IMG_{number:07d}.jpg"

    def target(self, number: int) -> Path:
        """The path of a photo once it is sorted."""
        return self.destination / self.class_of(number) / self.photo(number).name

    def class_of(self, number: int) -> str:
        """The class of a photo."""
        return f"Class {number % _CLASSES}"

    def has_sidecar(self, number: int) -> bool:
        """Whether a photo has a sidecar."""
        return self.sidecars and number % _SIDECAR_EVERY == 0

    def filings(self) -> Iterator[Filing]:
        """The photos as the library knows them."""
        for number in range(self.files):
            data = self.content(number)
            sha256 = hashlib.sha256(data).digest()
            yield Filing(str(self.photo(number)), sha256, len(data), _MTIME_NS, self.class_of(number))

    def build(self) -> None:
        """Write the photos, and store them in the library."""
        with CollectionStore.open(self.collection) as collection:
            for first in range(0, self.files, _IN_A_FOLDER):
                self._build_folder(collection, range(first, min(self.files, first + _IN_A_FOLDER)))

    def _build_folder(self, collection: CollectionStore, numbers: range) -> None:
        self.photo(numbers[0]).parent.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            self.photo(number).write_bytes(self.content(number))
            os.utime(self.photo(number), ns=(_MTIME_NS, _MTIME_NS))
            if self.has_sidecar(number):
                self.photo(number).with_suffix(".xmp").write_bytes(b"edits of %d" % number)
        found = [(self.photo(number), len(self.content(number)), _MTIME_NS) for number in numbers]
        places = collection.photos.sync_folder(self.photo(numbers[0]).parent, found)
        hashes = {self.photo(number): hashlib.sha256(self.content(number)).digest() for number in numbers}
        collection.photos.record(
            [
                ReadRecord(
                    place_id=place.id,
                    sha256=hashes[place.path],
                    size_bytes=place.size_bytes,
                    mtime_ns=place.mtime_ns,
                    width_px=4,
                    height_px=3,
                    taken_at=None,
                    camera=None,
                )
                for place in places
            ]
        )

    def sort(
        self, collection: CollectionStore, mode: Mode, report: Report = silent, disk: FileSystem | None = None
    ) -> None:
        """Plan and sort."""
        classes = {self.class_of(number) for number in range(min(self.files, _CLASSES))}
        plan = make_plan(
            self.filings(), self.destination, mode, CancelToken(), source_root=self.source, class_names=classes
        )
        result = execute(plan, collection, report, CancelToken(), disk)
        assert result.filed == self.files, result.paused

    def problems(self, collection: CollectionStore, mode: Mode, run_id: int) -> list[str]:
        """Compare the disk with the journal: every file is whole, and where the journal says, there alone.

        Returns:
            A sentence for each deviation.
        """
        found = []
        journal: dict[bytes, str] = dict(
            collection.database.tuples("SELECT source, state FROM filings WHERE run_id = ?", (run_id,))
        )
        for number in range(self.files):
            files = [(self.photo(number), self.target(number), self.content(number))]
            if self.has_sidecar(number):
                beside = self.photo(number).with_suffix(".xmp"), self.target(number).with_suffix(".xmp")
                files.append((*beside, b"edits of %d" % number))
            states = set()
            for source, target, data in files:
                state = journal.get(os.fsencode(source), EntryState.CANCELLED)
                states.add(state == EntryState.DONE)
                here, there = _read(source), _read(target)
                expected = (None if mode == Mode.MOVE else data, data) if state == EntryState.DONE else (data, None)
                if (here, there) != expected:
                    found.append(f"{source.name}: {state}, {here!r} here, {there!r} there")
            if len(states) != 1:
                found.append(f"{number}: sorted without its sidecar")
        left = [name for root in (self.source, self.destination) for name in _unfinished(root)]
        return found + [f"{name} was left" for name in left]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _unfinished(root: Path) -> Iterator[str]:
    for _, _, names in os.walk(root):
        yield from (name for name in names if name.endswith(".part"))


class Killer(Steps):
    """Kills the process some steps after a number of photos is done."""

    def __init__(self, photos: int, steps: int, *, after: bool) -> None:
        super().__init__()
        self._photos, self._left, self._dies_after, self._armed = photos, steps, after, False

    def report(self, news: object) -> None:
        """See how many photos are done."""
        self._armed = self._armed or (isinstance(news, Progress) and news.done >= self._photos)

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        """Count the steps from then on."""
        self._left -= self._armed
        if self._left < 0 and not self._dies_after:
            die()
        try:
            return call()
        finally:
            if self._left < 0:
                die()


def kill_trial(archive: Archive, mode: Mode, chance: random.Random) -> list[str]:
    """Kill a sort, its continuations and its undo at random steps, and look after each recovery.

    Returns:
        A sentence for each deviation from the promise: every file is whole, and where the journal says; what was
        interrupted goes on; undo brings everything back.
    """

    def sort(collection: CollectionStore, report: Report, disk: FileSystem) -> None:
        archive.sort(collection, mode, report, disk)

    def go_on(collection: CollectionStore, report: Report, disk: FileSystem) -> None:
        resume(collection, collection.journal.runs()[0].id, report, CancelToken(), disk)

    def take_back(collection: CollectionStore, report: Report, disk: FileSystem) -> None:
        undo(collection, collection.journal.runs()[0].id, report, CancelToken(), disk)

    archive.build()
    found: list[str] = []
    run, work = _after(archive, mode, found, chance, sort), sort
    while run is None or run.photos < archive.files:
        work = go_on if run is not None and run.can_be_resumed else sort
        run = _after(archive, mode, found, chance, work)
    if run.state != RunState.DONE:
        found.append(f"all is sorted, but the sort is {run.state}")
    while run is not None and run.state != RunState.UNDONE:
        run = _after(archive, mode, found, chance, take_back)
    found += [f"{name} was left" for name in _unfinished(archive.root)]
    found += ["the destination was left"] * archive.destination.exists()
    for number in range(archive.files):
        if _read(archive.photo(number)) != archive.content(number):
            found.append(f"{number} is not where it was")
    return found


def _after(archive: Archive, mode: Mode, found: list[str], chance: random.Random, work: Work) -> Run | None:
    """Do something in a process that may be killed, recover, and look; return the newest sort."""
    _killed(archive, chance, work)
    with CollectionStore.open(archive.collection) as collection:
        found += recover(collection).problems
        runs = collection.journal.runs()
        if runs:
            found += archive.problems(collection, mode, runs[0].id)
        return runs[0] if runs else None


def _killed(archive: Archive, chance: random.Random, work: Work) -> None:
    """Do something in a process that is killed at a random step, or comes to its end before."""
    photos = int(chance.random() ** 2 * archive.files * 1.2)
    killer = Killer(photos, chance.randrange(60), after=chance.random() < 0.5)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with CollectionStore.open(archive.collection) as collection:
                killer.watch_database(collection)
                work(collection, killer.report, killer.disk())
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, f"the child failed with status {status}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this measurement."""
    parser.add_argument(
        "--archive-files", type=int, nargs="+", default=[10_000, 100_000], help="numbers of files, for archive"
    )
    parser.add_argument("--archive-mode", type=Mode, default=Mode.MOVE, help="copy, move, link or symlink, for archive")
    parser.add_argument("--archive-kills", type=int, default=20, help="trials with kills, for archive")
    parser.add_argument("--archive-disk", type=Path, help="a folder on the disk to measure, for archive")


def archives(options: argparse.Namespace) -> None:
    """Time and memory of a sort, verification and undo of very many files; then kills at random steps."""
    scratch = Path(tempfile.mkdtemp(prefix="archive-", dir=options.archive_disk))
    try:
        print(f"{'phase':8} {'files':>9} {'seconds':>9} {'µs a file':>10} {'peak MB':>8} {'bytes a file':>13}")
        for files in options.archive_files:
            archive = Archive(scratch / str(files), files)
            archive.root.mkdir()
            archive.build()
            for phase in PHASES:
                command = [
                    sys.executable,
                    "-m",
                    "tests.bench.archive",
                    phase,
                    archive.root,
                    str(files),
                    options.archive_mode,
                ]
                subprocess.run(list(map(os.fspath, command)), check=True)
            shutil.rmtree(archive.root)
        chance, wrong = random.Random(1), list[str]()
        for trial in range(options.archive_kills):
            root = scratch / "killed"
            wrong += kill_trial(Archive(root, min(options.archive_files), sidecars=True), list(Mode)[trial % 2], chance)
            shutil.rmtree(root)
        print(
            f"{options.archive_kills} trials with kills, {min(options.archive_files):,} files: {len(wrong)} deviations"
        )
        for sentence in wrong[:20]:
            print(f"  {sentence}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _plan(archive: Archive, mode: Mode) -> None:
    classes = {archive.class_of(number) for number in range(min(archive.files, _CLASSES))}
    make_plan(
        archive.filings(), archive.destination, mode, CancelToken(), source_root=archive.source, class_names=classes
    )


def _sort(archive: Archive, mode: Mode) -> None:
    with CollectionStore.open(archive.collection) as collection:
        archive.sort(collection, mode)


def _verify(archive: Archive, mode: Mode) -> None:
    with Engine(CollectionStore.open(archive.collection)) as engine:
        assert verify(engine, VerifyRequest(), silent, CancelToken()).intact == archive.files


def _undo(archive: Archive, mode: Mode) -> None:
    with CollectionStore.open(archive.collection) as collection:
        assert undo(collection, 1, silent, CancelToken()).undone == archive.files


PHASES: dict[str, Callable[[Archive, Mode], None]] = {"plan": _plan, "sort": _sort, "verify": _verify, "undo": _undo}


def _phase(name: str, root: str, files: str, mode: str) -> None:
    """Do one phase in this process, and print what it took."""
    archive, before, started = Archive(Path(root), int(files)), _peak_bytes(), time.perf_counter()
    PHASES[name](archive, Mode(mode))
    seconds, peak = time.perf_counter() - started, _peak_bytes()
    grown = (peak - before) / archive.files
    each = seconds / archive.files * 1e6
    print(f"{name:8} {archive.files:9,} {seconds:9.1f} {each:10.0f} {peak / 1e6:8.0f} {grown:13,.0f}", flush=True)


def _peak_bytes() -> int:
    """The most memory that this process had; `ru_maxrss` would count the process that started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    _phase(*sys.argv[1:])
