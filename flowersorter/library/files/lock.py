"""The lock that lets one window or terminal at a time work on a collection."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from flowersorter.errors import CollectionLocked, FolderUnusable, UserError
from flowersorter.messages import text

#: Versions up to 0.1 lock this file too: both must never have a collection open at once.
_LOCK_NAME = "garden.lock"


def lock_collection(folder: Path) -> BaseFileLock:
    """Lock the collection for this process; the system releases the lock however the process ends.

    Raises:
        CollectionLocked: another process has it open.
        FolderUnusable: the lock file cannot be made in the folder.
    """
    # It may be released on another thread than it was taken on: the lock belongs to the process.
    lock = FileLock(folder / _LOCK_NAME, timeout=0, thread_local=False)
    refusal = CollectionLocked(
        text("The collection {folder} is already open", folder=folder),
        text("another FlowerSorter window or terminal is using it"),
        text("Close that one first, or choose another collection"),
    )
    with _lock_errors(folder, refusal):
        lock.acquire()
    return lock


@contextmanager
def _lock_errors(collection: Path, refusal: UserError) -> Iterator[None]:
    """Raise `refusal` where another process has the lock, and FolderUnusable where its file cannot be made."""
    try:
        yield
    except Timeout as error:
        raise refusal from error
    except OSError as error:
        raise FolderUnusable(
            text("The collection {folder} cannot be opened", folder=collection), error.strerror or str(error)
        ) from error


def opened_for_reading(folder: Path) -> CollectionLocked:
    """The error where a collection that was opened only for reading would be changed."""
    return CollectionLocked(
        text("The collection {folder} cannot be changed now", folder=folder),
        text("it was opened only for reading, because another FlowerSorter window or terminal is using it"),
        text("Close that one first"),
    )


@contextmanager
def watch_locked(collection: Path, folders: Iterable[Path]) -> Iterator[None]:
    """Note for the duration of a block that this process watches folders for a collection.

    Raises:
        FolderUnusable: another process watches one of them for it, or the collection's folder cannot be made.
    """
    with ExitStack() as held:
        for folder in folders:
            real = os.path.normcase(os.path.realpath(folder))  # the same folder by another name is watched once, too
            name = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
            lock = FileLock(collection / f"watch-{name}.lock", timeout=0)
            refusal = FolderUnusable(
                text("The folder {folder} is watched already", folder=folder),
                text("another terminal or service watches it for the same collection"),
                text("Stop that one first"),
            )
            with _lock_errors(collection, refusal):
                collection.mkdir(parents=True, exist_ok=True)
                held.enter_context(lock)
        yield


@contextmanager
def collection_locked(folder: Path) -> Iterator[None]:
    """Lock the collection for the duration of a block.

    Raises:
        CollectionLocked: another process has it open.
    """
    lock = lock_collection(folder)
    try:
        yield
    finally:
        lock.release()
