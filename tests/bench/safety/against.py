"""The same faults for FlowerSorter and for plain sorters: kills, power cuts, errors of the disk, full disks."""

from __future__ import annotations

import errno
import itertools
import os
import platform
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from flowersorter.library.collection import CollectionStore
from tests.bench.safety.errors import CODES
from tests.bench.safety.full_disk import fill
from tests.bench.safety.mounts import NoMounts, apart, memory, second_disk, small_disk
from tests.bench.safety.rivals import SORTERS, Ours, Scene, Sorter
from tests.bench.safety.tally import Tally, Watch
from tests.bench.speed.rows import write_section
from tests.unit.sorting.failing_disks import READING, Around, Steps, run_and_die
from tests.unit.sorting.file_trees import OtherDevice, remember, write
from tests.unit.sorting.power_loss_disk import PowerCut, PowerDisk

SAME, OTHER = "same drive", "another drive"


@dataclass
class Score:
    """The trials of one sorter under one fault.

    Attributes:
        tried: Number of trials.
        lost: Trials after which a photo is nowhere any more, whole, though the program was started again.
        partial: Trials that left a file under a photo's name in the destination without the bytes of a photo.
        skipped: Why there are no trials, or "".
    """

    tried: int = 0
    lost: int = 0
    partial: int = 0
    skipped: str = ""

    @property
    def cell(self) -> str:
        """Its cell of the table."""
        if self.skipped:
            return self.skipped
        return f"{self.lost:,} lost, {self.partial:,} partial, of {self.tried:,}"


@dataclass(frozen=True)
class Fault:
    """One row of the table.

    Attributes:
        where: On which drive the destination is.
        measure: Makes the trials of a sorter.
        share: What makes a quick share of it, for the ordinary tests.
    """

    what: str
    where: str
    measure: Callable[..., Score]
    share: dict[str, int] = field(default_factory=dict)


class _Trials:
    """A scene that is built anew for each trial.

    Args:
        root: Holds the collections of FlowerSorter.
        drive: Holds the folder of photos.
        destination: Gets the class folders.
        names_alike: Whether both photos have the name of a file that is in the destination.
        size_bytes: Of each photo.
    """

    def __init__(
        self, root: Path, drive: Path, destination: Path, *, names_alike: bool = False, size_bytes: int = 700
    ) -> None:
        chance, source = random.Random(0), drive / "photos"
        first, second = source / "1" / "a.jpg", source / "2" / ("a.jpg" if names_alike else "b.jpg")
        self._contents = {photo: chance.randbytes(size_bytes) for photo in (first, second)}
        self._old = destination / "Rose" / ("a.jpg" if names_alike else "old.jpg")
        classes = {first: "Rose", second: "Rose" if names_alike else "Daisy"}  # the folder of the one is there
        self.scene = Scene(root, source, destination, classes)

    def build(self) -> Watch:
        """Put everything where it is at the start."""
        scene, kept = self.scene, self.scene.root / "kept"
        for folder in (scene.source, scene.destination, scene.root / "collection"):
            shutil.rmtree(folder, ignore_errors=True)
        for path, content in self._contents.items():
            write(path, content)
        write(self._old, b"was there before")
        if not kept.exists():
            with CollectionStore.open(kept) as collection:
                remember(collection, scene.source, list(self._contents))
        shutil.copytree(kept, scene.root / "collection")
        return Watch(scene.source, scene.destination)

    def judge(self, sorter: Sorter, watch: Watch, score: Score, mend: Callable[[], object] = lambda: None) -> None:
        """Look at the disk after a fault, mend what is wrong with it, start the program again, and look again."""
        score.tried += 1
        at_once, again = Tally(), Tally()
        watch.count(at_once, recovered=False)
        mend()
        sorter.start_again(self.scene)
        watch.count(again)
        score.partial += bool(at_once.partial)
        score.lost += bool(again.lost)


@contextmanager
def _trials(scratch: Path, where: str) -> Iterator[_Trials]:
    """A scene in memory, with its photos on the drive of the destination or on another one.

    Raises:
        OtherDevice: there is no other one.
    """
    with memory(scratch) as here:
        if where == SAME:
            yield _Trials(here, here, here / "sorted")
        else:
            with second_disk(here / "elsewhere", scratch) as there:
                yield _Trials(here, there, here / "sorted")


def killed(scratch: Path, sorter: Sorter, where: str, every: int = 1) -> Score:
    """Kill the program before and after its calls of the disk.

    Args:
        scratch: A folder to work in.
        sorter: The program.
        where: `SAME` or `OTHER`.
        every: 1 for each call, n for every nth.
    """
    score = Score()
    with _trials(scratch, where) as trials:
        trials.build()
        steps = Steps()
        sorter.watched(trials.scene, steps.around)
        for at in range(0, len(steps.taken), every):
            for after in (False, True) if steps.taken[at] not in READING else (False,):
                watch = trials.build()
                assert run_and_die(lambda steps: sorter.watched(trials.scene, steps.around), at, after=after)
                trials.judge(sorter, watch, score)
    return score


def power_cut(scratch: Path, sorter: Sorter, where: str, states: int = 300, *, in_order: bool = False) -> Score:
    """Cut the power during a change of the disk, or after the last one."""
    score = Score()
    with memory(scratch) as here:
        trials = _Trials(here, here, here / "sorted")

        def sort(at: int) -> tuple[Watch, PowerDisk]:
            watch = trials.build()
            disk = sorter.on_forgetting_disk(trials.scene, devices=where == OTHER, at=at)
            with suppress(PowerCut):
                sorter.sort_on(trials.scene, disk)
            return watch, disk

        _, disk = sort(-1)
        changes = disk.changes
        for trial in range(states):
            chance = random.Random(f"{sorter.name} {where} {trial}")
            watch, disk = sort(chance.randrange(changes + 1))
            disk.forget(chance, in_order=in_order)
            trials.judge(sorter, watch, score)
    return score


def errors(scratch: Path, sorter: Sorter, where: str, codes: int = len(CODES), every: int = 1) -> Score:
    """Let each call of the disk fail with each error, undone or done all the same.

    Args:
        scratch: A folder to work in.
        sorter: The program.
        where: `SAME` or `OTHER`.
        codes: How many of the errors.
        every: 1 for each call, n for every nth.
    """
    score = Score()
    with _trials(scratch, where) as trials:
        trials.build()
        steps = Steps()
        sorter.watched(trials.scene, steps.around)
        for at in range(0, len(steps.taken), every):
            name = steps.taken[at]
            for after in (False, True) if name not in READING else (False,):
                for code in CODES[:codes]:
                    if name in {"stat", "stat_through"} and code == errno.ENOENT:
                        continue  # a disk that says "not there" of a file that is: no program can know better
                    watch = trials.build()
                    sorter.watched(trials.scene, _failing(at, code, after=after))
                    trials.judge(sorter, watch, score)
    return score


def _failing(at: int, code: int, *, after: bool) -> Around:
    count = itertools.count()

    def around(_: str, call: Callable[[], Any]) -> Any:
        if next(count) != at:
            return call()
        if after:
            call()
        raise OSError(code, os.strerror(code))

    return around


def full_disk(scratch: Path, sorter: Sorter, where: str, trials: int = 100) -> Score:
    """Fill the disk of the destination, a real one of 2 MB, during a call."""
    del where  # the photos are on another one
    score = Score()
    with memory(scratch) as here:
        for number in range(trials):
            chance, root = random.Random(number), here / str(number)
            with small_disk(root / "small") as small:
                made = _Trials(root, root, small / "sorted", size_bytes=60_000)
                made.build()
                steps = Steps()
                sorter.watched(made.scene, steps.around)
                watch = made.build()
                filling = partial(fill, small, chance.randrange(100_000))
                sorter.watched(made.scene, Steps(chance.randrange(len(steps.taken)), before=filling).around)
                made.judge(sorter, watch, score, (small / "ballast").unlink)
    return score


def names_alike(scratch: Path, sorter: Sorter, where: str) -> Score:
    """Sort two photos that have the name of a file in the destination; nothing fails."""
    del where
    score = Score()
    with memory(scratch) as here:
        trials = _Trials(here, here, here / "sorted", names_alike=True)
        watch = trials.build()
        sorter.watched(trials.scene, lambda _, call: call())
        trials.judge(sorter, watch, score)
    return score


_in_order = partial(power_cut, in_order=True)
FAULTS = (
    Fault("killed before or after each call", SAME, killed, {"every": 5}),
    Fault("killed before or after each call", OTHER, killed, {"every": 5}),
    Fault("power cut; any part of what was not synced is gone", SAME, power_cut, {"states": 20}),
    Fault("power cut; any part of what was not synced is gone", OTHER, power_cut, {"states": 20}),
    Fault("power cut; a journal keeps the order of names", SAME, _in_order, {"states": 20}),
    Fault("power cut; a journal keeps the order of names", OTHER, _in_order, {"states": 20}),
    Fault("each call fails, with each error", SAME, errors, {"codes": 1, "every": 3}),
    Fault("each call fails, with each error", OTHER, errors, {"codes": 1, "every": 3}),
    Fault("the disk is filled during a call", OTHER, full_disk, {"trials": 6}),
    Fault("nothing fails; two photos have the name of a file there", SAME, names_alike),
)


def score_of(fault: Fault, sorter: Sorter, **share: int) -> Score:
    """Make the trials of a sorter under a fault, in a process of its own."""
    if fault.where == OTHER and not sorter.reaches_other_drives:
        return Score(skipped="refuses another drive")
    with tempfile.TemporaryDirectory() as scratch:
        return apart(partial(_measured, fault, Path(scratch), sorter, share))


def _measured(fault: Fault, scratch: Path, sorter: Sorter, share: dict[str, int]) -> Score:
    try:
        return fault.measure(scratch, sorter, fault.where, **share)
    except (NoMounts, OtherDevice) as reason:
        return Score(skipped=f"skipped: {reason}")


def against(docs: Path | None) -> bool:
    """Print the table, and write it into a document; return whether FlowerSorter lost nothing."""
    rows, good = [], True
    for fault in FAULTS:
        print(f"{fault.what} ({fault.where})", flush=True)
        scores = [score_of(fault, sorter) for sorter in SORTERS]
        for sorter, score in zip(SORTERS, scores, strict=True):
            print(f"    {sorter.name:20} {score.cell}", flush=True)
            good &= not isinstance(sorter, Ours) or not (score.lost or score.partial)
        rows.append([fault.what, fault.where, *(score.cell for score in scores)])
    if docs is not None:
        write_section(docs, _as_markdown(rows), "safety --against shutil")
    return good


def _as_markdown(rows: Sequence[Sequence[str]]) -> str:
    head = ["what happens", "destination", *(sorter.name for sorter in SORTERS)]
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n\n{platform.system()}, Python {platform.python_version()}."
