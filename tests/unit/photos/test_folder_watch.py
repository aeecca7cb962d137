"""A watched folder is reported when something changes in it, and left alone while nothing does."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver

from flowersorter.photos import folder_watch
from flowersorter.photos.folder_watch import FolderWatch

WITHIN_S = 30
Watch = Callable[..., threading.Event]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches a folder; the event is set by each change, once it is watched."""
    started: list[FolderWatch] = []

    def begin(folder: Path, *, check_every_s: float = 0.02, scan_every_s: float = 300.0) -> threading.Event:
        changed, ready = threading.Event(), threading.Event()
        real = FolderWatch._watch

        def noted(self: FolderWatch, *arguments: object) -> None:
            real(self, *arguments)  # type: ignore[arg-type]
            ready.set()

        monkeypatch.setattr(FolderWatch, "_watch", noted)
        started.append(FolderWatch([folder], changed.set, check_every_s=check_every_s, scan_every_s=scan_every_s))
        started[-1].start()
        assert ready.wait(WITHIN_S)
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

    def __init__(self, seen: list[str], report: Callable[[], None]) -> None:
        self._seen, self._report = seen, report

    def dispatch(self, event: FileSystemEvent) -> None:
        """Record, then report."""
        self._seen.append(str(event.src_path))
        self._report()


def test_reading_is_no_change(tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    seen: list[str] = []
    monkeypatch.setattr(folder_watch, "_handler", lambda report: Recorder(seen, report))
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
    assert changed.wait(WITHIN_S)
    while changed.wait(0.2):
        changed.clear()
    folder.mkdir()
    assert changed.wait(WITHIN_S)
    while changed.wait(0.2):
        changed.clear()
    shutil.rmtree(tmp_path / "away")
    (folder / "b.jpg").write_bytes(b"b")
    assert changed.wait(WITHIN_S)


@pytest.mark.parametrize("cause", ["the system refuses", "network"])
def test_a_folder_of_which_nothing_is_heard_is_reported_now_and_then(
    cause: str, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    if cause == "network":
        monkeypatch.setattr(folder_watch, "on_network", lambda _: True)
    else:
        monkeypatch.setattr(BaseObserver, "schedule", refuse)
    changed = watch(tmp_path, scan_every_s=0.05)
    for _ in range(2):
        assert changed.wait(WITHIN_S)
        changed.clear()


def test_a_missing_folder_is_reported_once_it_is_there(tmp_path: Path, watch: Watch) -> None:
    changed = watch(tmp_path / "later", scan_every_s=0.01)
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
