"""Sorting to ext4, xfs, btrfs, FAT, exFAT and NTFS, on small disks that are mounted for each test.

Where a disk cannot be mounted, its tests are skipped with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.verified_files import Finding
from flowersorter.workflows.filing.verify import VerifyRequest, VerifyResult, verify
from tests.bench.safety.full_disk import fill
from tests.bench.safety.mounts import apart
from tests.unit.sorting.file_trees import MTIME_NS, contents, plan, remember, snapshot, sort, take_back, write
from tests.unit.sorting.real_filesystems import DISK_TYPES, CannotMountError, DiskType, mounted

pytestmark = [
    pytest.mark.real_filesystems,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

#: The reason of a disk without hard links that cannot rename without replacing either, as FAT in user space.
CANNOT_PUBLISH = "this disk cannot do it without the risk of overwriting a file"
#: Reasons for which a photo may stay where it is, most of them its name; in user space some disks give others for it.
REFUSALS = (
    CANNOT_PUBLISH,
    "its name has characters that this disk does not allow",
    "its name is too long for this disk",
    "the system does not allow it",
    "it is not there any more",
)
FILE_NAMES = (
    *("a.jpg", "CON.jpg", "nul.jpg", "a:b.jpg", "what?.jpg", "trailing..jpg", " space .jpg", "x" * 251 + ".jpg"),
    *("ü" * 125 + ".jpg", "caf\u00e9.jpg", "cafe\u0301.jpg", "花.jpg", "🌷.jpg", "-rf.jpg", "\udcff.jpg"),
)
CLASS_NAMES = ("CON", "a:b", "trailing.", "trailing ", "..", "x" * 300, "caf\u00e9", "🌷", "a/b", "*?<>|")


def _names(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    photos = {write(source / str(at) / name, b"%d" % at * 99): "Rose" for at, name in enumerate(FILE_NAMES)}
    photos |= {write(source / f"class {at}.jpg", b"class %d" % at): name for at, name in enumerate(CLASS_NAMES)}
    before = snapshot(source)
    result = _sorted(collection, photos, disk / "sorted", Mode.COPY, source)
    for file in result.files:
        if file.destination is not None:
            assert file.destination.read_bytes() == file.source.read_bytes()
            assert file.destination.parent.parent == disk / "sorted"
        else:
            assert file.error in REFUSALS
            assert file.source.name != "a.jpg" or (file.error == CANNOT_PUBLISH and not kind.links)
    _undone(collection, result, disk)
    assert snapshot(source) == before


def _case(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    (disk / "sorted" / "ROSE").mkdir(parents=True)
    (disk / "sorted" / "ROSE" / "IMG.JPG").write_bytes(b"was there before")
    photos = {
        write(source / str(at) / name, b"%d" % at * 99): class_name
        for at, (name, class_name) in enumerate((("IMG.jpg", "Rose"), ("img.jpg", "Rose"), ("Img.JPG", "rose")))
    }
    result = _sorted(collection, photos, disk / "sorted", Mode.COPY, source)
    filed = [file for file in result.files if file.destination is not None]
    kept = [b"was there before", *(file.source.read_bytes() for file in filed)]
    assert contents(disk / "sorted") == sorted(kept)
    folders = {path.name for path in (disk / "sorted").iterdir()}
    assert len(folders) == len({name.casefold() for name in folders})
    _undone(collection, result, disk)
    assert contents(disk / "sorted") == [b"was there before"]


def _links(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    del source
    here = disk / "photos"
    here.mkdir()
    (here / "a.jpg").write_bytes(b"a" * 99)
    photos = {here / "a.jpg": "Rose"}
    for mode in (Mode.LINK, Mode.SYMLINK):
        result = sort(collection, photos, disk / "sorted", mode, source=here)
        if kind.links:
            assert (disk / "sorted" / "Rose" / "a.jpg").samefile(here / "a.jpg")
            _undone(collection, result, disk)
        else:
            assert result.filed == 0
            assert result.files[0].error
        assert not (disk / "sorted").exists()
        assert (here / "a.jpg").read_bytes() == b"a" * 99


def _times(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    times = (MTIME_NS, 1_000_000_000_000_000_001, 1_999_999_999_999_999_999)
    photos = {write(source / f"{at}.jpg", b"%d" % at * 99): "Rose" for at in range(len(times))}
    for path, time_ns in zip(photos, times, strict=True):
        os.utime(path, ns=(time_ns, time_ns))
    result = _sorted(collection, photos, disk / "sorted", Mode.COPY, source)
    for file in result.files:
        if file.destination is not None:
            found = file.destination.stat().st_mtime_ns
            assert abs(found - file.source.stat().st_mtime_ns) < kind.time_ns
    assert _verified(collection) == VerifyResult(result.filed, 0, result.filed, ())
    for file in result.files:
        if file.destination is not None:
            found = file.destination.stat().st_mtime_ns
            file.destination.write_bytes(b"?" * file.destination.stat().st_size)
            os.utime(file.destination, ns=(found, found))
    assert [file.finding for file in _verified(collection).changed] == [Finding.ROTTED] * result.filed


def _full(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    del kind
    photos = {write(source / f"{at}.jpg", bytes([at]) * 400_000): "Rose" for at in range(6)}
    remember(collection, source, list(photos))
    before = snapshot(source)
    planned = plan(photos, disk / "sorted", Mode.MOVE, source)
    fill(disk, 1_000_000)
    result = execute(planned, collection, silent, CancelToken())
    for file in result.files:
        assert file.destination is not None or file.error in REFUSALS or str(file.error).startswith("the disk is full")
    assert contents(source, disk / "sorted") == sorted(path.content for path in before.values() if path.content)
    (disk / "ballast").unlink()
    _undone(collection, result, disk)
    assert contents(source) == sorted(path.content for path in before.values() if path.content)


def _moves(kind: DiskType, disk: Path, collection: CollectionStore, source: Path) -> None:
    """Move to the disk, within it, and off it; then undo all, the last first."""
    del kind
    photos = {write(source / f"{name}.jpg", name.encode() * 99): "Rose" for name in "ab"}
    write(source / "a.xmp", b"stars of a")
    before = contents(source)
    runs = [_sorted(collection, photos, disk / "one", Mode.MOVE, source)]
    on_disk = dict.fromkeys(sorted((disk / "one").rglob("*.jpg")), "Daisy")
    runs.append(_sorted(collection, on_disk, disk / "two", Mode.MOVE, disk / "one"))
    last = dict.fromkeys(sorted((disk / "two").rglob("*.jpg")), "Tulip")
    runs.append(_sorted(collection, last, source.with_name("three"), Mode.MOVE, disk / "two"))
    assert contents(source, source.with_name("three"), disk / "one", disk / "two") == before
    for run in reversed(runs):
        _undone(collection, run, disk)
    assert contents(source) == before
    assert not list(disk.glob("one/*/*"))


CHECKS = (_names, _case, _links, _times, _full, _moves)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.strip("_"))
@pytest.mark.parametrize("kind", DISK_TYPES, ids=lambda kind: kind.name)
def test_sorting_to(
    kind: DiskType, check: Callable[[DiskType, Path, CollectionStore, Path], None], tmp_path: Path
) -> None:
    reason = apart(partial(_checked, kind, check, tmp_path))
    if reason:
        pytest.skip(reason)


def _checked(kind: DiskType, check: Callable[[DiskType, Path, CollectionStore, Path], None], scratch: Path) -> str:
    """Make a check on a disk; return why there is none."""
    try:
        with (
            mounted(kind, scratch) as disk,
            CollectionStore.open(scratch / "collection") as collection,
        ):
            check(kind, disk, collection, scratch / "photos")
    except CannotMountError as reason:
        return str(reason)
    return ""


def _sorted(
    collection: CollectionStore, photos: dict[Path, str], destination: Path, mode: Mode, source: Path
) -> RunResult:
    if photos:
        remember(collection, source, list(photos))
    return sort(collection, photos, destination, mode, source=source)


def _undone(collection: CollectionStore, result: RunResult, disk: Path) -> None:
    """Undo a run; nothing is refused, and no unfinished copy is left on the disk."""
    if result.run_id is not None and result.filed:
        assert not take_back(collection, result.run_id).refused
    assert not list(disk.rglob(".flowersorter-*"))


def _verified(collection: CollectionStore) -> VerifyResult:
    return verify(Engine(collection), VerifyRequest(), silent, CancelToken())
