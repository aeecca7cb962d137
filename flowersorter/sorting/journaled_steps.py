"""Files or takes back one file: what is written in the journal and the library goes with what is done on disk."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.domain.journal import Entry, EntryState, Run
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.journal import Journal
from flowersorter.sorting.failures import CHANGED, GONE, NOT_A_FILE, UNPLUGGED, NotDoneError, in_words
from flowersorter.sorting.filesystem import FileSystem, has_something, is_regular, look, look_through
from flowersorter.sorting.plan import Action
from flowersorter.sorting.remove_filed import (
    remove_copy,
    remove_link,
    require_our_link,
    require_removable,
    require_unchanged,
)
from flowersorter.sorting.transfer import Transfer, copy, link, move

_TEMPORARY = ".flowersorter-{}.part"


@dataclass(frozen=True, slots=True)
class StepContext:
    """The collection and the disk that a run works on.

    Attributes:
        secured: Folders whose names are known to be on the disk; see `secure`.
        devices: What disk a folder of the run was on when it began; see `require_drives`.
    """

    collection: CollectionStore
    files: FileSystem
    secured: set[Path] = field(default_factory=set)
    devices: dict[Path, int] = field(default_factory=dict)

    @property
    def journal(self) -> Journal:
        """The collection's journal."""
        return self.collection.journal


def secure(desk: StepContext, folder: Path, root: Path) -> None:
    """Make sure, once, that a power cut cannot take a folder away with what is going to be in it.

    Somebody may have made it a second ago, or we did just before a crash.

    Args:
        desk: Remembers what has been seen to.
        folder: Exists.
        root: Folders above this one need not be readable to us.

    Raises:
        OSError: the disk refuses.
    """
    for path in (folder, *folder.parents):
        if path in desk.secured:
            return
        try:
            desk.files.sync_folder(path.parent)
        except OSError:
            if path == root or root in path.parents:
                raise
        desk.secured.add(path)


def remember_drives(desk: StepContext, *folders: Path | None) -> None:
    """Remember which disks these folders are on, so that pulling one out is noticed."""
    for folder in folders:
        found = look_through(desk.files, folder) if folder is not None else None
        if folder is not None and found is not None:
            desk.devices[folder] = found.st_dev


def require_drives(desk: StepContext) -> None:
    """Check that the folders are still on the disks they were on; where a drive was, an empty folder often remains.

    Raises:
        NotDoneError: a drive is not there any more.
    """
    for folder, device in desk.devices.items():
        with in_words():
            found = look_through(desk.files, folder)
        if found is None or found.st_dev != device:
            raise NotDoneError(UNPLUGGED)


def require_made_on_drive(desk: StepContext, folder: Path) -> None:
    """Check that a folder that was made just now is not where a drive was a moment ago.

    Raises:
        NotDoneError: it is.
    """
    for root, device in desk.devices.items():
        if root in folder.parents and desk.files.stat_through(folder).st_dev != device:
            raise NotDoneError(UNPLUGGED, stop=True)


def file(desk: StepContext, entry: Entry) -> str | None:
    """File one planned file.

    Returns:
        What the person should know about it, or None.

    Raises:
        NotDoneError: nothing changed on disk; the journal says why.
        LeftOpenError: it is left to recovery.
    """
    try:
        with in_words():
            sha256, size_bytes, mtime_ns = _contents(desk.files, entry)
        temporary = _temporary_in(entry.destination.parent)
        desk.journal.start(entry, temporary, sha256, size_bytes, mtime_ns)
        note = _do(desk.files, entry, Transfer(entry.source, entry.destination, temporary, sha256))
    except NotDoneError as error:
        desk.journal.settle(entry.id, EntryState.FAILED, error.reason)
        raise
    record_filed(desk, entry, sha256, note)
    return note


def take_back(desk: StepContext, run: Run, entry: Entry) -> None:
    """Take one filed file back.

    Raises:
        NotDoneError: it stays filed; the journal says why.
        LeftOpenError: it is left to recovery.
    """
    try:
        if entry.action == Action.MOVE:
            with in_words():
                _make_source_folder(desk, run, entry.source.parent)
                secure(desk, entry.source.parent, run.source or entry.source.parent)
        temporary = _temporary_in(entry.source.parent)
        desk.journal.start_undo(entry, temporary)
        _undo(desk.files, run, entry, temporary)
    except NotDoneError as error:
        desk.journal.settle(entry.id, EntryState.DONE, error.reason)
        raise
    record_taken_back(desk, entry)


def check_take_back(desk: StepContext, run: Run, entry: Entry) -> None:
    """Look whether a filed file can be taken back; reads only.

    Raises:
        NotDoneError: it cannot, and why.
    """
    _refuse_moved_on(desk, entry)
    if is_gone_already(desk.files, run, entry):
        return
    if entry.action == Action.LINK:
        require_our_link(desk.files, entry.source, entry.destination)
    elif entry.action == Action.COPY:
        require_removable(desk.files, _transfer(entry))
    else:
        with in_words():
            require_unchanged(desk.files, entry.destination, _sha256(entry))
            if look(desk.files, entry.source) is not None:
                raise NotDoneError("another file is at the place it came from")


def is_gone_already(files: FileSystem, run: Run, entry: Entry) -> bool:
    """Whether the person has removed a copy or link, so that there is nothing to take back.

    The original must still be there, and so must the destination: else it is a drive that is missing.
    """
    with in_words():
        return (
            entry.action != Action.MOVE
            and look(files, entry.destination) is None
            and (look(files, entry.destination.parent) is not None or has_something(files, run.destination))
            and look(files, entry.source) is not None
        )


def _refuse_moved_on(desk: StepContext, entry: Entry) -> None:
    """Refuse to take back what later runs have brought to another place, where it still is.

    Raises:
        NotDoneError: they have; undoing them brings it back to where this one filed it.
    """
    with in_words():
        if look(desk.files, entry.destination) is not None:
            return
        last = entry
        while (later := desk.journal.moved_on(last)) is not None:
            last = later
        if last is not entry and look(desk.files, last.destination) is not None:
            raise NotDoneError(f"run {last.run_id} has moved it on; undo that run first")


def record_filed(desk: StepContext, entry: Entry, sha256: bytes, note: str | None) -> None:
    """Write down that a file is filed, and where its photo is now, as one."""
    photos = desk.collection.photos
    found = None
    with suppress(OSError):  # it is filed all the same; scanning its folder finds it
        found = look(desk.files, entry.destination)
    with desk.collection.database.transaction():
        desk.journal.settle(entry.id, EntryState.DONE, note)
        if entry.lead_id is not None:
            return
        if entry.action == Action.MOVE and note is None:
            photos.relocate(entry.source, entry.destination)
        photo = photos.by_sha256(sha256)
        # A symbolic link is no place of a photo: scanning passes over it.
        if photo is not None and found is not None and is_regular(found):
            photos.add_place(entry.destination, photo.id, found.st_size, found.st_mtime_ns)


def record_taken_back(desk: StepContext, entry: Entry) -> None:
    """Write down that a file is back, and where its photo is now, as one."""
    with desk.collection.database.transaction():
        desk.journal.settle(entry.id, EntryState.UNDONE)
        if entry.lead_id is not None:
            return
        if entry.action == Action.MOVE:
            desk.collection.photos.relocate(entry.destination, entry.source)
        else:
            desk.collection.photos.drop_place(entry.destination)


def _contents(files: FileSystem, entry: Entry) -> tuple[bytes, int, int]:
    """The hash, size and mtime of what is to be filed; a sidecar is read only now."""
    found = look(files, entry.source)
    if found is None:
        raise NotDoneError(GONE)
    if not is_regular(found):
        raise NotDoneError(NOT_A_FILE)
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
        link(files, transfer)
    return None


def _undo(files: FileSystem, run: Run, entry: Entry, temporary: Path) -> None:
    if is_gone_already(files, run, entry):
        return
    if entry.action == Action.MOVE:
        # Should the person have put another file there meanwhile, it stays: theirs, not ours.
        move(files, Transfer(entry.destination, entry.source, temporary, _sha256(entry)))
    elif entry.action == Action.COPY:
        remove_copy(files, _transfer(entry))
    else:
        remove_link(files, entry.source, entry.destination)


def _make_source_folder(desk: StepContext, run: Run, folder: Path) -> None:
    """Make the folder a moved file came from again, if it was removed; never a missing drive's."""
    missing = []
    while look(desk.files, folder) is None:
        if folder == run.source or run.source not in folder.parents:
            raise NotDoneError("the folder it came from is not there; its drive may be unplugged")
        missing.append(folder)
        folder = folder.parent
    if missing and folder == run.source and not has_something(desk.files, folder):
        raise NotDoneError("the folder it came from is empty; its drive may be unplugged")
    for made in reversed(missing):
        desk.journal.remember_folder(made)  # a class folder of an earlier run is ours again, to remove when empty
        desk.files.mkdir(made)
        try:
            require_made_on_drive(desk, made)
        except NotDoneError:
            desk.files.rmdir(made)
            raise


def _transfer(entry: Entry) -> Transfer:
    """The way a copy went; its temporary file is gone."""
    return Transfer(entry.source, entry.destination, entry.destination, _sha256(entry))


def _sha256(entry: Entry) -> bytes:
    assert entry.sha256 is not None  # written down before the file was touched
    return entry.sha256


def _temporary_in(folder: Path) -> Path:
    return folder / _TEMPORARY.format(secrets.token_hex(8))
