"""The verb verify: its table, its JSON lines and its exit codes."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from flowersorter.cli import main
from flowersorter.commands.shared.output import local_time
from flowersorter.errors import Cancelled
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from tests.unit.sorting.file_trees import sort, write


@pytest.fixture
def filed(tmp_path: Path) -> Path:
    """The class folder of two photos that were sorted, one with a sidecar."""
    photos = {write(tmp_path / "photos" / f"{name}.jpg", name.encode() * 99): "Rose" for name in "ab"}
    write(tmp_path / "photos" / "a.xmp", b"stars of a")
    with CollectionStore.open(tmp_path / "collection") as collection:
        sort(collection, photos, tmp_path / "sorted", Mode.COPY, source=tmp_path / "photos")
    return tmp_path / "sorted" / "Rose"


def verify(tmp_path: Path, *arguments: str) -> int:
    return main(["verify", *arguments, "--collection", str(tmp_path / "collection")])


def rot(path: Path) -> None:
    found = path.stat()
    path.write_bytes(b"x" * found.st_size)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_nothing_sorted_and_all_well_exit_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path) == 0
    assert capsys.readouterr().out == "No photos were sorted yet.\n"
    assert verify(tmp_path, str(tmp_path / "sorted")) == 1
    assert capsys.readouterr().err.startswith(f"No photos are sorted into {tmp_path / 'sorted'}.")


def test_all_well(tmp_path: Path, filed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path, str(filed.parent)) == 0
    assert capsys.readouterr().out == "2 photos and 1 sidecar file verified: all as they were sorted.\n"


def test_an_edited_and_a_moved_photo_are_listed_and_well(
    tmp_path: Path, filed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (filed / "a.jpg").rename(filed / "new.jpg")
    (filed / "b.jpg").write_bytes(b"edited")
    assert verify(tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"edited  Rose  {filed / 'b.jpg'}",
        f"moved   Rose  {filed / 'a.jpg'}  now at {filed / 'new.jpg'}",
        "2 photos and 1 sidecar file verified: 1 intact, 1 edited, 1 moved.",
    ]


def test_a_rotted_photo_exits_with_1(tmp_path: Path, filed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rot(filed / "a.jpg")
    assert verify(tmp_path) == 1
    original = tmp_path / "photos" / "a.jpg"
    assert capsys.readouterr().out.splitlines() == [
        f"rotted  Rose  {filed / 'a.jpg'}  the original is intact: {original}",
        "2 photos and 1 sidecar file verified: 2 intact, 1 rotted.",
    ]
    assert verify(tmp_path, "--json") == 1
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {
            "path": str(filed / "a.jpg"),
            "class": "Rose",
            "sort": 1,
            "state": "rotted",
            "sidecar": False,
            "now": None,
            "intact_at": str(original),
            "known_edit": False,
        },
        {
            "summary": {
                "photos": 2,
                "sidecars": 1,
                "intact": 2,
                "read_earlier": 0,
                "read_earlier_since": None,
                "rotted": 1,
                "gone": 0,
                "unreadable": 0,
                "edited": 0,
                "moved": 0,
                "not_reached": {},
            }
        },
    ]


def test_an_unplugged_destination_is_named(tmp_path: Path, filed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filed.parent.rename(tmp_path / "unplugged")
    assert verify(tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Not reached: 3 files in {filed.parent}. The folder is missing or empty; its drive may be unplugged.",
        "No sorted photo could be read.",
    ]
    assert verify(tmp_path, "--json") == 1
    assert json.loads(capsys.readouterr().out)["summary"]["not_reached"] == {str(filed.parent): 3}


def test_one_that_was_stopped_goes_on_and_says_so(
    tmp_path: Path, filed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: FileSystem, path: Path, between: object = None) -> bytes:
        if path.name == "b.jpg":
            raise Cancelled
        return hash_file(self, path)

    hash_file = FileSystem.hash
    now = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    clock = count(int(now.timestamp()) * 10**9, 10**6)
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    with monkeypatch.context() as patched:
        patched.setattr(FileSystem, "hash", stop)
        assert verify(tmp_path) != 0
    assert "Stopped. Called again, it goes on where it stopped." in capsys.readouterr().err
    assert verify(tmp_path, "--rate", "50") == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 photos and 1 sidecar file verified: all as they were sorted.",
        f"2 of them were read before the verification was interrupted, since {local_time(now.isoformat())}, and have "
        "the size and time of then.",
    ]
    assert verify(tmp_path, "--again") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
