"""Puts right at the start what a crash, a power cut or an unplugged drive left half-done; safe to repeat.

Files of a drive that is not there are left as they are, to be settled when it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.created_folders import remove_abandoned_folders, remove_empty_folders
from flowersorter.sorting.failures import LeftOpenError, NotDoneError, explain
from flowersorter.sorting.filesystem import FileSystem, has_something, is_our_link, look, look_through
from flowersorter.sorting.journaled_steps import StepContext, record_filed, record_taken_back, take_back
from flowersorter.sorting.plan import Action
from flowersorter.sorting.resolve_interrupted import Settled, Side, settle
from flowersorter.sorting.safe_names import shown
from flowersorter.sorting.sidecar_groups import Group, file_group, grouped
from flowersorter.sorting.transfer import Transfer


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """What recovery did.

    Attributes:
        finished: Files whose interrupted step was finished.
        rolled_back: Files that are where they were before the interrupted step.
        problems: What could not be settled, or what the person should know, a sentence each.
    """

    finished: int = 0
    rolled_back: int = 0
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    finished: int = 0
    rolled_back: int = 0
    problems: list[str] = field(default_factory=list)


def recover(collection: CollectionStore, files: FileSystem | None = None) -> RecoveryResult:
    """Settle every open filing and close every run that did not end.

    Raises:
        UserError: the library cannot be read or written.
    """
    desk = StepContext(collection, files or FileSystem())
    tally = _Tally()
    for run in desk.journal.open_runs():
        for entry in desk.journal.filings(run.id):
            if entry.state in {EntryState.STARTED, EntryState.UNDOING}:
                _settle_entry(desk, run, entry, tally)
        for group in grouped(desk.journal.filings(run.id)):
            _complete(desk, run, group, tally)
        remove_empty_folders(desk, run.destination)
        desk.journal.end_run(run.id)
    remove_abandoned_folders(desk)
    return RecoveryResult(tally.finished, tally.rolled_back, tuple(tally.problems))


def _settle_entry(desk: StepContext, run: Run, entry: Entry, tally: _Tally) -> None:
    try:
        missing = _missing_folder(desk.files, run, entry)
        if missing is not None:
            tally.problems.append(_problem(entry, f"{shown(missing)} is not there; its drive may be unplugged"))
            return
        settled = _look_at(desk.files, entry)
        # What was done before a crash need not be on the disk yet, and what is written down now must be.
        for folder in (entry.source.parent, entry.destination.parent):
            if look_through(desk.files, folder) is not None:
                desk.files.sync_folder(folder)
        if settled.side == Side.LOST and not _drives_are_there(desk.files, run, entry):
            tally.problems.append(_problem(entry, "it was not found; its drive may be unplugged"))
            return
    except OSError as error:
        tally.problems.append(_problem(entry, explain(error)))
        return
    _record(desk, entry, settled)
    tally.finished += settled.side == Side.FINISHED
    tally.rolled_back += settled.side == Side.ROLLED_BACK
    if settled.note is not None:
        tally.problems.append(_problem(entry, settled.note))


def _look_at(files: FileSystem, entry: Entry) -> Settled:
    """Settle one interrupted step on disk."""
    undoing = entry.state == EntryState.UNDOING
    if entry.action == Action.LINK and not undoing:
        linked = is_our_link(files, entry.source, entry.destination)
        return Settled(Side.FINISHED if linked else Side.ROLLED_BACK)
    if entry.action != Action.MOVE and undoing:
        # Taking a copy or link away is one step: it is there or not.
        there = look(files, entry.destination) is not None
        return Settled(Side.ROLLED_BACK if there else Side.FINISHED)
    origin, target = entry.source, entry.destination
    if undoing:
        origin, target = target, origin
    assert entry.temporary is not None  # written down before the step
    assert entry.sha256 is not None
    transfer = Transfer(origin, target, entry.temporary, entry.sha256)
    return settle(files, transfer, entry.mtime_ns, keeps_origin=entry.action == Action.COPY)


def _record(desk: StepContext, entry: Entry, settled: Settled) -> None:
    if entry.state == EntryState.UNDOING:
        if settled.side == Side.FINISHED:
            record_taken_back(desk, entry)
        else:
            desk.journal.settle(entry.id, EntryState.DONE, settled.note)
    elif settled.side == Side.FINISHED:
        assert entry.sha256 is not None
        record_filed(desk, entry, entry.sha256, settled.note)
    elif settled.side == Side.ROLLED_BACK:
        desk.journal.settle(entry.id, EntryState.PLANNED, settled.note)
    else:
        desk.journal.settle(entry.id, EntryState.FAILED, settled.note)


def _complete(desk: StepContext, run: Run, group: Group, tally: _Tally) -> None:
    """A crash between a photo and its sidecars: bring them together again."""
    states = {entry.state for entry in group.entries}
    if EntryState.DONE not in states or states & {EntryState.STARTED, EntryState.UNDOING}:
        return
    filed = [entry for entry in group.entries if entry.state == EntryState.DONE]
    planned = [entry for entry in group.entries if entry.state == EntryState.PLANNED]
    try:
        if planned and EntryState.FAILED not in states:
            try:
                file_group(desk, run, Group(planned))
                tally.finished += len(planned)
            except NotDoneError:
                _take_all_back(desk, run, filed, tally)
                raise
        elif len(filed) < len(group.entries):
            _take_all_back(desk, run, filed, tally)
    except (NotDoneError, LeftOpenError) as error:
        tally.problems.append(_problem(group.lead, error.reason))


def _take_all_back(desk: StepContext, run: Run, filed: list[Entry], tally: _Tally) -> None:
    for entry in reversed(filed):
        take_back(desk, run, entry)
        tally.rolled_back += 1


def _missing_folder(files: FileSystem, run: Run, entry: Entry) -> Path | None:
    """The folder whose drive seems to be gone, or None."""
    for folder, root in _folders(run, entry):
        if look_through(files, folder) is None and not has_something(files, root):
            return folder
    return None


def _drives_are_there(files: FileSystem, run: Run, entry: Entry) -> bool:
    return all(_drive_is_there(files, folder, root) for folder, root in _folders(run, entry))


def _drive_is_there(files: FileSystem, folder: Path, root: Path) -> bool:
    """Whether a folder in which a file was not found is on the drive that it was on."""
    if has_something(files, folder):
        return True
    found, above = look_through(files, folder), look_through(files, root)
    if found is None or above is None:
        return has_something(files, root)
    # An empty folder may be where a drive was, but not one that lies on the drive of the folder above it.
    return folder != root and found.st_dev == above.st_dev


def _folders(run: Run, entry: Entry) -> tuple[tuple[Path, Path], ...]:
    """The folders of a file before and after, each with the run's folder around it."""
    source = entry.source.parent
    return (source, run.source or source), (entry.destination.parent, run.destination)


def _problem(entry: Entry, reason: str) -> str:
    return f"{shown(entry.source)}: {reason}"
