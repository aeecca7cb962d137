"""Copies, moves or links one file, and rolls back if that fails halfway.

A file keeps its old name until it is complete, verified and synced under the new one. Callers write the journal entry
first.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flowersorter.messages import joined_texts
from flowersorter.sorting.failures import (
    BAD_COPY,
    CHANGED,
    GONE,
    KEPT_BOTH,
    NO_LINK_HERE,
    NOT_A_FILE,
    REPAIRED_LATER,
    TAKEN,
    FixedFolderError,
    LeftOpenError,
    NotDoneError,
    disk_errors_as_failures,
    explain,
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
    stat_or_none,
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file and its new path.

    Attributes:
        temporary: A unique hidden name in the folder of `target`.
        sha256: Of the bytes to transfer.
    """

    origin: Path
    target: Path
    temporary: Path
    sha256: bytes


def copy(files: FileSystem, transfer: Transfer) -> None:
    """Make a verified copy at the target, with the times and permissions of the original.

    Raises:
        NotDoneError: the target is as it was.
        LeftOpenError: the rollback failed too.
    """
    with disk_errors_as_failures():
        # The disk may not even say whether a name is there that it cannot have: then nothing could be rolled back.
        require_free(files, transfer.target)
        _copy(files, transfer)


def move(files: FileSystem, transfer: Transfer) -> str | None:
    """Move a file; it leaves the origin only when it is safe at the target.

    Returns:
        A note for the person, or None.

    Raises:
        NotDoneError: the file is where it was.
        LeftOpenError: the rollback failed too.
    """
    with disk_errors_as_failures():
        before = _verified(files, transfer)
        require_free(files, transfer.target)
        try:
            files.link_new(transfer.origin, transfer.target)
        except OSError as error:
            _remove_link(files, transfer, error, made=False)
            if error.errno in NO_LINKS:
                return _move_without_links(files, transfer, before)
            raise
        return _drop_linked_origin(files, transfer, before)


def link(files: FileSystem, transfer: Transfer, *, symbolic: bool = False) -> None:
    """Make a hard link at the target, or a symbolic link if requested.

    Raises:
        NotDoneError: the target is as it was.
        LeftOpenError: the rollback failed too.
    """
    with disk_errors_as_failures():
        _verified(files, transfer)
        require_free(files, transfer.target)
        made = False
        try:
            _link(files, transfer, symbolic=symbolic)
            made = True
            files.sync_folder(transfer.target.parent)
        except OSError as error:
            _remove_link(files, transfer, error, made=made)
            if not made and error.errno in NO_LINKS:
                raise NotDoneError(NO_LINK_HERE) from error
            raise


def publish(files: FileSystem, temporary: Path, target: Path) -> None:
    """Rename a finished file without replacing another.

    Raises:
        FileExistsError: the name is taken.
        OSError: the disk refuses, or can neither rename without replacing nor link (`EOPNOTSUPP`).
    """
    try:
        files.rename_new(temporary, target)
    except OSError as error:
        if error.errno not in NO_RENAME:
            raise
        try:
            files.link_new(temporary, target)
        except OSError as no_link:
            if no_link.errno not in NO_LINKS:
                raise
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP)) from no_link
        files.unlink(temporary)


def unlink_surely(files: FileSystem, path: Path) -> None:
    """Delete a name. A network drive may report a failure although it succeeded, or may be gone."""
    folder = files.stat(path.parent)
    try:
        files.unlink(path)
    except OSError:
        current = stat_or_none(files, path.parent)
        if current is None or not is_same_file(current, folder) or stat_or_none(files, path) is not None:
            raise


def sync_quietly(files: FileSystem, folder: Path) -> None:
    """Sync a folder after a name was deleted; if that fails, a power cut may leave a file twice, but loses none."""
    with suppress(OSError):
        files.sync_folder(folder)


def _copy(files: FileSystem, transfer: Transfer) -> tuple[os.stat_result, os.stat_result]:
    """Copy; return the status of the origin before it was read, and of the copy."""
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
    """Make the complete, verified copy under its temporary name."""
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
    found = stat_or_none(files, transfer.temporary)
    if made and found is None:
        raise LeftOpenError(GONE)  # its drive is gone, with the file on it
    if found is not None and not (only_empty and found.st_size):
        files.stat(transfer.origin)  # raises if the original is gone: then the temporary file may be the only copy
        files.unlink(transfer.temporary)


def _withdraw(files: FileSystem, transfer: Transfer, staged: os.stat_result, error: OSError) -> None:
    """Remove our copy under its target or temporary name, once the original is verified."""

    def remove() -> None:
        left = [(path, stat_or_none(files, path)) for path in (transfer.target, transfer.temporary)]
        if all(found is None for _, found in left):
            raise LeftOpenError(GONE)  # its drive is gone, with the file on it
        for path, found in left:
            # Another file may have taken the name meanwhile, and even the number of ours.
            if is_unchanged(staged, found) and files.hash(path) == transfer.sha256:
                if files.hash(transfer.origin) != transfer.sha256:
                    raise LeftOpenError(CHANGED)
                files.unlink(path)
        files.sync_folder(transfer.target.parent)

    _or_leave_open(remove, error)


def _drop_linked_origin(files: FileSystem, transfer: Transfer, before: os.stat_result) -> str | None:
    """Finish a move whose file has both names."""
    try:
        files.sync_folder(transfer.target.parent)
        current = stat_or_none(files, transfer.origin)
        if current is not None and not (is_same_file(current, before) or _is_still_origin(files, transfer, before)):
            return KEPT_BOTH
        _require_drive(files, transfer.origin, before, current)
        if not is_unchanged(before, stat_or_none(files, transfer.target)):
            raise NotDoneError(CHANGED)
        if current is not None:
            _drop_origin(files, transfer.origin)
    except (OSError, NotDoneError) as error:
        _remove_link(files, transfer, error, made=True)
        raise
    sync_quietly(files, transfer.origin.parent)
    return None


def _drop_origin(files: FileSystem, origin: Path) -> None:
    """Delete the old name of a moved file.

    Raises:
        FixedFolderError: its folder may not be changed.
        OSError: the disk refuses.
    """
    try:
        unlink_surely(files, origin)
    except PermissionError as error:
        if files.writable(origin.parent):
            raise
        raise FixedFolderError(error.errno, error.strerror) from error


def _move_without_links(files: FileSystem, transfer: Transfer, before: os.stat_result) -> str | None:
    moved = False
    try:
        files.rename_new(transfer.origin, transfer.target)
        moved = True
        if not is_unchanged(before, stat_or_none(files, transfer.target)):
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
    """Move back the moved file: the checked one, or one that had just replaced it."""
    found = stat_or_none(files, transfer.target)
    ours = found is not None and (moved or is_same_file(found, before) or is_unchanged(before, found))
    if ours and stat_or_none(files, transfer.origin) is None:
        files.rename_new(transfer.target, transfer.origin)
        files.sync_folder(transfer.origin.parent)


def _move_by_copy(files: FileSystem, transfer: Transfer) -> str | None:
    before, staged = _copy(files, transfer)
    try:
        current = stat_or_none(files, transfer.origin)
        if current is not None and not _is_still_origin(files, transfer, before):
            return KEPT_BOTH
        _require_drive(files, transfer.origin, before, current)
        if current is not None:
            _drop_origin(files, transfer.origin)
    except OSError as error:
        _withdraw(files, transfer, staged, error)
        raise
    sync_quietly(files, transfer.origin.parent)
    return None


def _is_still_origin(files: FileSystem, transfer: Transfer, before: os.stat_result) -> bool:
    """Whether the original is unchanged; its bytes decide on a drive without inode numbers."""
    unchanged = is_unchanged(before, stat_or_none(files, transfer.origin))
    return unchanged and (before.st_ino != 0 or files.hash(transfer.origin) == transfer.sha256)


def _link(files: FileSystem, transfer: Transfer, *, symbolic: bool) -> None:
    if symbolic:
        files.symlink_new(transfer.origin, transfer.target)
    else:
        files.link_new(transfer.origin, transfer.target)


def _remove_link(files: FileSystem, transfer: Transfer, error: OSError | NotDoneError, *, made: bool) -> None:
    """Remove our second name of a file, if it exists."""

    def remove() -> None:
        if is_our_link(files, transfer.origin, transfer.target):
            files.unlink(transfer.target)
            files.sync_folder(transfer.target.parent)
            return
        target = stat_or_none(files, transfer.target)
        # One of the two names is on a drive that is gone.
        if (made and target is None) or (target is not None and stat_or_none(files, transfer.origin) is None):
            raise LeftOpenError(GONE)

    _or_leave_open(remove, error)


def _or_leave_open(clean_up: Callable[[], None], cause: OSError | NotDoneError) -> None:
    """Clean up after `cause`.

    Raises:
        LeftOpenError: cleaning up failed too.
    """
    try:
        clean_up()
    except (OSError, LeftOpenError) as error:
        reason = explain(cause) if isinstance(cause, OSError) else cause.reason
        raise LeftOpenError(joined_texts("; ", reason, REPAIRED_LATER), stop=is_full(cause)) from error


def require_free(files: FileSystem, target: Path) -> None:
    """Check that the target does not exist, so that a link found there later is ours, whatever a network drive reports.

    Raises:
        NotDoneError: it exists.
    """
    if stat_or_none(files, target) is not None:
        raise NotDoneError(TAKEN)


def _require_drive(files: FileSystem, path: Path, before: os.stat_result, current: os.stat_result | None) -> None:
    """Check the drive of a file that has vanished: if the drive is gone too, the move is not finished.

    Raises:
        LeftOpenError: the drive is gone.
    """
    if current is None:
        folder = stat_or_none(files, path.parent)
        if folder is None or folder.st_dev != before.st_dev:
            raise LeftOpenError(joined_texts("; ", GONE, REPAIRED_LATER))


def _require_file(files: FileSystem, path: Path) -> os.stat_result:
    found = stat_or_none(files, path)
    if found is None:
        raise NotDoneError(GONE)
    if not is_regular(found):
        raise NotDoneError(NOT_A_FILE)
    return found


def _verified(files: FileSystem, transfer: Transfer) -> os.stat_result:
    """Verify the origin's bytes; return its status before they were read."""
    before = _require_file(files, transfer.origin)
    if files.hash(transfer.origin) != transfer.sha256:
        raise NotDoneError(CHANGED)
    return before
