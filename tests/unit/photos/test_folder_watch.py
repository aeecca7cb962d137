"""A watched folder is reported when something changes in it, and left alone while nothing does."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver

from flowersorter.photos.scanning import folder_watch
from flowersorter.photos.scanning.folder_watch import FolderWatch

WITHIN_S = 30
Watch = Callable[..., threading.Event]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches a folder; the event is set by each change, once it is watched and has said so."""
    monkeypatch.setattr(folder_watch, "_TOGETHER_S", 0.0)
    started: list[FolderWatch] = []

    def begin(
        folder: Path, *, ignored: Path | None = None, check_every_s: float = 0.02, scan_every_s: float = 300.0
    ) -> threading.Event:
        changed = threading.Event()
        intervals = {"check_every_s": check_every_s, "scan_every_s": scan_every_s}
        started.append(FolderWatch([folder], changed.set, ignored=ignored, **intervals))
        started[-1].start()
        assert changed.wait(WITHIN_S), "files may have arrived before it was watched"
        changed.clear()
        return changed

    yield begin
    for each in started:
        each.stop()


def test_a_file_that_arrives_is_reported_wherever_it_does(tmp_path: Path, watch: Watch) -> None:
    changed = watch(tmp_path)
    (tmp_path / "day").mkdir()
    assert changed.wait(WITHIN_S)
    changed.clear()
    (tmp_path / "day" / "a.jpg").write_bytes(b"a")
    assert changed.wait(WITHIN_S)


class Recorder(FileSystemEventHandler):
    """Records the paths of all events but those of the folder itself."""

    def __init__(self, seen: list[str], take: Callable[[FileSystemEvent], None]) -> None:
        self._seen, self._take = seen, take

    def dispatch(self, event: FileSystemEvent) -> None:
        """Record, then report."""
        self._seen.append(str(event.src_path))
        self._take(event)


def test_reading_is_no_change(tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    seen: list[str] = []
    monkeypatch.setattr(folder_watch, "_handler", lambda take: Recorder(seen, take))
    changed = watch(tmp_path)
    assert (tmp_path / "a.jpg").read_bytes() == b"a"
    assert [each.name for each in tmp_path.iterdir()] == ["a.jpg"]
    (tmp_path / "b.jpg").write_bytes(b"b")  # events come in their order
    assert changed.wait(WITHIN_S)
    assert [each for each in seen if not each.endswith("b.jpg")] == []


def test_a_folder_that_goes_and_comes_back_is_reported_and_watched_again(tmp_path: Path, watch: Watch) -> None:
    folder = tmp_path / "drive"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")
    changed = watch(folder)
    folder.rename(tmp_path / "away")
    calm(changed)
    folder.mkdir()
    calm(changed)
    shutil.rmtree(tmp_path / "away")
    (folder / "b.jpg").write_bytes(b"b")
    assert changed.wait(WITHIN_S)


def test_a_folder_that_another_one_replaces_is_watched_again(tmp_path: Path, watch: Watch) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    changed = watch(folder, check_every_s=0.5)
    shutil.rmtree(folder)
    folder.mkdir()  # many file systems give it the same number
    calm(changed, 1.0)
    (folder / "b.jpg").write_bytes(b"b")
    assert changed.wait(WITHIN_S)


def test_changes_of_an_ignored_folder_are_none(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "collection").mkdir()
    changed = watch(tmp_path, ignored=tmp_path / "collection")
    (tmp_path / "collection" / "library.sqlite").write_bytes(b"a")
    assert not changed.wait(1.0)
    (tmp_path / "b.jpg").write_bytes(b"b")
    assert changed.wait(WITHIN_S)


def calm(changed: threading.Event, quiet_s: float = 0.3) -> None:
    """Wait for a change, then until there was none for a while."""
    assert changed.wait(WITHIN_S)
    for _ in range(50):
        changed.clear()
        if not changed.wait(quiet_s):
            return
    pytest.fail("it reports for ever")


@pytest.mark.parametrize("cause", ["the system refuses", "no watch is left", "network"])
def test_a_folder_of_which_nothing_is_heard_is_reported_now_and_then(
    cause: str, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    if cause == "no watch is left":
        monkeypatch.setattr("watchdog.observers.Observer", refuse)
    elif cause == "network":
        monkeypatch.setattr(folder_watch, "on_network", lambda _: True)
    else:
        monkeypatch.setattr(BaseObserver, "schedule", refuse)
    changed = watch(tmp_path, scan_every_s=0.05)
    for _ in range(2):
        assert changed.wait(WITHIN_S)
        changed.clear()


def test_a_missing_folder_is_reported_once_it_is_there(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = threading.Semaphore(0)
    real = FolderWatch._check

    def counted(self: FolderWatch, *arguments: Any) -> None:
        real(self, *arguments)
        checks.release()

    monkeypatch.setattr(FolderWatch, "_check", counted)
    changed = watch(tmp_path / "later", scan_every_s=0.01)
    for _ in range(3):
        assert checks.acquire(timeout=WITHIN_S)
    assert not changed.is_set()
    (tmp_path / "later").mkdir()
    assert changed.wait(WITHIN_S)


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("nfs4", "rw", True),
        ("cifs", "rw", True),
        ("smb3", "rw", True),
        ("smbfs", "rw", True),
        ("fuse.sshfs", "rw", True),
        ("fuse.glusterfs", "rw", True),
        ("macfuse", "rw", True),
        ("virtiofs", "rw", True),
        ("fuse.rclone", "rw", True),
        ("fuseblk", "rw", False),
        ("ext4", "rw", False),
        ("apfs", "rw", False),
        ("NTFS", "rw,fixed", False),
    ],
)
def test_network_drives_are_told_by_their_file_system(kind: str, options: str, expected: bool) -> None:
    assert folder_watch._is_network(kind, options) is expected


def test_windows_names_remote_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert folder_watch._is_network("NTFS", "rw,remote")
    assert not folder_watch._is_network("NTFS", "rw,fixed")
    assert folder_watch.on_network(Path("\\\\server\\photos"))


def test_the_drive_on_top_of_a_place_counts_also_by_way_of_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Drive:
        def __init__(self, mountpoint: Path, fstype: str) -> None:
            self.mountpoint, self.fstype, self.opts = str(mountpoint), fstype, "rw"

    nas = tmp_path / "nas"
    (nas / "photos").mkdir(parents=True)
    (tmp_path / "link").symlink_to(nas / "photos")
    drives = [Drive(Path("/"), "ext4"), Drive(nas, "autofs"), Drive(nas, "nfs4")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: drives)  # noqa: A006 - its own name
    assert folder_watch.on_network(nas / "photos")
    assert folder_watch.on_network(tmp_path / "link")
    assert not folder_watch.on_network(tmp_path)
