"""Brings one file to a new place, and leaves everything as it was if that fails halfway.

A file is under its old name until it is complete, checked and on the disk under the new one. The steps here
know nothing of the journal; whoever calls them has written down before what is going to happen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flowersorter.sorting.failures import (
    BAD_COPY,
    CHANGED,
    GONE,
    KEPT_BOTH,
    NOT_A_FILE,
    PUT_RIGHT_LATER,
    TAKEN,
    LeftOpenError,
    NotDoneError,
    explain,
    in_words,
    is_full,
)
from flowersorter.sorting.filesystem import (
    NO_LINKS,
    NO_RENAME,
    FileSystem,
    is_our_link,
    is_regular,
    is_same_file,
    is_unchanged,
    look,
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file and where it goes.

    Attributes:
        temporary: A hidden name of ours in the folder of `target` that nobody else uses.
        sha256: Of the bytes that are to arrive.
    """

    origin: Path
    target: Path
    temporary: Path
    sha256: bytes


def copy(files: FileSystem, transfer: Transfer) -> None:
    """Put a checked copy at the target, with the times and permissions of the original.

    Raises:
        NotDoneError: nothing is at the target, or what was there before.
        LeftOpenError: the disk does not even let us clean up.
    """
    with in_words():
        _copy(files, transfer)


def move(files: FileSystem, transfer: Transfer) -> str | None:
    """Move a file; it is never gone from the origin before it is safe at the target.

    Returns:
        What the person should know about it, or None.

    Raises:
        NotDoneError: the file is where it was.
        LeftOpenError: the disk does not even let us clean up.
    """
    with in_words():
        before = _verified(files, transfer)
        _require_free(files, transfer.target)
        try:
            files.link_new(transfer.origin, transfer.target)
        except OSError as error:
            _take_link_away(files, transfer, error, made=False)
            if error.errno in NO_LINKS:
                return _move_without_links(files, transfer, before)
            raise
        return _drop_linked_origin(files, transfer, before)


def link(files: FileSystem, transfer: Transfer) -> None:
    """Put a link at the target: a second name on the same device, else a symbolic link.

    Raises:
        NotDoneError: nothing is at the target, or what was there before.
        LeftOpenError: the disk does not even let us clean up.
    """
    with in_words():
        _verified(files, transfer)
        _require_free(files, transfer.target)
        made = False
        try:
            _link(files, transfer)
            made = True
            files.sync_folder(transfer.target.parent)
        except OSError as error:
            _take_link_away(files, transfer, error, made=made)
            raise


def publish(files: FileSystem, temporary: Path, target: Path) -> None:
    """Give a finished file its name; `FileExistsError` if the name is taken."""
    try:
        files.rename_new(temporary, target)
    except OSError as error:
        if error.errno not in NO_RENAME:
            raise
        files.link_new(temporary, target)
        files.unlink(temporary)


def unlink_surely(files: FileSystem, path: Path) -> None:
    """Take a name away; a network drive may do it and say that it did not, and one may be gone altogether."""
    folder = files.stat(path.parent)
    try:
        files.unlink(path)
    except OSError:
        now = look(files, path.parent)
        if now is None or not is_same_file(now, folder) or look(files, path) is not None:
            raise


def sync_quietly(files: FileSystem, folder: Path) -> None:
    """After a name was taken away: should that not reach the disk, a file is there twice, not lost."""
    with suppress(OSError):
        files.sync_folder(folder)


def _copy(files: FileSystem, transfer: Transfer) -> tuple[os.stat_result, os.stat_result]:
    """Copy; return what the origin was before it was read, and what the copy is."""
    before = _require_file(files, transfer.origin)
    staged = _stage(files, transfer, before)
    try:
        publish(files, transfer.temporary, transfer.target)
        files.sync_folder(transfer.target.parent)
    except OSError as error:
        _withdraw(files, transfer, staged, error)
        raise
    return before, staged


def _stage(files: FileSystem, transfer: Transfer, before: os.stat_result) -> os.stat_result:
    """Make the complete, checked copy under its temporary name."""
    try:
        descriptor = files.open_exclusive(transfer.temporary)
    except OSError as error:
        not_ours = isinstance(error, FileExistsError)
        _or_leave_open(lambda: _discard(files, transfer, only_empty=not_ours), error)
        raise
    try:
        _fill(files, transfer, descriptor, before)
        if files.hash(transfer.temporary) != transfer.sha256:
            raise NotDoneError(BAD_COPY)
        return files.stat(transfer.temporary)
    except (OSError, NotDoneError) as error:
        _or_leave_open(lambda: _discard(files, transfer, made=True), error)
        raise


def _fill(files: FileSystem, transfer: Transfer, descriptor: int, before: os.stat_result) -> None:
    try:
        if files.copy(transfer.origin, descriptor) != transfer.sha256:
            raise NotDoneError(CHANGED)
        files.copy_attributes(transfer.origin, transfer.temporary, before)
        files.sync(descriptor)
    finally:
        files.close(descriptor)


def _discard(files: FileSystem, transfer: Transfer, *, made: bool = False, only_empty: bool = False) -> None:
    found = look(files, transfer.temporary)
    if made and found is None:
        raise LeftOpenError(GONE)  # with its drive, on which it still is
    if found is not None and not (only_empty and found.st_size):
        files.stat(transfer.origin)  # who knows what is in the temporary file if the original is gone
        files.unlink(transfer.temporary)


def _withdraw(files: FileSystem, transfer: Transfer, staged: os.stat_result, error: OSError) -> None:
    """Take a copy of ours away again, whichever name it has, once the original is known to be safe."""

    def take_away() -> None:
        left = [(path, look(files, path)) for path in (transfer.target, transfer.temporary)]
        if all(found is None for _, found in left):
            raise LeftOpenError(GONE)  # with its drive, on which it still is
        for path, found in left:
            if found is not None and is_same_file(found, staged):
                if files.hash(transfer.origin) != transfer.sha256:
                    raise LeftOpenError(CHANGED)
                files.unlink(path)
        files.sync_folder(transfer.target.parent)

    _or_leave_open(take_away, error)


def _drop_linked_origin(files: FileSystem, transfer: Transfer, before: os.stat_result) -> str | None:
    """Second half of a move: the file has both names."""
    try:
        files.sync_folder(transfer.target.parent)
        now = look(files, transfer.origin)
        if now is not None and not is_same_file(now, before):
            return KEPT_BOTH
        _require_drive(files, transfer.origin, before, now)
        if not is_unchanged(before, look(files, transfer.target)):
            raise NotDoneError(CHANGED)
        if now is not None:
            unlink_surely(files, transfer.origin)
    except (OSError, NotDoneError) as error:
        _take_link_away(files, transfer, error, made=True)
        raise
    sync_quietly(files, transfer.origin.parent)
    return None


def _move_without_links(files: FileSystem, transfer: Transfer, before: os.stat_result) -> str | None:
    moved = False
    try:
        files.rename_new(transfer.origin, transfer.target)
        moved = True
        if not is_unchanged(before, look(files, transfer.target)):
            raise NotDoneError(CHANGED)
        files.sync_folder(transfer.target.parent)
    except (OSError, NotDoneError) as error:
        _or_leave_open(lambda: _rename_back(files, transfer, before, moved=moved), error)
        if isinstance(error, OSError) and error.errno in NO_RENAME:
            return _move_by_copy(files, transfer)
        raise
    sync_quietly(files, transfer.origin.parent)
    return None


def _rename_back(files: FileSystem, transfer: Transfer, before: os.stat_result, *, moved: bool) -> None:
    """Bring back what was moved, be it the file that was checked or one that had just taken its place."""
    found = look(files, transfer.target)
    if look(files, transfer.origin) is None and found is not None and (moved or is_same_file(found, before)):
        files.rename_new(transfer.target, transfer.origin)
        files.sync_folder(transfer.origin.parent)


def _move_by_copy(files: FileSystem, transfer: Transfer) -> str | None:
    before, staged = _copy(files, transfer)
    try:
        now = look(files, transfer.origin)
        if now is not None and not is_unchanged(before, now):
            return KEPT_BOTH
        _require_drive(files, transfer.origin, before, now)
        if now is not None:
            unlink_surely(files, transfer.origin)
    except OSError as error:
        _withdraw(files, transfer, staged, error)
        raise
    sync_quietly(files, transfer.origin.parent)
    return None


def _link(files: FileSystem, transfer: Transfer) -> None:
    try:
        files.link_new(transfer.origin, transfer.target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        files.symlink_new(transfer.origin, transfer.target)


def _take_link_away(files: FileSystem, transfer: Transfer, error: OSError | NotDoneError, *, made: bool) -> None:
    """Take our second name of a file away again, if it is there."""

    def take_away() -> None:
        if is_our_link(files, transfer.origin, transfer.target):
            files.unlink(transfer.target)
            files.sync_folder(transfer.target.parent)
            return
        target = look(files, transfer.target)
        # One of the two names is on a drive that has gone.
        if (made and target is None) or (target is not None and look(files, transfer.origin) is None):
            raise LeftOpenError(GONE)

    _or_leave_open(take_away, error)


def _or_leave_open(clean_up: Callable[[], None], cause: OSError | NotDoneError) -> None:
    """Clean up after `cause`.

    Raises:
        LeftOpenError: not even that works.
    """
    try:
        clean_up()
    except (OSError, LeftOpenError) as error:
        reason = explain(cause) if isinstance(cause, OSError) else cause.reason
        raise LeftOpenError(f"{reason}; {PUT_RIGHT_LATER}", stop=is_full(cause)) from error


def _require_free(files: FileSystem, target: Path) -> None:
    """After this, a second name of the file at the target is ours, whatever a network drive says."""
    if look(files, target) is not None:
        raise NotDoneError(TAKEN)


def _require_drive(files: FileSystem, path: Path, before: os.stat_result, now: os.stat_result | None) -> None:
    """A file that has vanished by itself may be on a drive that has; then it is too early to say that it is moved.

    Raises:
        LeftOpenError: the drive is not there.
    """
    if now is None:
        folder = look(files, path.parent)
        if folder is None or folder.st_dev != before.st_dev:
            raise LeftOpenError(f"{GONE}; {PUT_RIGHT_LATER}")


def _require_file(files: FileSystem, path: Path) -> os.stat_result:
    found = look(files, path)
    if found is None:
        raise NotDoneError(GONE)
    if not is_regular(found):
        raise NotDoneError(NOT_A_FILE)
    return found


def _verified(files: FileSystem, transfer: Transfer) -> os.stat_result:
    """Check the origin's bytes; return what it was before."""
    before = _require_file(files, transfer.origin)
    if files.hash(transfer.origin) != transfer.sha256:
        raise NotDoneError(CHANGED)
    return before
