"""Reports that something changed in folders, so that they can be scanned again."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

#: How often it is checked whether a folder is there, and still the one that was watched.
CHECK_EVERY_S = 15.0
#: How often a folder is reported whose system reports no changes: one on a network drive.
SCAN_EVERY_S = 300.0
#: Types of network file systems, as Linux and macOS name them. A change by another computer is not reported on them.
_NETWORK_TYPES = ("nfs", "cifs", "smb", "afp", "webdav", "davfs", "9p", "afs", "ceph", "gluster", "lustre", "vboxsf")
_NETWORK_HELPERS = ("sshfs", "rclone", "davfs", "gvfs", "s3fs", "curlftpfs")


class FolderWatch:
    """Watches folders and everything below them, until `stop`.

    A change is a hint only: it says neither which file changed nor whether it is complete. A folder that goes away, as
    with its drive, is reported when it is there again. Nothing is computed while nothing changes.

    Args:
        folders: Absolute paths.
        changed: Called in threads of the watch.
        check_every_s: As `CHECK_EVERY_S`.
        scan_every_s: As `SCAN_EVERY_S`.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        changed: Callable[[], None],
        *,
        check_every_s: float = CHECK_EVERY_S,
        scan_every_s: float = SCAN_EVERY_S,
    ) -> None:
        self._changed, self._check_every_s, self._scan_every_s = changed, check_every_s, scan_every_s
        self._watched = {folder: _Watched() for folder in folders}
        self._stopped = threading.Event()
        self._observer: BaseObserver | None = None
        self._thread = threading.Thread(target=self._work, name="folder-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch, in a thread of its own: in a large folder that takes seconds."""
        self._thread.start()

    def stop(self, within_s: float | None = None) -> None:
        """Stop watching, and wait for the threads of the watch; no change is reported from here on.

        Args:
            within_s: How long to wait for them: a drive that does not answer may hold them; None for as long as needed.
        """
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    # -- thread of the watch

    def _work(self) -> None:
        from watchdog.observers import Observer

        self._observer = Observer()
        self._observer.start()
        try:
            for folder, watched in self._watched.items():
                self._watch(folder, watched)
            while not self._stopped.wait(self._check_every_s):
                for folder, watched in self._watched.items():
                    self._check(folder, watched)
        finally:
            self._observer.stop()
            self._observer.join()

    def _check(self, folder: Path, watched: _Watched) -> None:
        if watched.identity != _identity(folder):
            was_there = watched.identity is not None
            self._watch(folder, watched)
            if watched.identity is not None or was_there:
                self._report()
        elif watched.identity is not None and watched.watch is None and time.monotonic() >= watched.due_s:
            watched.due_s = time.monotonic() + self._scan_every_s
            self._report()

    def _watch(self, folder: Path, watched: _Watched) -> None:
        """Watch a folder; one that cannot be watched, or whose system reports too little, is reported at intervals."""
        assert self._observer is not None
        if watched.watch is not None:
            with suppress(KeyError, OSError):
                self._observer.unschedule(watched.watch)
        watched.watch, watched.identity = None, _identity(folder)
        watched.due_s = time.monotonic() + self._scan_every_s
        if watched.identity is None or on_network(folder):
            return
        with suppress(OSError):  # for example, the system's limit of watched folders is reached
            watched.watch = self._observer.schedule(
                _handler(self._report), str(folder), recursive=True, event_filter=_events()
            )

    def _report(self) -> None:
        if not self._stopped.is_set():
            self._changed()


class _Watched:
    """The state of one folder: its identity while it is there, its watch, and when it is reported next without one."""

    def __init__(self) -> None:
        self.identity: tuple[int, int] | None = None
        self.watch: ObservedWatch | None = None
        self.due_s = 0.0


def _handler(report: Callable[[], None]) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def dispatch(self, _event: FileSystemEvent) -> None:
            report()

    return Handler()


def _events() -> list[type[FileSystemEvent]]:
    """The events that can bring a photo, complete one, or take one away; opening and reading a file is none."""
    from watchdog import events

    return [
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.DirCreatedEvent,
        events.DirMovedEvent,
        events.DirDeletedEvent,
    ]


def _identity(folder: Path) -> tuple[int, int] | None:
    """Device and number of a folder, which differ once another one is in its place; None while it is not there."""
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def on_network(folder: Path) -> bool:
    """Whether a folder is on a drive of another computer, of whose changes this one may not hear."""
    if str(folder).startswith("\\\\"):
        return True
    import psutil

    best, network = "", False
    for drive in psutil.disk_partitions(all=True):
        where = Path(drive.mountpoint)
        if len(drive.mountpoint) > len(best) and folder.is_relative_to(where):
            best, network = drive.mountpoint, _is_network(drive.fstype, drive.opts)
    return network


def _is_network(kind: str, options: str) -> bool:
    kind = kind.lower()
    if sys.platform == "win32":
        return "remote" in options.split(",")
    helped = kind.startswith("fuse") and any(each in kind for each in _NETWORK_HELPERS)
    return helped or kind.startswith(_NETWORK_TYPES)
