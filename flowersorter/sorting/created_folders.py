"""Makes class folders, written down before they are made, and removes those of ours that are empty again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from flowersorter.domain.journal import MadeFolder
from flowersorter.sorting.failures import TAKEN, UNPLUGGED, NotDoneError, in_words
from flowersorter.sorting.filesystem import FileSystem, has_something, is_folder, look, look_through
from flowersorter.sorting.journaled_steps import StepContext, require_made_on_drive, secure
from flowersorter.sorting.plan import SortPlan


def require_device(plan: SortPlan, files: FileSystem) -> None:
    """Check that the destination is on the disk it was planned for, not on one behind an unplugged drive.

    Raises:
        NotDoneError: the disk is not there any more, and the rest of the run need not be tried.
    """
    folders = (plan.destination, *plan.destination.parents)
    with in_words():
        found = next(there for folder in folders if (there := look_through(files, folder)) is not None)
    if plan.device is not None and found.st_dev != plan.device:
        raise NotDoneError(UNPLUGGED, stop=True)


def make_destination(desk: StepContext, run_id: int, missing: Iterable[Path]) -> None:
    """Make the destination and the folders above it that were missing when the run was planned.

    Raises:
        NotDoneError: it cannot be made, and the rest of the run need not be tried.
    """
    for folder in missing:
        try:
            with in_words():
                there = look_through(desk.files, folder) is not None
            if not there:
                _make(desk, run_id, folder)
        except NotDoneError as error:
            raise NotDoneError(f"its folder cannot be made: {error.reason}", stop=True) from error


def make_class_folder(desk: StepContext, run_id: int, folder: Path) -> None:
    """Make a class folder if it is missing; never the destination itself, which may be an unplugged drive.

    Raises:
        NotDoneError: it cannot be made.
    """
    with in_words():
        if not is_folder(desk.files, folder):
            if look(desk.files, folder) is not None:
                raise NotDoneError("its class folder is not an ordinary folder")
            if look_through(desk.files, folder.parent) is None:
                raise NotDoneError(UNPLUGGED, stop=True)
            _make(desk, run_id, folder)
        secure(desk, folder, folder.parent)


def remove_empty_folders(desk: StepContext, destination: Path) -> None:
    """Remove the folders that runs to this destination made and that are empty (again)."""
    _remove_empty(desk, desk.journal.folders(destination))


def remove_abandoned_folders(desk: StepContext) -> None:
    """Remove the empty folders of undone runs that could not be removed when they were undone."""
    _remove_empty(desk, desk.journal.abandoned_folders())


def _remove_empty(desk: StepContext, folders: Iterable[MadeFolder]) -> None:
    gone = []
    # Where a step is open, a missing folder would look like an unplugged drive.
    needed = {entry.destination.parent for entry in desk.journal.open_filings()}
    needed |= {above for folder in needed for above in folder.parents}
    for made in folders:
        if made.path in needed:
            continue
        with suppress(OSError):  # not empty, or its drive is missing
            if _remove(desk.files, made.path):
                gone.append(made.id)
    desk.journal.forget_folders(gone)


def _remove(files: FileSystem, folder: Path) -> bool:
    """Remove an empty folder; whether it is gone and not only away with its drive."""
    if is_folder(files, folder):
        files.rmdir(folder)
    elif not has_something(files, folder.parent):
        return False  # maybe it is only away with its drive
    # Also where it is gone already: a crash may have come between removing and syncing.
    files.sync_folder(folder.parent)
    return True


def _make(desk: StepContext, run_id: int, folder: Path) -> None:
    folder_id = desk.journal.add_folder(run_id, folder)
    try:
        desk.files.mkdir(folder)
    except FileExistsError:
        # It was not there a moment ago: a network drive may say so of a folder it has just made for us. Should it
        # be somebody else's, no harm is done, as it is removed only when empty.
        _accept_existing(desk, folder_id, folder)
    except OSError as error:
        _unmake(desk, folder_id, folder, error)
    try:
        require_made_on_drive(desk, folder)
        desk.files.sync_folder(folder.parent)
    except (OSError, NotDoneError) as error:
        _unmake(desk, folder_id, folder, error)


def _accept_existing(desk: StepContext, folder_id: int, folder: Path) -> None:
    with in_words():
        if is_folder(desk.files, folder):
            return
    desk.journal.forget_folders([folder_id])
    raise NotDoneError(TAKEN)


def _unmake(desk: StepContext, folder_id: int, folder: Path, error: OSError | NotDoneError) -> NoReturn:
    """Take a folder away that was made only half, and say why."""
    with suppress(OSError):
        if _remove(desk.files, folder):
            desk.journal.forget_folders([folder_id])
    with in_words():
        raise error
    raise AssertionError  # pragma: no cover - the block above always raises
