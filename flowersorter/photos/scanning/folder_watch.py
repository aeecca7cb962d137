"""Reports that something changed in folders, so that they can be scanned again."""

from __future__ import annotations

import math
import os
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
#: How often any other folder is reported, in case a change was missed: behind a link, below a network drive that is
#: mounted inside, or where the system's limit of watched folders was reached.
SCAN_RARELY_S = 1800.0
#: A report within this time after another one adds nothing: the scan comes later.
_TOGETHER_S = 0.2
#: Types of network file systems, as Linux and macOS name them. A change by another computer is not reported on them.
_NETWORK_TYPES = (
    *("nfs", "cifs", "smb", "afp", "webdav", "davfs", "9p", "afs", "ceph", "gluster", "lustre", "beegfs"),
    *("vboxsf", "vmhgfs", "prl_fs", "virtiofs", "macfuse", "osxfuse"),
)
_NETWORK_HELPERS = ("ssh", "rclone", "dav", "gvfs", "s3fs", "curlftp", "gluster", "ceph", "vmhgfs", "smb")


class FolderWatch:
    """Watches folders and everything below them, until `stop`.

    A change is a hint only: it says neither which file changed nor whether it is complete. The first hint comes when
    the folders are watched: files may have arrived meanwhile. A folder that goes away, as with its drive, is reported
    when it is there again.

    Args:
        folders: Absolute paths.
        changed: Called in threads of the watch.
        ignored: A folder whose changes are none, wherever it lies.
        check_every_s: As `CHECK_EVERY_S`.
        scan_every_s: As `SCAN_EVERY_S`.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        changed: Callable[[], None],
        *,
        ignored: Path | None = None,
        check_every_s: float = CHECK_EVERY_S,
        scan_every_s: float = SCAN_EVERY_S,
    ) -> None:
        self._changed, self._check_every_s, self._scan_every_s = changed, check_every_s, scan_every_s
        self._ignored = None if ignored is None else os.path.realpath(ignored)
        self._watched = {folder: _Watched() for folder in folders}
        self._stopped = threading.Event()
        self._reported_s = -math.inf
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

        with suppress(OSError):  # where the system has no watch left, the folders are reported at intervals
            self._observer = Observer()
            self._observer.start()
        try:
            for folder, watched in self._watched.items():
                self._watch(folder, watched)
            self._report()
            while not self._stopped.wait(self._check_every_s):
                for folder, watched in self._watched.items():
                    self._check(folder, watched)
        finally:
            if self._observer is not None:
                self._observer.stop()
                self._observer.join()

    def _check(self, folder: Path, watched: _Watched) -> None:
        """Watch a folder again that has come back, or whose watch has ended; report it where that is due."""
        if watched.identity != _identity(folder) or self._is_over(watched.watch):
            was_there = watched.identity is not None
            self._watch(folder, watched)
            if watched.identity is not None or was_there:
                self._report()
        elif watched.identity is not None and time.monotonic() >= watched.due_s:
            watched.due_s += watched.every_s
            self._report()

    def _is_over(self, watch: ObservedWatch | None) -> bool:
        """Whether a watch hears nothing any more: its folder was deleted, also where another one is in its place."""
        if watch is None or self._observer is None:
            return False
        return not any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)

    def _watch(self, folder: Path, watched: _Watched) -> None:
        """Watch a folder; one that cannot be watched, or whose system reports too little, is reported at intervals."""
        if watched.watch is not None and self._observer is not None:
            with suppress(KeyError, OSError):
                self._observer.unschedule(watched.watch)
        watched.watch, watched.identity = None, _identity(folder)
        watched.every_s = self._scan_every_s
        if watched.identity is not None and self._observer is not None and not on_network(folder):
            with suppress(OSError):  # for example, the system's limit of watched folders is reached
                watched.watch = self._observer.schedule(
                    _handler(self._on_event), str(folder), recursive=True, event_filter=_events()
                )
                watched.every_s = max(SCAN_RARELY_S, self._scan_every_s)
        watched.due_s = time.monotonic() + watched.every_s

    def _on_event(self, event: FileSystemEvent) -> None:
        if time.monotonic() - self._reported_s < _TOGETHER_S:
            return  # of thousands of events that come together, the paths need not be resolved
        paths = [os.path.realpath(os.fsdecode(path)) for path in (event.src_path, event.dest_path) if path]
        if self._ignored is None or not all(_is_below(path, self._ignored) for path in paths):
            self._report()

    def _report(self) -> None:
        now_s = time.monotonic()
        if not self._stopped.is_set() and now_s - self._reported_s >= _TOGETHER_S:
            self._reported_s = now_s
            self._changed()


class _Watched:
    """One folder: its identity while it is there, its watch, and when it is reported next without a change."""

    def __init__(self) -> None:
        self.identity: tuple[int, int] | None = None
        self.watch: ObservedWatch | None = None
        self.due_s = self.every_s = 0.0


def _handler(take: Callable[[FileSystemEvent], None]) -> FileSystemEventHandler:
    from watchdog.events import FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            take(event)

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


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def on_network(folder: Path) -> bool:
    """Whether a folder is on a drive of another computer, of whose changes this one may not hear."""
    real = Path(os.path.realpath(folder))
    if any(str(path).startswith("\\\\") for path in (folder, real)):
        return True
    import psutil

    best, network = "", False
    with suppress(OSError, psutil.Error):
        for drive in psutil.disk_partitions(all=True):
            # Of several at one place, as with automatic mounts, the last one is on top.
            if len(drive.mountpoint) >= len(best) and real.is_relative_to(drive.mountpoint):
                best, network = drive.mountpoint, _is_network(drive.fstype, drive.opts)
    return network


def _is_network(kind: str, options: str) -> bool:
    kind = kind.lower()
    if sys.platform == "win32":
        return "remote" in options.split(",")
    helped = kind.startswith("fuse") and any(each in kind for each in _NETWORK_HELPERS)
    return helped or kind.startswith(_NETWORK_TYPES)
