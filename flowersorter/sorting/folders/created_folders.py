"""Makes class folders, after storing each in the journal, and removes those of ours that are empty again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Protocol

from flowersorter.domain.journal import MadeFolder, Run
from flowersorter.messages import text
from flowersorter.sorting.failures import TAKEN, UNPLUGGED, NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import FileSystem, follow_or_none, has_something, is_folder, stat_or_none
from flowersorter.sorting.journaled_steps import StepContext, require_made_on_drive, secure


class Planned(Protocol):
    """The destination of a run, as its plan or its journal gives it."""

    @property
    def destination(self) -> Path:
        """Gets the class folders."""

    @property
    def device(self) -> int | None:
        """That of the destination; None if unknown."""


def require_device(plan: Planned, files: FileSystem) -> None:
    """Check that the destination is on the disk it was planned for, not on one behind an unplugged drive.

    Raises:
        NotDoneError: the disk is gone, and the rest of the run is not tried.
    """
    folders = (plan.destination, *plan.destination.parents)
    with disk_errors_as_failures():
        found = next((status for folder in folders if (status := follow_or_none(files, folder)) is not None), None)
    # On Windows not even the root of a missing drive exists.
    if found is None or (plan.device is not None and found.st_dev != plan.device):
        raise NotDoneError(UNPLUGGED, stop=True)


def make_destination(context: StepContext, run_id: int, missing: Iterable[Path]) -> None:
    """Make the destination and the folders above it that were missing when the run was planned.

    Raises:
        NotDoneError: it cannot be made, and the rest of the run is not tried.
    """
    for folder in missing:
        try:
            with disk_errors_as_failures():
                exists = follow_or_none(context.files, folder) is not None
            if not exists:
                _make(context, run_id, folder)
        except NotDoneError as error:
            raise NotDoneError(text("its folder cannot be made: {why}", why=error.reason), stop=True) from error


def make_class_folder(context: StepContext, run: Run, folder: Path) -> None:
    """Make a class folder, or one below it, if it is missing.

    Never the destination itself, which may be an unplugged drive.

    Raises:
        NotDoneError: it cannot be made.
    """
    levels = _levels(run.destination, folder)
    with disk_errors_as_failures():
        for level in reversed(levels):
            if not is_folder(context.files, level):
                if stat_or_none(context.files, level) is not None:
                    raise NotDoneError(text("its class folder is not an ordinary folder"))
                if follow_or_none(context.files, level.parent) is None:
                    raise NotDoneError(UNPLUGGED, stop=True)
                _make(context, run.id, level)
            secure(context, level, level.parent)


def _levels(destination: Path, folder: Path) -> list[Path]:
    """The folders from `folder` up to the one below the destination; none if it is not below it."""
    levels = []
    while folder not in {destination, folder.parent}:
        levels.append(folder)
        folder = folder.parent
    return levels if folder == destination else []


def remove_empty_folders(context: StepContext, destination: Path) -> None:
    """Remove the folders that runs to this destination made and that are empty (again)."""
    _remove_empty(context, context.journal.folders(destination))


def remove_abandoned_folders(context: StepContext) -> None:
    """Remove the empty folders of undone runs that could not be removed when they were undone."""
    _remove_empty(context, context.journal.abandoned_folders())


def _remove_empty(context: StepContext, folders: Iterable[MadeFolder]) -> None:
    gone = []
    # Where a step is open, recovery would take a missing folder for an unplugged drive.
    needed = {entry.destination.parent for entry in context.journal.open_filings()}
    needed |= {above for folder in needed for above in folder.parents}
    for made in folders:
        if made.path in needed:
            continue
        with suppress(OSError):  # not empty, or its drive is missing
            if _remove(context.files, made.path):
                gone.append(made.id)
    context.journal.forget_folders(gone)


def _remove(files: FileSystem, folder: Path) -> bool:
    """Remove an empty folder; returns whether it is gone, and not just away with its drive."""
    if is_folder(files, folder):
        files.rmdir(folder)
    elif not has_something(files, folder.parent):
        return False  # it may be away with its drive
    # Also where it is gone already: a crash may have come between the removal and the sync.
    files.sync_folder(folder.parent)
    return True


def _make(context: StepContext, run_id: int, folder: Path) -> None:
    folder_id = context.journal.add_folder(run_id, folder)
    try:
        context.files.mkdir(folder)
    except FileExistsError:
        # It did not exist a moment ago: a network drive can report this for a folder that it has just made for us. If
        # another program made it, no harm is done, as we remove it only when it is empty.
        _accept_existing(context, folder_id, folder)
    except OSError as error:
        _unmake(context, folder_id, folder, error)
    try:
        require_made_on_drive(context, folder)
        context.files.sync_folder(folder.parent)
    except (OSError, NotDoneError) as error:
        _unmake(context, folder_id, folder, error)


def _accept_existing(context: StepContext, folder_id: int, folder: Path) -> None:
    with disk_errors_as_failures():
        if is_folder(context.files, folder):
            return
    context.journal.forget_folders([folder_id])
    raise NotDoneError(TAKEN)


def _unmake(context: StepContext, folder_id: int, folder: Path, error: OSError | NotDoneError) -> NoReturn:
    """Remove a folder whose creation failed, and raise the reason."""
    with suppress(OSError):
        if _remove(context.files, folder):
            context.journal.forget_folders([folder_id])
    with disk_errors_as_failures():
        raise error
    raise AssertionError  # pragma: no cover - the block above always raises
