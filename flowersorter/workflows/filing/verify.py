"""Compares every filed photo and sidecar with the hash of its sort; changes nothing."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.pace import Pace, step_back
from flowersorter.jobs.worker_threads import WorkerPool, call_apart, first_done
from flowersorter.library.cache.verified_files import Known, VerifiedFiles
from flowersorter.library.collection import CollectionStore
from flowersorter.library.journal.still_filed import Filed, StillFiled
from flowersorter.messages import text
from flowersorter.photos.scan import absolute_folder
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.workflows.filing.verified_files import Contents, Finding, Verification, VerifiedFile

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: What was read is remembered after so many seconds or files: little is read twice after the process was killed.
_REMEMBER_EVERY_S, _REMEMBER_FILES = 5.0, 1000


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Verify filed files.

    Attributes:
        destination: Only files at or below this folder; None for all sorts.
        bytes_per_s: Read at most so many a second; None for no limit.
        again: Also read files again that an interrupted verification has read.
        remember: Write down the files that were read, so that an interrupted verification goes on where it stopped.
    """

    destination: Path | None = None
    bytes_per_s: float | None = None
    again: bool = False
    remember: bool = True


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The outcome of a verification.

    Attributes:
        photos: Number of photos checked.
        sidecars: Number of sidecars checked.
        intact: How many of both are where the sort put them, with its bytes.
        changed: The others, the worst first.
        not_reached: Destinations that are missing or empty, such as on an unplugged drive, with their number of files.
        earlier: How many of the intact files an interrupted verification had read, with their size and time as then.
        earlier_since: When the first of these was read, ISO 8601 in UTC; None without any. At most `REMEMBERED` ago.
    """

    photos: int
    sidecars: int
    intact: int
    changed: tuple[VerifiedFile, ...]
    not_reached: Mapping[Path, int] = field(default_factory=dict)
    earlier: int = 0
    earlier_since: str | None = None

    @property
    def all_well(self) -> bool:
        """Whether every file was reached and none is lost; edited and moved files are well."""
        return not self.not_reached and not any(file.finding.is_loss for file in self.changed)

    def counts(self) -> Counter[Finding]:
        """The number of files by finding."""
        return Counter(file.finding for file in self.changed)


def verify(
    engine: Engine,
    request: VerifyRequest,
    report: Report,
    cancel: CancelToken,
    *,
    files: FileSystem | None = None,
) -> VerifyResult:
    """Read every filed photo and sidecar, and compare it with the hash of its sort.

    Files that were undone, or moved on by a later sort, are left out. One that was interrupted, also days ago and in
    another process, goes on where it stopped: intact files that it has read in the last 30 days (`REMEMBERED`) are not
    read again while their size and time are the same.

    Args:
        engine: Its collection has the journal.
        request: The scope.
        report: Gets `Progress`.
        cancel: Takes effect even while a drive does not answer.
        files: The disk.

    Raises:
        UserError: nothing was sorted into the requested folder.
        Cancelled: asked to stop.
    """
    folder = None if request.destination is None else absolute_folder(request.destination)
    filed = StillFiled(engine.collection.database, folder)
    if folder is not None and not len(filed):
        raise UserError(
            text("No photos are sorted into {folder}", folder=folder),
            hint=text('"flowersorter history" lists the destinations'),
        )
    pace = Pace(request.bytes_per_s, cancel)
    work = Verification(engine.collection, filed, files or FileSystem(), pace)
    _read_all(engine.collection, request, work, filed, report, cancel)
    work.compare_with_library()
    changed: list[VerifiedFile] = []
    for done, suspect in enumerate(work.suspects):
        report(Progress(text("Looking for moved photos"), done, len(work.suspects)))
        cancel.check()
        changed += call_apart(partial(list, work.explained(suspect)), cancel)
    order = list(Finding)
    changed.sort(key=lambda file: (order.index(file.finding), file.path))
    since = None if work.earlier_ns is None else datetime.fromtimestamp(work.earlier_ns // 10**9, UTC).isoformat()
    return VerifyResult(work.photos, work.sidecars, work.intact, tuple(changed), work.not_reached, work.earlier, since)


def _read_all(
    collection: CollectionStore,
    request: VerifyRequest,
    work: Verification,
    filed: StillFiled,
    report: Report,
    cancel: CancelToken,
) -> None:
    """Read every file once, block by block, and remember those that are intact."""
    scope = b"" if request.destination is None else os.fsencode(absolute_folder(request.destination))
    memory = VerifiedFiles(collection.folder, read_only=not request.remember, is_shared=collection.read_only)
    pool = WorkerPool(1, step_back, name="verify")
    done, stored_at = 0, time.monotonic()
    try:
        since_ns = memory.begin(scope, again=request.again)
        for block in filed.blocks():
            before = memory.since([each.entry for each in block], since_ns)
            for each in block:
                report(Progress(text("Verifying"), done, len(filed)))
                cancel.check()
                done += 1
                _read(work, pool, each, before.get(each.entry.id), cancel)
                if len(work.fresh) >= _REMEMBER_FILES or time.monotonic() - stored_at > _REMEMBER_EVERY_S:
                    _remember(memory, work)
                    stored_at = time.monotonic()
        report(Progress(text("Verifying"), len(filed), len(filed)))
        memory.end(scope)
    finally:
        pool.close()
        _remember(memory, work)
        memory.close()


def _read(
    work: Verification,
    pool: WorkerPool,
    filed: Filed,
    before: Known | None,
    cancel: CancelToken,
) -> None:
    if filed.root in work.not_reached:
        work.leave(filed)
        return
    future = pool.submit(work.contents, filed.entry, before)
    first_done([future], cancel)
    read: Contents = future.result()
    is_intact = read.found is not None and read.found[2] == filed.entry.sha256
    if not is_intact and not call_apart(partial(work.is_there, filed.root), cancel):
        work.leave(filed)
    else:
        known = before is not None and read.found is not None and read.found[:2] == (before.size_bytes, before.mtime_ns)
        work.take(filed, read, before if known else None)


def _remember(memory: VerifiedFiles, work: Verification) -> None:
    memory.add(work.fresh)
    work.fresh.clear()
