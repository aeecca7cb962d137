"""Undoes a run, or some photos of it, except photos that have changed since, each with a reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import EntryState, Run, RunState
from flowersorter.errors import Cancelled, UndoRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import text
from flowersorter.sorting.changed_photos import ChangedPhoto, adopt, changed_photos
from flowersorter.sorting.failures import LeftOpenError, NotDoneError
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.created_folders import remove_empty_folders
from flowersorter.sorting.folders.removed_folders import is_undone, make_emptied_folders, restore_folder_times
from flowersorter.sorting.journaled_steps import StepContext, check_undo, remember_drives, require_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged
from flowersorter.sorting.plan import Mode, Skipped
from flowersorter.sorting.recover import recover
from flowersorter.sorting.sidecar_groups import Group, freed_by, grouped, undo_group

_INTERRUPTED = text("it was interrupted and its drive is missing")


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The outcome of an undo.

    Attributes:
        undone: Number of photos undone, without those that were gone already.
        gone: Number of photos whose copy or link the person had removed.
        refused: Paths of the photos that stay filed, with the reasons.
        mode: How the sort filed photos: copies and links were deleted, moved photos went back.
        late_sidecars: Number of sidecars undone that were filed beside photos of an earlier sort.
        moved: The refused photos that the person moved or renamed within the destination: where they were filed, by
            entry id.
        edited: The refused photos that the run moved and the person edited since, likewise.
        only_keywords: Whether the sort wrote keywords beside photos that stay.
        passed_over: Newer sorts of which nothing more can be undone: number of photos by run id.
    """

    run_id: int
    undone: int
    refused: tuple[Skipped, ...]
    mode: Mode
    late_sidecars: int = 0
    moved: Mapping[int, Path] = field(default_factory=dict)
    edited: Mapping[int, Path] = field(default_factory=dict)
    gone: int = 0
    only_keywords: bool = False
    passed_over: Mapping[int, int] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[int, ...]:
        """Entry ids of the refused photos that can be undone if the person agrees."""
        return (*self.moved, *self.edited)

    @property
    def refused_anyway(self) -> tuple[Skipped, ...]:
        """The other refused photos."""
        changed = {*self.moved.values(), *self.edited.values()}
        return tuple(skipped for skipped in self.refused if skipped.path not in changed)


def undo(
    collection: CollectionStore,
    run_id: int,
    report: Report,
    cancel: CancelToken,
    files: FileSystem | None = None,
    only: Collection[int] | None = None,
    *,
    take_changed: bool = False,
) -> UndoResult:
    """Undo a run, the last photo first.

    Args:
        collection: The collection of the run.
        run_id: Any run, not only the newest.
        report: Gets `Progress`.
        cancel: Checked between two photos.
        files: The disk.
        only: Ids of the photos' journal entries, to undo only a part of the run.
        take_changed: Also undo photos that the person moved or renamed within the destination, and those edited since
            the run moved them. Edited copies always stay.

    Raises:
        UndoRefused: there is no such run, it is undone already, or all that is left of it is on a missing drive.
        Cancelled: asked to stop; undone photos stay undone, and undoing the run again continues.
    """
    context = StepContext(collection, files or FileSystem())
    before = _known(context, run_id)
    run = _after_recovery(context, before)
    wanted = [
        group for group in reversed(grouped(context.journal.filings(run_id))) if only is None or group.lead.id in only
    ]
    groups = [group for group in wanted if _is_filed(group)]
    refused = [Skipped(group.lead.destination, _INTERRUPTED) for group in wanted if _is_open(group)]
    if refused and not groups:
        raise _refused(run_id, _INTERRUPTED, text("Plug the drive in"))
    changed = changed_photos(collection, run, groups, context.files, cancel)
    if take_changed:
        groups, changed = _with_changes(context, groups, changed), []
    refused += _keep(context, run, changed)
    kept = {photo.lead.id for photo in changed}
    with suppress(OSError):  # unreadable folders are refused photo by photo
        remember_drives(context, run.source, run.destination)
    context.journal.reopen_run(run_id)
    groups = [group for group in groups if group.lead.id not in kept]
    make_emptied_folders(context, run, [entry.source for group in groups for entry in group.entries])
    try:
        not_undone, gone = _undo_groups(context, run, groups, report, cancel)
    except Cancelled:
        _end(context, run, whole=only is None)
        raise
    _end(context, run, whole=only is None)
    # Recovery may have undone some too.
    after = context.journal.run(run_id)
    return UndoResult(
        run_id,
        after.undone - before.undone - gone,
        (*refused, *not_undone),
        Mode(run.mode),
        before.late_sidecars - after.late_sidecars,
        moved={photo.lead.id: photo.lead.destination for photo in changed if photo.is_moved},
        edited={photo.lead.id: photo.lead.destination for photo in changed if not photo.is_moved},
        gone=gone,
        only_keywords=run.only_keywords,
    )


def photos_that_stay(
    collection: CollectionStore,
    run: Run,
    cancel: CancelToken,
    files: FileSystem | None = None,
    *,
    take_changed: bool = False,
) -> int:
    """Count the photos of a run that an earlier undo left and another would leave again; reads only.

    Returns:
        0 where something of the run can be undone, or undoing it was never tried.

    Raises:
        Cancelled: asked to stop.
    """
    context = StepContext(collection, files or FileSystem())
    groups = grouped(context.journal.filings(run.id))
    if any(map(_is_open, groups)):
        return 0
    groups = [group for group in groups if _is_filed(group)]
    if not all(any(entry.error for entry in group.entries) for group in groups):
        return 0
    changed = {photo.lead.id for photo in changed_photos(collection, run, groups, context.files, cancel)}
    for group in groups:
        if group.lead.id in changed:
            if take_changed:
                return 0
            continue
        with suppress(NotDoneError):
            filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
            for entry in filed:
                check_undo(context, run, entry, freed_by(filed))
            return 0
    return len(groups)


def _undo_groups(
    context: StepContext, run: Run, groups: Sequence[Group], report: Report, cancel: CancelToken
) -> tuple[list[Skipped], int]:
    """Undo photo by photo; return those that stay filed, and the number of those that were gone already.

    Raises:
        Cancelled: asked to stop, between two photos.
    """
    refused, gone = [], 0
    for done, group in enumerate(groups):
        report(Progress(text("Undoing"), done, len(groups)))
        cancel.check()
        try:
            require_drives(context)
            gone += not undo_group(context, run, group)
        except (NotDoneError, LeftOpenError) as error:
            refused.append(Skipped(group.lead.destination, error.reason))
    report(Progress(text("Undoing"), len(groups), len(groups)))
    return refused, gone


def _keep(context: StepContext, run: Run, changed: Sequence[ChangedPhoto]) -> list[Skipped]:
    """Leave changed photos as they are, each with the reason."""
    kept = []
    for photo in changed:
        reason = photo.reason(run.destination)
        context.journal.set_state(photo.lead.id, EntryState.DONE, reason)
        kept.append(Skipped(photo.lead.destination, reason))
    return kept


def _known(context: StepContext, run_id: int) -> Run:
    try:
        run = context.journal.run(run_id)
    except KeyError:
        raise _refused(run_id, text("there is no such sort")) from None
    if run.state == RunState.UNDONE:
        raise _refused(run_id, text("it is undone already"))
    return run


def _refused(run_id: int, why: str, hint: str = "") -> UndoRefused:
    return UndoRefused(text("Sort {run_id} cannot be undone", run_id=run_id), why, hint)


def _after_recovery(context: StepContext, run: Run) -> Run:
    """Recover an interrupted run first, as far as its drives are present."""
    if run not in context.journal.open_runs():
        return run
    recover(context.collection, context.files)
    return context.journal.run(run.id)


def _with_changes(context: StepContext, groups: list[Group], changed: list[ChangedPhoto]) -> list[Group]:
    """Store the changes of the person, and read the photos that have them again."""
    adopt(context.collection, changed)
    again = {photo.lead.id for photo in changed}
    return [
        Group(context.journal.entries([entry.id for entry in group.entries])) if group.lead.id in again else group
        for group in groups
    ]


def _is_filed(group: Group) -> bool:
    return not _is_open(group) and any(entry.state == EntryState.DONE for entry in group.entries)


def _is_open(group: Group) -> bool:
    return any(entry.state in {EntryState.STARTED, EntryState.UNDOING} for entry in group.entries)


def _end(context: StepContext, run: Run, *, whole: bool) -> None:
    if is_undone(context, run):
        make_emptied_folders(context, run)
    restore_folder_times(context, run)
    remove_empty_folders(context, run.destination)
    drop_merged(context, context.journal.filings(run.id))
    if context.journal.end_run(run.id) != RunState.UNDONE and whole and not run.has_something_to_undo:
        context.journal.mark_undone(run.id)  # nothing was filed, so nothing is left to undo
