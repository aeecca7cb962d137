"""Removes folders that a move emptied, if the person asked for it, and makes them again when the move is undone."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from flowersorter.domain.journal import EntryState, RemovedFolder, Run
from flowersorter.sorting.failures import NotDoneError
from flowersorter.sorting.filesystem import FileSystem, is_folder, is_same_file, stat_or_none
from flowersorter.sorting.journaled_steps import StepContext, make_source_folder


def statuses(files: FileSystem, folders: Iterable[Path]) -> dict[Path, os.stat_result]:
    """Return the status of each folder that is there, before anything in it changes."""
    found = {}
    for folder in folders:
        with suppress(OSError):
            found[folder] = files.stat(folder)
    return found


def remove_emptied_folders(context: StepContext, run_id: int, before: Mapping[Path, os.stat_result]) -> int:
    """Remove folders that are empty now, each stored in the journal first; return how many.

    Args:
        context: The journal and the disk.
        run_id: The run that emptied them.
        before: The folders with their status before the run, the deepest first.
    """
    removed = 0
    for folder, status in before.items():
        with suppress(OSError):
            now = stat_or_none(context.files, folder)
            if now is None or not is_same_file(now, status) or context.files.list(folder):
                continue
            row = context.journal.add_removed_folder(
                run_id, folder, stat.S_IMODE(status.st_mode), status.st_atime_ns, status.st_mtime_ns
            )
            try:
                context.files.rmdir(folder)
            except OSError:
                if stat_or_none(context.files, folder) is not None:
                    context.journal.forget_removed_folder(row)
                raise
            removed += 1
            context.files.sync_folder(folder.parent)
    return removed


def make_emptied_folders(context: StepContext, run: Run, sources: Collection[Path] | None = None) -> None:
    """Make the folders again that a run removed; those whose drive is missing are left.

    Args:
        context: The journal and the disk.
        run: The run that is being undone.
        sources: The folders of the files that go back, where only these and those above them are made; None for all.
    """
    above = None if sources is None else {folder for path in sources for folder in (path, *path.parents)}
    for folder in _outermost_first(context, run):
        if above is None or folder.path in above:
            with suppress(OSError, NotDoneError):
                make_source_folder(context, run, folder.path)
                context.files.set_attributes(folder.path, folder.mode, folder.atime_ns, folder.mtime_ns)


def is_undone(context: StepContext, run: Run) -> bool:
    """Return whether all files of a run are undone."""
    states = context.journal.states(run.id)
    return EntryState.UNDONE in states and EntryState.DONE not in states


def restore_folder_times(context: StepContext, run: Run) -> None:
    """Give the folders that a run removed, and that are there again, the times and permissions they had."""
    for folder in reversed(_outermost_first(context, run)):
        with suppress(OSError):
            if is_folder(context.files, folder.path):
                context.files.set_attributes(folder.path, folder.mode, folder.atime_ns, folder.mtime_ns)


def _outermost_first(context: StepContext, run: Run) -> Sequence[RemovedFolder]:
    return sorted(context.journal.removed_folders(run.id), key=lambda folder: len(folder.path.parts))
