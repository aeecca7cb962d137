"""Files or restores one file, with the journal and the library kept in step with the disk."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.journal import Journal
from flowersorter.messages import text
from flowersorter.sorting.failures import CHANGED, GONE, NOT_A_FILE, UNPLUGGED, NotDoneError, disk_errors_as_failures
from flowersorter.sorting.filesystem import FileSystem, follow_or_none, has_something, is_regular, stat_or_none
from flowersorter.sorting.folders.volumes import is_its_volume
from flowersorter.sorting.plan import Action
from flowersorter.sorting.remove_filed import (
    remove_copy,
    remove_link,
    require_our_link,
    require_removable,
    require_unchanged,
)
from flowersorter.sorting.runs.record_steps import place_of, record_undone, store_filed
from flowersorter.sorting.runs.step_batches import Begun, StepBatch
from flowersorter.sorting.transfer import Transfer, copy, link, move, require_free

_TEMPORARY = ".flowersorter-{}.part"


@dataclass(frozen=True, slots=True)
class StepContext:
    """The collection and the disk of a run.

    Attributes:
        secured: Folders whose names are known to be synced; see `secure`.
        devices: Device of each folder of the run at its beginning; see `require_drives`.
        batch: The steps whose intents and outcomes are stored together; see `begin_filing` and `begin_undo`.
        remade: Source folders that were made again for files that go back; see `remove_remade`.
    """

    collection: CollectionStore
    files: FileSystem
    secured: set[Path] = field(default_factory=set)
    devices: dict[Path, int] = field(default_factory=dict)
    batch: StepBatch = field(default_factory=StepBatch)
    remade: list[Path] = field(default_factory=list)

    @property
    def journal(self) -> Journal:
        """The collection's journal."""
        return self.collection.journal

    def store(self, change: Callable[[], None], *, later: bool) -> None:
        """Store an outcome now, or with those of the batch."""
        if later:
            self.batch.later.append(change)
        else:
            change()

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Store the outcomes of the batch when the block ends, however it does."""
        try:
            yield
        finally:
            self.batch.settle(self.collection)


def secure(context: StepContext, folder: Path, root: Path) -> None:
    """Sync the names of a folder and its parents, once, so that a power cut cannot remove it with the files in it.

    It may have been made a second ago by another program, or by us just before a crash.

    Args:
        context: Remembers the synced folders.
        folder: An existing folder.
        root: Errors are ignored for folders above this one, which may be unreadable.

    Raises:
        OSError: the disk refuses.
    """
    for path in (folder, *folder.parents):
        if path in context.secured:
            return
        try:
            context.files.sync_folder(path.parent)
        except OSError:
            if path == root or root in path.parents:
                raise
        context.secured.add(path)


def remember_drives(context: StepContext, *folders: Path | None) -> None:
    """Store the devices of these folders, to detect an unplugged drive."""
    for folder in folders:
        found = follow_or_none(context.files, folder) if folder is not None else None
        if folder is not None and found is not None:
            context.devices[folder] = found.st_dev


def require_drives(context: StepContext) -> None:
    """Check that the folders are still on the same devices; an unplugged drive often leaves an empty folder.

    Raises:
        NotDoneError: a drive is gone.
    """
    for folder, device in context.devices.items():
        with disk_errors_as_failures():
            found = follow_or_none(context.files, folder)
        if found is None or found.st_dev != device:
            raise NotDoneError(UNPLUGGED)


def require_made_on_drive(context: StepContext, folder: Path) -> None:
    """Check that a new folder is on the drive of the run, and not in the place of an unplugged one.

    Raises:
        NotDoneError: the drive is gone.
    """
    for root, device in context.devices.items():
        if root in folder.parents and context.files.stat_through(folder).st_dev != device:
            raise NotDoneError(UNPLUGGED, stop=True)


def begin_filing(context: StepContext, entries: Iterable[Entry]) -> None:
    """Store in one transaction that files are about to be filed, of those that seem fine; `file` follows for each.

    One that goes where another of them goes is left to `file`: recovery could not tell which of the two is there.
    """
    steps, taken = [], set[Path]()
    for entry in entries:
        with suppress(OSError, NotDoneError):  # `file` says why
            if entry.destination not in taken and stat_or_none(context.files, entry.destination) is None:
                contents = _contents(context.files, entry)
                taken.add(entry.destination)
                steps.append((entry, _temporary_in(entry.destination.parent), *contents))
    context.batch.begin_filing(context.collection, steps)


def begin_undo(context: StepContext, entries: Iterable[Entry]) -> None:
    """Store in one transaction that files are about to be restored; `undo_step` follows for each."""
    context.batch.begin_undo(context.collection, [(entry, _temporary_in(entry.source.parent)) for entry in entries])


def file(context: StepContext, entry: Entry) -> str | None:
    """File one planned file.

    Returns:
        A note for the person, or None.

    Raises:
        NotDoneError: nothing changed on disk; the journal has the reason.
        LeftOpenError: it is left to recovery.
    """
    begun = context.batch.take(entry)
    try:
        with disk_errors_as_failures():
            contents = sha256, size_bytes, mtime_ns = _contents(context.files, entry, begun)
        if begun is not None and begun.contents == contents:
            temporary = begun.temporary
        else:
            # Before the intent is stored: recovery takes a file that is there for the one that was to be filed.
            with disk_errors_as_failures():
                require_free(context.files, entry.destination)
            temporary = _temporary_in(entry.destination.parent)
            context.journal.start(entry, temporary, sha256, size_bytes, mtime_ns)
        note = _do(context.files, entry, Transfer(entry.source, entry.destination, temporary, sha256))
    except NotDoneError as error:
        context.journal.set_state(entry.id, EntryState.FAILED, error.reason)
        raise
    found = place_of(context.files, entry)
    context.store(partial(store_filed, context, entry, sha256, note, found), later=begun is not None)
    return note


def undo_step(context: StepContext, run: Run, entry: Entry) -> bool:
    """Undo the filing of one file.

    Returns:
        Whether it was there: a copy or link that the person removed is undone all the same.

    Raises:
        NotDoneError: it stays filed; the journal has the reason.
        LeftOpenError: it is left to recovery.
    """
    begun = context.batch.take(entry)
    try:
        if entry.action == Action.MOVE:
            ready_source(context, run, entry.source.parent)
        if begun is not None:
            temporary = begun.temporary
        else:
            temporary = _temporary_in(entry.source.parent)
            context.journal.start_undo(entry, temporary)
        was_there = _undo(context.files, run, entry, temporary)
    except NotDoneError as error:
        context.journal.set_state(entry.id, EntryState.DONE, error.reason)
        raise
    context.store(partial(record_undone, context, entry), later=begun is not None)
    return was_there


def check_undo(context: StepContext, run: Run, entry: Entry, freed: Collection[Path] = ()) -> None:
    """Check whether the filing of a file can be undone; reads only.

    Args:
        context: The journal and the disk.
        run: The run that filed it.
        entry: The file.
        freed: Paths of files that are removed before.

    Raises:
        NotDoneError: it cannot, with the reason.
    """
    _refuse_moved_on(context, entry)
    if is_gone_already(context.files, run, entry):
        return
    if Action(entry.action).is_link:
        require_our_link(context.files, entry.source, entry.destination)
    elif entry.action == Action.COPY:
        require_removable(context.files, _transfer(entry))
    else:
        with disk_errors_as_failures():
            require_unchanged(context.files, entry.destination, _sha256(entry))
            if entry.source not in freed and stat_or_none(context.files, entry.source) is not None:
                raise NotDoneError(text("another file has its original name"))


def is_gone_already(files: FileSystem, run: Run, entry: Entry) -> bool:
    """Whether the person has removed a copy or link, so that there is nothing to undo.

    The original and the destination must still exist; otherwise a drive is missing.
    """
    with disk_errors_as_failures():
        return (
            entry.action != Action.MOVE
            and stat_or_none(files, entry.destination) is None
            and (stat_or_none(files, entry.destination.parent) is not None or has_something(files, run.destination))
            and stat_or_none(files, entry.source) is not None
        )


def _refuse_moved_on(context: StepContext, entry: Entry) -> None:
    """Refuse to undo the filing of a file that later runs moved on, if it is still there.

    Raises:
        NotDoneError: they did; undoing them first moves it back to where this run filed it.
    """
    with disk_errors_as_failures():
        if stat_or_none(context.files, entry.destination) is not None:
            return
        last = entry
        while (later := context.journal.moved_on(last)) is not None:
            last = later
        if last is not entry and stat_or_none(context.files, last.destination) is not None:
            raise NotDoneError(text("sort {sort} has moved it on; undo that sort first", sort=last.run_id))


def _contents(files: FileSystem, entry: Entry, begun: Begun | None = None) -> tuple[bytes, int, int]:
    """The hash, size and mtime of a file to be filed; a sidecar is hashed only now, or was when its step was stored."""
    found = stat_or_none(files, entry.source)
    if found is None:
        raise NotDoneError(GONE)
    if not is_regular(found):
        raise NotDoneError(NOT_A_FILE)
    if begun is not None and begun.contents is not None and begun.contents[1:] == (found.st_size, found.st_mtime_ns):
        return begun.contents
    if entry.sha256 is None:
        return files.hash(entry.source), found.st_size, found.st_mtime_ns
    if found.st_size != entry.size_bytes:
        raise NotDoneError(CHANGED)
    return entry.sha256, found.st_size, found.st_mtime_ns


def _do(files: FileSystem, entry: Entry, transfer: Transfer) -> str | None:
    if entry.action == Action.MOVE:
        return move(files, transfer)
    if entry.action == Action.COPY:
        copy(files, transfer)
    else:
        link(files, transfer, symbolic=entry.action == Action.SYMLINK)
    return None


def _undo(files: FileSystem, run: Run, entry: Entry, temporary: Path) -> bool:
    if is_gone_already(files, run, entry):
        return False
    if entry.action == Action.MOVE:
        # A file that the person has put there meanwhile is kept.
        move(files, Transfer(entry.destination, entry.source, temporary, _sha256(entry)))
    elif entry.action == Action.COPY:
        remove_copy(files, _transfer(entry))
    else:
        remove_link(files, entry.source, entry.destination)
    return True


def ready_source(context: StepContext, run: Run, folder: Path) -> None:
    """Make sure of the folder that a moved file goes back to.

    Raises:
        NotDoneError: it is missing and cannot be made.
    """
    with disk_errors_as_failures():
        make_source_folder(context, run, folder)
        secure(context, folder, run.source or folder)


def make_source_folder(context: StepContext, run: Run, folder: Path) -> None:
    """Make the source folder of a moved file again if it was removed, but not if its drive is missing.

    Raises:
        NotDoneError: its drive seems to be missing.
        OSError: the disk refuses.
    """
    missing = []
    while stat_or_none(context.files, folder) is None and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    if missing:
        _require_its_drive(context.files, run, missing[0], folder)
    for made in reversed(missing):
        # A class folder of an earlier run is ours again, and is removed when it is empty.
        context.journal.remember_folder(made)
        context.files.mkdir(made)
        context.remade.append(made)
        try:
            require_made_on_drive(context, made)
        except NotDoneError:
            context.files.rmdir(made)
            raise


def remove_remade(context: StepContext) -> None:
    """Remove the source folders that were made again and that no file went back to."""
    for folder in reversed(context.remade):
        with suppress(OSError):  # something is in it
            context.files.rmdir(folder)
    context.remade.clear()


def _require_its_drive(files: FileSystem, run: Run, folder: Path, existing: Path) -> None:
    """Check that a missing source folder was removed, and is not on a missing drive.

    Raises:
        NotDoneError: its drive seems to be missing.
    """
    on_its_volume = is_its_volume(files, run, folder, existing)
    if on_its_volume:
        return
    if on_its_volume is False:
        raise NotDoneError(
            text(
                "the folder it came from is on a drive that is not connected; "
                "connect it, or make the folder again yourself"
            )
        )
    if run.source not in (existing, *existing.parents):
        raise NotDoneError(text("the folder it came from is missing; its drive may be unplugged"))
    if existing == run.source and not has_something(files, existing):
        raise NotDoneError(text("the folder it came from is empty; its drive may be unplugged"))


def _transfer(entry: Entry) -> Transfer:
    """The transfer of a finished copy, whose temporary file is gone."""
    return Transfer(entry.source, entry.destination, entry.destination, _sha256(entry))


def _sha256(entry: Entry) -> bytes:
    assert entry.sha256 is not None  # stored before the file was touched
    return entry.sha256


def _temporary_in(folder: Path) -> Path:
    return folder / _TEMPORARY.format(secrets.token_hex(8))
