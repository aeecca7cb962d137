"""Recovers at the start from a crash, a power cut or an unplugged drive; safe to repeat.

Interrupted steps on a missing drive are left open until it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.library.collection import CollectionStore
from flowersorter.messages import joined_texts, text
from flowersorter.sorting.failures import REPAIRED_LATER, LeftOpenError, NotDoneError, explain
from flowersorter.sorting.filesystem import (
    FileSystem,
    follow_or_none,
    has_something,
    is_our_link,
    is_regular,
    stat_or_none,
)
from flowersorter.sorting.folders.created_folders import remove_abandoned_folders, remove_empty_folders
from flowersorter.sorting.folders.removed_folders import is_undone, make_emptied_folders, restore_folder_times
from flowersorter.sorting.journaled_steps import StepContext, undo_step
from flowersorter.sorting.keywords.kept_sidecars import drop_merged
from flowersorter.sorting.plan import Action
from flowersorter.sorting.resolve_interrupted import Resolution, Side, drop_temporary, resolve
from flowersorter.sorting.runs.record_steps import record_filed, record_undone
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group, file_group, groups_with_sidecars, late_units
from flowersorter.sorting.transfer import Transfer


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """The outcome of recovery.

    Attributes:
        finished: Number of files whose interrupted step was finished.
        rolled_back: Number of files whose interrupted step was rolled back.
        problems: Files that could not be recovered, and notes for the person, a sentence each.
        waiting: The interrupted runs of which photos are left; `resume` continues them.
        copies_removed: Number of the files rolled back that were copied or linked: what was unfinished is removed.
    """

    finished: int = 0
    rolled_back: int = 0
    problems: tuple[str, ...] = ()
    waiting: tuple[Run, ...] = ()
    copies_removed: int = 0


@dataclass(slots=True)
class _Tally:
    finished: int = 0
    rolled_back: int = 0
    copies_removed: int = 0
    problems: list[str] = field(default_factory=list)


def recover(collection: CollectionStore, files: FileSystem | None = None) -> RecoveryResult:
    """Finish or roll back every open filing, and close every run that did not end.

    Raises:
        UserError: the library cannot be read or written.
    """
    context = StepContext(collection, files or FileSystem())
    tally, waiting = _Tally(), list[Run]()
    for run in context.journal.open_runs():
        for entry in context.journal.open_filings():
            if entry.run_id == run.id:
                _resolve_entry(context, run, entry, tally)
        for group in groups_with_sidecars(context.journal, run.id):
            # The sidecars of a photo that stays are filed one by one: the next sort files those that are missing.
            for unit in late_units(group) if group.lead.state == EntryState.NOTED else [group]:
                _complete(context, run, unit, tally)
            _plan_rolled_back(context, group)
        if is_undone(context, run):
            make_emptied_folders(context, run)
            restore_folder_times(context, run)
        remove_empty_folders(context, run.destination)
        context.journal.end_run(run.id)
        ended = context.journal.run(run.id)
        waiting += [ended] if ended.can_be_resumed else []
    remove_abandoned_folders(context)
    drop_merged(context)
    return RecoveryResult(
        tally.finished, tally.rolled_back, tuple(tally.problems), tuple(waiting), tally.copies_removed
    )


def _resolve_entry(context: StepContext, run: Run, entry: Entry, tally: _Tally) -> None:
    try:
        missing = _missing_folder(context.files, run, entry)
        if missing is not None:
            tally.problems.append(
                _problem(entry, text("{folder} is missing; its drive may be unplugged", folder=shown(missing)))
            )
            return
        resolution = _resolve_on_disk(context, entry)
        # Changes made before a crash may not be on the disk yet; the journal must not be ahead of them.
        for folder in (entry.source.parent, entry.destination.parent):
            if follow_or_none(context.files, folder) is not None:
                context.files.sync_folder(folder)
        if resolution.side == Side.LOST and not _drives_are_there(context.files, run, entry):
            tally.problems.append(_problem(entry, text("it was not found; its drive may be unplugged")))
            return
    except OSError as error:
        tally.problems.append(_problem(entry, explain(error)))
        return
    _record(context, entry, resolution)
    tally.finished += resolution.side == Side.FINISHED
    tally.rolled_back += resolution.side == Side.ROLLED_BACK
    was_filed = entry.state == EntryState.STARTED and entry.action != Action.MOVE
    tally.copies_removed += resolution.side == Side.ROLLED_BACK and was_filed
    if resolution.note is not None:
        tally.problems.append(_problem(entry, resolution.note))


def _resolve_on_disk(context: StepContext, entry: Entry) -> Resolution:
    """Finish or roll back one interrupted step on disk."""
    files, undoing = context.files, entry.state == EntryState.UNDOING
    assert entry.temporary is not None  # stored before the step
    if not undoing and context.journal.has_owner(entry) and _is_intact(files, entry):
        # The file at the destination is another one with the same bytes, filed there by another step.
        drop_temporary(files, entry.temporary)
        return Resolution(Side.ROLLED_BACK)
    if Action(entry.action).is_link and not undoing:
        linked = is_our_link(files, entry.source, entry.destination)
        return Resolution(Side.FINISHED if linked else Side.ROLLED_BACK)
    if entry.action != Action.MOVE and undoing:
        # Removing a copy or link is one step: it exists or not.
        exists = stat_or_none(files, entry.destination) is not None
        return Resolution(Side.ROLLED_BACK if exists else Side.FINISHED)
    origin, target = entry.source, entry.destination
    if undoing:
        origin, target = target, origin
    assert entry.sha256 is not None  # stored before the step
    transfer = Transfer(origin, target, entry.temporary, entry.sha256)
    return resolve(files, transfer, entry.mtime_ns, keeps_origin=entry.action == Action.COPY)


def _is_intact(files: FileSystem, entry: Entry) -> bool:
    """Whether a file that was about to be filed has its bytes at its source."""
    return is_regular(stat_or_none(files, entry.source)) and files.hash(entry.source) == entry.sha256


def _record(context: StepContext, entry: Entry, resolution: Resolution) -> None:
    if entry.state == EntryState.UNDOING:
        if resolution.side == Side.FINISHED:
            record_undone(context, entry)
        else:
            context.journal.set_state(entry.id, EntryState.DONE, resolution.note)
    elif resolution.side == Side.FINISHED:
        assert entry.sha256 is not None
        record_filed(context, entry, entry.sha256, resolution.note)
    elif resolution.side == Side.ROLLED_BACK:
        context.journal.set_state(entry.id, EntryState.PLANNED, resolution.note)
    else:
        context.journal.set_state(entry.id, EntryState.FAILED, resolution.note)


def _complete(context: StepContext, run: Run, group: Group, tally: _Tally) -> None:
    """Reunite a photo with its sidecars after a crash between them."""
    states = {entry.state for entry in group.entries}
    if EntryState.DONE not in states or states & {EntryState.STARTED, EntryState.UNDOING}:
        return
    filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
    # A run that ended with an open step has cancelled the sidecars that would have followed it.
    planned = [entry for entry in group.entries if entry.state in {EntryState.PLANNED, EntryState.CANCELLED}]
    try:
        if planned and not states & {EntryState.FAILED, EntryState.UNDONE}:
            try:
                file_group(context, run, Group(planned))
                tally.finished += len(planned)
            except NotDoneError:
                _undo_all(context, run, filed, tally)
                raise
        elif len(filed) < len(group.entries):
            _undo_all(context, run, filed, tally)
    except (NotDoneError, LeftOpenError) as error:
        tally.problems.append(_problem(group.lead, error.reason))


def _plan_rolled_back(context: StepContext, group: Group) -> None:
    """Tell a photo whose filing was rolled back, with a sidecar that was not filed, from one that the person undid."""
    if group.lead.state == EntryState.NOTED:
        return  # its late sidecars are filed, and undone, one by one
    entries = context.journal.entries([entry.id for entry in group.entries])
    states = {entry.state for entry in entries}
    if states & {EntryState.PLANNED, EntryState.FAILED} and not states & {EntryState.DONE, EntryState.UNDOING}:
        back = [entry.id for entry in entries if entry.state == EntryState.UNDONE]
        context.journal.set_states(back, EntryState.PLANNED)


def _undo_all(context: StepContext, run: Run, filed: list[Entry], tally: _Tally) -> None:
    """Take back the files of a photo that are filed.

    Raises:
        NotDoneError: something of it stays filed.
        LeftOpenError: likewise; the next recovery tries again.
    """
    for entry in reversed(filed):
        try:
            undo_step(context, run, entry)
        except NotDoneError as error:
            if not isinstance(error.__cause__, OSError):
                raise  # another program has changed it: no recovery will take it back
            # The disk refuses now. Were the step closed, its photo and sidecars would be apart for good.
            context.journal.set_state(entry.id, EntryState.UNDOING, error.reason)
            raise LeftOpenError(joined_texts("; ", error.reason, REPAIRED_LATER)) from error
        tally.rolled_back += 1
        tally.copies_removed += entry.action != Action.MOVE


def _missing_folder(files: FileSystem, run: Run, entry: Entry) -> Path | None:
    """The folder whose drive seems to be missing, or None."""
    for folder, root in _folders(run, entry):
        if follow_or_none(files, folder) is None and not has_something(files, root):
            return folder
    return None


def _drives_are_there(files: FileSystem, run: Run, entry: Entry) -> bool:
    return all(_drive_is_there(files, folder, root) for folder, root in _folders(run, entry))


def _drive_is_there(files: FileSystem, folder: Path, root: Path) -> bool:
    """Whether the drive of a folder is present in which a file was not found."""
    if has_something(files, folder):
        return True
    found, above = follow_or_none(files, folder), follow_or_none(files, root)
    if found is None or above is None:
        return has_something(files, root)
    # An empty folder may be left by an unplugged drive, unless it is on the same device as the folder above it.
    return folder != root and found.st_dev == above.st_dev


def _folders(run: Run, entry: Entry) -> tuple[tuple[Path, Path], ...]:
    """The folders of a file before and after the step, each with the run's folder that contains it."""
    source = entry.source.parent
    return (source, run.source or source), (entry.destination.parent, run.destination)


def _problem(entry: Entry, reason: str) -> str:
    return joined_texts(": ", shown(entry.source), reason)
