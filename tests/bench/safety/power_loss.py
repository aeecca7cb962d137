"""Power loss: what had not reached the disk is forgotten, in any combination, then recovered."""

from __future__ import annotations

import itertools
import random
from contextlib import suppress
from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.bench.safety.crash import Act
from tests.bench.safety.mounts import memory
from tests.bench.safety.stage import Stage
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.power_loss_disk import PowerCut, PowerDisk


class _NoLinks(PowerDisk):
    """A disk without hard links, as memory cards are."""

    def link_new(self, source: Path, target: Path) -> None:
        del source, target
        raise PermissionError(1, "no links here")


_DISKS = ("one device", "two devices", "no links")


def power_loss(scratch: Path, states: int = 1000) -> Tally:
    """Cut the power during a change of sort, correct or undo, or of the recovery after a crash there."""
    tally = Tally()
    with memory(scratch) as here:
        combinations = [
            (kind, mode, act)
            for kind, mode, act in itertools.product(_DISKS, Mode, range(3))
            if kind == "one device" or mode != Mode.LINK  # hard links are not made on the others
        ]
        for number, (kind, mode, act) in enumerate(combinations):
            stage = Stage(here, here / "photos", here / "sorted", mode)
            share = (states + len(combinations) - 1 - number) // len(combinations)
            first, then = [((), stage.sort), ((stage.sort,), stage.correct), ((stage.sort,), stage.undo)][act]
            cut_at_some(stage, kind, first, then, share, tally)
    return tally


def cut_at_some(stage: Stage, kind: str, first: tuple[Act, ...], then: Act, states: int, tally: Tally) -> None:
    """Cut the power at some changes of an act, after others were done."""
    _, disk = _run(stage, kind, first, then, -1)
    changes = disk.changes
    for trial in range(states):
        chance = random.Random(f"{kind} {stage.mode} {then.__name__} {trial}")
        watch, disk = _run(stage, kind, first, then, chance.randrange(changes))
        if chance.random() < 0.5:  # only the process was killed; the power goes while it recovers
            disk.go_on(chance.randrange(16))
            with suppress(PowerCut), CollectionStore.open(stage.collection) as collection:
                recover(collection, disk)
        disk.forget(chance)
        tally.tried += 1
        stage.check(watch, tally)


def _run(stage: Stage, kind: str, first: tuple[Act, ...], then: Act, at: int) -> tuple[Watch, PowerDisk]:
    watch = stage.build()
    disk_type = _NoLinks if kind == "no links" else PowerDisk
    with CollectionStore.open(stage.collection) as collection:
        for act in first:
            # On such a disk, too: what it does depends on it.
            act(collection, disk_type(stage.folders, devices=kind == "two devices"))
        disk = disk_type(stage.folders, devices=kind == "two devices", at=at)
        with suppress(PowerCut):
            then(collection, disk)
    return watch, disk
