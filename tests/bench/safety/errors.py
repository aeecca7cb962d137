"""Errors of the disk: every operation x every error; that photo is reported, the rest goes on, nothing is half-done."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flowersorter.errors import UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from tests.bench.safety.crash import Act, stages
from tests.bench.safety.stage import Stage
from tests.bench.safety.tally import Tally
from tests.unit.sorting.failing_disks import CHANGING, OPERATIONS, FailingDisk, failing

CODES = tuple(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EIO", "EACCES", "EPERM", "EROFS", "EXDEV", "ENOENT", "EEXIST", "EBUSY"),
        *("ENAMETOOLONG", "ESTALE"),
    )
)


def every_error(scratch: Path, codes: int = len(CODES), calls: int = 30, every: int = 1) -> Tally:
    """Let each operation fail with each error.

    Args:
        scratch: A folder to work in.
        codes: How many of the errors.
        calls: Up to how many calls of one operation fail in turn.
        every: n to try every nth operation only, another one for each act.
    """
    tally = Tally()
    turn = 0
    for number, stage in enumerate(stages(scratch, tally)):
        for first, act in (((), stage.sort), ((stage.sort,), stage.correct), ((stage.sort,), stage.undo)):
            for position, name in enumerate(OPERATIONS):
                turn += 1
                if turn % every:
                    continue
                # With fewer errors than there are, every operation still meets other ones.
                some = [CODES[(number + position + step * 3) % len(CODES)] for step in range(codes)]
                for disk in faults(name, some, calls):
                    fail_act(stage, first, act, disk, tally)
    return tally


def faults(name: str, codes: list[int], calls: int) -> Iterator[FailingDisk]:
    """Every way in which one operation can fail, as long as it is called that often."""
    for after in (False, True) if name in CHANGING else (False,):
        for code in codes:
            if name in {"stat", "stat_through"} and code == errno.ENOENT:
                continue  # a disk that says "not there" of a file that is: nobody can know better
            # What fails in the middle of a run is about the same for all of them.
            for nth in range(calls if code in {errno.EIO, codes[0]} else min(calls, 2)):
                disk = failing(name, nth, code, after=after)
                yield disk
                if not disk.failed:
                    break


def fail_act(stage: Stage, first: tuple[Act, ...], act: Act, disk: FailingDisk, tally: Tally) -> None:
    """Do an act on a disk with a fault, after others were done; then look, recover, look, undo everything."""
    watch = stage.build()
    with CollectionStore.open(stage.collection) as collection:
        for before in first:
            before(collection, FileSystem())
        with suppress(UserError):  # refused as a whole, with a reason
            act(collection, disk)
        for run in collection.journal.runs():
            for entry in collection.journal.filings(run.id):
                tally.expect(entry.state != "failed" or bool(entry.error), "a failure has no reason")
    if disk.failed:
        tally.tried += 1
        stage.check(watch, tally)
