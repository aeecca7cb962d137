"""Undoes a run, or some photos of it, except photos that have changed since, each with a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import EntryState, Run, RunState
from flowersorter.errors import Cancelled, UndoRefused
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.journal import Journal
from flowersorter.messages import text
from flowersorter.sorting.failures import LeftOpenError, NotDoneError
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.folders.created_folders import remove_empty_folders
from flowersorter.sorting.folders.removed_folders import is_undone, make_emptied_folders, restore_folder_times
from flowersorter.sorting.journaled_steps import StepContext, check_undo, remember_drives, remove_remade, require_drives
from flowersorter.sorting.keywords.kept_sidecars import drop_merged
from flowersorter.sorting.plan import Mode, Skipped
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.changed_photos import ChangedPhoto, adopt, changed_photos
from flowersorter.sorting.runs.step_batches import in_batches
from flowersorter.sorting.sidecar_groups import Group, begin_undo_groups, freed_by, groups_in_blocks, undo_group

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
    wanted = _Wanted(context.journal, run_id, only)
    refused = [Skipped(group.lead.destination, _INTERRUPTED) for group in wanted.interrupted()]
    if refused and not any(True for _ in wanted.filed()):
        raise _refused(run_id, _INTERRUPTED, text("Plug the drive in"))
    changed = changed_photos(collection, run, wanted.filed(), context.files, cancel)
    brings_edited = take_changed and any(file.goes_to is not None for photo in changed for file in photo.files)
    if take_changed:
        adopt(context.collection, changed)
        changed = []
    refused += _keep(context, run, changed)
    wanted.kept.update(photo.lead.id for photo in changed)
    with suppress(OSError):  # unreadable folders are refused photo by photo
        remember_drives(context, run.source, run.destination)
    context.journal.reopen_run(run_id)
    if context.journal.removed_folders(run_id):
        sources = {entry.source.parent for group in wanted.filed() for entry in group.entries}
        make_emptied_folders(context, run, sources)
    try:
        not_undone, gone = _undo_groups(context, run, wanted, report, cancel)
    except Cancelled:
        _end(context, run, whole=only is None)
        raise
    _end(context, run, whole=only is None)
    if brings_edited:  # the sort does not know any more which sidecars were made for them
        drop_merged(context)
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
    wanted = _Wanted(context.journal, run.id, None)
    if any(True for _ in wanted.interrupted()):
        return 0
    groups = []
    for group in wanted.filed():  # few, as a rule: the first that was not refused ends it
        if not any(entry.error for entry in group.entries):
            return 0
        groups.append(group)
    groups.reverse()
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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The photos of a run that are to be undone, the last first, read block by block whenever they are wanted.

    Attributes:
        only: Ids of their entries; None for all.
        kept: Ids of those that stay after all.
    """

    journal: Journal
    run_id: int
    only: Collection[int] | None
    kept: set[int] = field(default_factory=set)

    def filed(self) -> Iterator[Group]:
        """The photos of which something is filed."""
        open_ids = {entry.lead_id or entry.id for entry in self.journal.open_filings()}
        return (group for group in self._groups(EntryState.DONE) if group.lead.id not in open_ids)

    def interrupted(self) -> Iterator[Group]:
        """The photos with an interrupted step that could not be recovered yet."""
        return self._groups(EntryState.STARTED, EntryState.UNDOING)

    def _groups(self, *states: EntryState) -> Iterator[Group]:
        for group in groups_in_blocks(self.journal, self.run_id, states, backwards=True):
            if (self.only is None or group.lead.id in self.only) and group.lead.id not in self.kept:
                yield group


def _undo_groups(
    context: StepContext, run: Run, wanted: _Wanted, report: Report, cancel: CancelToken
) -> tuple[list[Skipped], int]:
    """Undo photo by photo; return those that stay filed, and the number of those that were gone already.

    Raises:
        Cancelled: asked to stop, between two photos.
    """
    refused, gone, done = list[Skipped](), 0, 0
    total = context.journal.count_filed(run.id) if wanted.only is None else len(wanted.only)
    total = max(0, total - len(wanted.kept))
    for batch in in_batches(wanted.filed(), lambda entry: entry.size_bytes):
        with context.settled():
            checked = begin_undo_groups(context, run, batch.groups, cancel)
            for group in batch.groups:
                report(Progress(text("Undoing"), done, total))
                cancel.check()
                done += 1
                try:
                    require_drives(context)
                    gone += not undo_group(context, run, group, checked)
                except (NotDoneError, LeftOpenError) as error:
                    refused.append(Skipped(group.lead.destination, error.reason))
    report(Progress(text("Undoing"), done, done))
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


def _end(context: StepContext, run: Run, *, whole: bool) -> None:
    remove_remade(context)
    if is_undone(context, run):
        make_emptied_folders(context, run)
    restore_folder_times(context, run)
    remove_empty_folders(context, run.destination)
    drop_merged(context, context.journal.sidecars(run.id))
    if context.journal.end_run(run.id) != RunState.UNDONE and whole and not run.has_something_to_undo:
        context.journal.mark_undone(run.id)  # nothing was filed, so nothing is left to undo
