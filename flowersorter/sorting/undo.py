"""Takes a run back, or some photos of it, refusing with a reason what the person changed since."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from flowersorter.domain.journal import EntryState, Run, RunState
from flowersorter.errors import Cancelled, UndoRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.created_folders import remove_empty_folders
from flowersorter.sorting.failures import LeftOpenError, NotDoneError
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.journaled_steps import StepContext, remember_drives, require_drives
from flowersorter.sorting.plan import Mode, Skipped
from flowersorter.sorting.recover import recover
from flowersorter.sorting.sidecar_groups import Group, grouped, take_back_group

_WHAT = "Run {} cannot be undone"
_INTERRUPTED = "it was interrupted and its drive is not there"


@dataclass(frozen=True, slots=True)
class UndoResult:
    """What undoing a run did.

    Attributes:
        undone: Photos taken back.
        refused: Photos that stay filed, by where they are filed, and why.
        mode: Copies and links were deleted, moved photos went back.
    """

    run_id: int
    undone: int
    refused: tuple[Skipped, ...]
    mode: Mode


def undo(
    collection: CollectionStore,
    run_id: int,
    report: Report,
    cancel: CancelToken,
    files: FileSystem | None = None,
    only: Collection[int] | None = None,
) -> UndoResult:
    """Take a run back, the last photo first.

    Args:
        collection: Whose run.
        run_id: Any run, not only the newest.
        report: Gets `Progress`.
        cancel: Looked at between two photos.
        files: The disk.
        only: Ids of the photos' journal entries, to take a part of the run back.

    Raises:
        UndoRefused: there is no such run, it is undone already, or all that is left of it waits for a missing drive.
        Cancelled: asked to stop; what is undone stays undone, and undoing the run again goes on.
    """
    desk = StepContext(collection, files or FileSystem())
    before = _known(desk, run_id)
    run = _settled(desk, before)
    wanted = [
        group for group in reversed(grouped(desk.journal.filings(run_id))) if only is None or group.lead.id in only
    ]
    groups = [group for group in wanted if _is_filed(group)]
    refused = [Skipped(group.lead.destination, _INTERRUPTED) for group in wanted if _is_open(group)]
    if refused and not groups:
        raise UndoRefused(_WHAT.format(run_id), _INTERRUPTED, "Plug the drive in")
    with suppress(OSError):  # what cannot be looked at is refused photo by photo
        remember_drives(desk, run.source, run.destination)
    desk.journal.reopen_run(run_id)
    try:
        for done, group in enumerate(groups):
            report(Progress("Undoing", done, len(groups)))
            cancel.check()
            try:
                require_drives(desk)
                take_back_group(desk, run, group)
            except (NotDoneError, LeftOpenError) as error:
                refused.append(Skipped(group.lead.destination, error.reason))
        report(Progress("Undoing", len(groups), len(groups)))
    except Cancelled:
        _end(desk, run, whole=only is None)
        raise
    _end(desk, run, whole=only is None)
    # Settling what was interrupted may have taken some back, too.
    return UndoResult(run_id, desk.journal.run(run_id).undone - before.undone, tuple(refused), Mode(run.mode))


def _known(desk: StepContext, run_id: int) -> Run:
    try:
        run = desk.journal.run(run_id)
    except KeyError:
        raise UndoRefused(_WHAT.format(run_id), "there is no such run") from None
    if run.state == RunState.UNDONE:
        raise UndoRefused(_WHAT.format(run_id), "it is undone already")
    return run


def _settled(desk: StepContext, run: Run) -> Run:
    """Settle first what was interrupted, as far as the drives are there."""
    if run not in desk.journal.open_runs():
        return run
    recover(desk.collection, desk.files)
    return desk.journal.run(run.id)


def _is_filed(group: Group) -> bool:
    return not _is_open(group) and any(entry.state == EntryState.DONE for entry in group.entries)


def _is_open(group: Group) -> bool:
    return any(entry.state in {EntryState.STARTED, EntryState.UNDOING} for entry in group.entries)


def _end(desk: StepContext, run: Run, *, whole: bool) -> None:
    remove_empty_folders(desk, run.destination)
    if desk.journal.end_run(run.id) != RunState.UNDONE and whole and run.photos == 0:
        desk.journal.mark_undone(run.id)  # nothing was filed, so nothing is left to undo
