"""Planning reads only, refuses what could lose photos, and promises each photo one free place."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Mode, Skipped
from flowersorter.sorting.refile import plan_refile
from flowersorter.sorting.runs.make_plan import make_plan
from tests.unit.sorting.failing_disks import CHANGING, WatchedDisk, failing, unlistable
from tests.unit.sorting.file_trees import MTIME_NS, filing, plan, snapshot, sort, write


def test_a_plan_touches_nothing(tmp_path: Path) -> None:
    source, destination = tmp_path / "photos", tmp_path / "deep" / "sorted"
    photos = {write(source / f"{n}.jpg", b"%d" % n): "Rose" for n in range(3)}
    write(source / "0.xmp", b"edits")
    before = snapshot(tmp_path)

    def around(name: str, call: object) -> object:
        assert name not in CHANGING
        return call()  # type: ignore[operator]

    made = plan(photos, destination, Mode.COPY, source, files=WatchedDisk(around))
    assert snapshot(tmp_path) == before
    assert made.counts_by_class == {"Rose": 3}
    assert made.counts_by_action == {Action.COPY: 3}
    assert made.counts_by_folder == {Path("Rose"): 3}
    assert made.missing_folders == (tmp_path / "deep", destination)
    assert made.needed_bytes == 3 + len(b"edits")
    assert made.free_bytes > 0
    assert made.files[0].sidecars == ((source / "0.xmp", destination / "Rose" / "0.xmp"),)


@pytest.mark.parametrize("inner", ["", "deep", "deep/er"])
def test_a_destination_in_or_around_the_source_is_refused(tmp_path: Path, inner: str) -> None:
    source = tmp_path / "photos"
    photos = {write(source / "a.jpg", b"a"): "Rose"}
    (source / "deep").mkdir()
    with pytest.raises(SortRefused):
        plan(photos, source / inner, Mode.COPY, source)
    with pytest.raises(SortRefused):
        plan(photos, tmp_path, Mode.COPY, source)
    (tmp_path / "way in").symlink_to(source)
    with pytest.raises(SortRefused):
        plan(photos, tmp_path / "way in" / inner, Mode.COPY, source)
    with pytest.raises(SortRefused):
        plan(photos, source / inner, Mode.COPY, tmp_path / "way in")


def test_a_neighbour_with_a_longer_name_is_no_part_of_the_source(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    assert plan(photos, tmp_path / "photos sorted", Mode.COPY, tmp_path / "photos").files
    assert plan(photos, tmp_path / "photos sorted", Mode.COPY, tmp_path / "gone").files


def test_a_destination_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    write(tmp_path / "file", b"")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for destination in ("file", "file/below", "nowhere", "nowhere/below"):
        with pytest.raises(SortRefused):
            plan(photos, tmp_path / destination, Mode.COPY)


@pytest.mark.parametrize("missing", ["sorted", "deep/sorted"])
def test_a_destination_on_a_drive_that_is_not_connected_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """As on Windows, where not even the root of such a drive exists, which is its own parent."""
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    monkeypatch.setattr(Path, "is_symlink", lambda _path: False)
    with pytest.raises(SortRefused, match="sorted is on a drive that is not connected"):
        plan(photos, tmp_path / missing, Mode.COPY)


def test_a_destination_that_cannot_be_written_or_read_is_refused(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}

    class ReadOnly(FileSystem):
        def writable(self, folder: Path) -> bool:
            return False

    with pytest.raises(SortRefused, match="is not writable"):
        plan(photos, tmp_path / "sorted", Mode.COPY, files=ReadOnly())
    (tmp_path / "sorted").mkdir()
    with pytest.raises(SortRefused, match="read or write error"):
        plan(photos, tmp_path / "sorted", Mode.COPY, files=failing("list", 0, 5))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="it is a folder of Linux")
def test_a_folder_of_the_system_is_not_writable_rather_than_full(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a"): "Rose"}
    for folder in (Path("/proc/sorted"), Path("/proc")):
        with pytest.raises(SortRefused, match="/proc is not writable"):
            plan(photos, folder, Mode.COPY)


def test_too_little_room_is_refused_where_room_is_needed(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a" * 1000): "Rose"}

    class Full(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 1500

    with pytest.raises(SortRefused, match="not enough space"):
        plan(photos, tmp_path / "sorted", Mode.COPY, files=Full())
    assert plan(photos, tmp_path / "sorted", Mode.MOVE, files=Full()).needed_bytes == 0
    assert plan(photos, tmp_path / "sorted", Mode.LINK, files=Full()).needed_bytes == 0


def test_what_is_refused_for_its_size_adds_up(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a" * 300_000): "Rose"}

    class Full(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 1_100_000

    with pytest.raises(SortRefused, match=r"they need 0\.3 MB and 1\.\d MB to spare for the file system, and 1\.1 MB"):
        plan(photos, tmp_path / "sorted", Mode.COPY, files=Full())


def test_a_photo_whose_folder_may_not_be_changed_is_copied_but_not_moved(tmp_path: Path) -> None:
    fixed, free = tmp_path / "fixed", tmp_path / "free"
    photos = dict.fromkeys(
        [*(write(fixed / f"{name}.jpg", name.encode()) for name in "ab"), write(free / "c.jpg", b"c")], "Rose"
    )
    write(tmp_path / "sorted" / "Rose" / "b.jpg", b"b")
    asked = []

    class Fixed(FileSystem):
        def writable(self, folder: Path) -> bool:
            asked.append(folder)
            return folder != fixed

    made = plan(photos, tmp_path / "sorted", Mode.MOVE, files=Fixed())
    assert [(file.filing.source.name, file.action) for file in made.files] == [
        ("b.jpg", Action.ALREADY_THERE),
        ("c.jpg", Action.MOVE),
    ]
    assert [(skipped.path, skipped.reason) for skipped in made.skipped] == [
        (fixed / "a.jpg", "its folder may not be changed, so nothing can be moved out of it; copy the photos instead")
    ]
    assert asked.count(fixed) == 1
    assert len(plan(photos, tmp_path / "sorted", Mode.COPY, files=Fixed()).files) == 3


def test_moving_to_another_device_needs_room(tmp_path: Path, elsewhere: Path) -> None:
    photos = {write(tmp_path / "photos" / "a.jpg", b"a" * 1000): "Rose"}
    assert plan(photos, elsewhere, Mode.MOVE).needed_bytes == 1000


def test_photos_that_are_not_as_they_were_read_are_skipped(tmp_path: Path) -> None:
    source = tmp_path / "photos"
    paths = {
        name: write(source / f"{name}.jpg", name.encode())
        for name in ["gone", "grown", "edited", "touched", "twice", "dir", "fifo"]
    }
    filings = [filing(path, "Rose") for path in paths.values()]
    filings.append(filings[4])
    paths["gone"].unlink()
    write(paths["grown"], b"grown bigger")
    paths["edited"].write_bytes(b"EDITED")
    os.utime(paths["touched"], ns=(MTIME_NS, MTIME_NS))
    for name in ("dir", "fifo"):
        paths[name].unlink()
    paths["dir"].mkdir()
    os.mkfifo(paths["fifo"])
    made = make_plan(filings, tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=source)
    assert [file.filing.source.stem for file in made.files] == ["touched", "twice"]
    assert {skipped.path.stem: skipped.reason for skipped in made.skipped} == {
        "gone": "it is not there any more",
        "grown": "it has changed since it was read",
        "edited": "it has changed since it was read",
        "twice": "it is listed twice",
        "dir": "it is not an ordinary file",
        "fifo": "it is not an ordinary file",
    }
    more = made.with_skipped([Skipped(source, "why")])
    assert more.skipped[-1] == Skipped(source, "why")


def test_a_photo_the_disk_cannot_read_is_skipped(tmp_path: Path) -> None:
    photos = {write(tmp_path / "photos" / name, b"a"): "Rose" for name in ("a.jpg", "b.jpg")}
    made = plan(photos, tmp_path / "sorted", Mode.COPY, files=failing("stat", 0, 5))
    assert (len(made.files), made.skipped[0].reason) == (1, "the disk reports a read or write error")


def test_the_same_bytes_are_filed_once(tmp_path: Path) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    write(destination / "Rose" / "other name.jpg", b"there")
    write(destination / "Rose" / "same size.jpg", b"THERE")
    (destination / "Rose" / "folder").mkdir()
    photos = {
        write(source / "a.jpg", b"there"): "Rose",
        write(source / "b.jpg", b"new"): "Rose",
        write(source / "c.jpg", b"new"): "Rose",
        write(source / "d.jpg", b"new"): "Tulip",
        write(source / "e.jpg", b"there"): "Rose",
    }
    made = plan(photos, destination, Mode.COPY, source)
    assert [(file.action, file.destination.relative_to(destination).as_posix()) for file in made.files] == [
        (Action.ALREADY_THERE, "Rose/other name.jpg"),
        (Action.COPY, "Rose/b.jpg"),
        (Action.DUPLICATE, "Rose/b.jpg"),
        (Action.COPY, "Tulip/d.jpg"),
        (Action.ALREADY_THERE, "Rose/other name.jpg"),
    ]


def test_a_photo_in_its_class_folder_is_already_there(tmp_path: Path) -> None:
    path = write(tmp_path / "sorted" / "Rose" / "a.jpg", b"a")
    made = plan({path: "Rose"}, tmp_path / "sorted", Mode.MOVE)
    assert (made.files[0].action, made.files[0].destination) == (Action.ALREADY_THERE, path)


def test_a_link_is_there_already_for_links_only(tmp_path: Path) -> None:
    path = write(tmp_path / "photos" / "a.jpg", b"a")
    there = tmp_path / "sorted" / "Rose" / "a.jpg"
    there.parent.mkdir(parents=True)
    there.symlink_to(path)
    assert plan({path: "Rose"}, tmp_path / "sorted", Mode.LINK).files[0].action == Action.ALREADY_THERE
    for mode in (Mode.COPY, Mode.MOVE):
        planned = plan({path: "Rose"}, tmp_path / "sorted", mode).files[0]
        assert (planned.action.value, planned.destination.name) == (mode.value, "a (2).jpg")


def test_a_photo_and_its_sidecars_share_a_free_stem(tmp_path: Path) -> None:
    source, rose = tmp_path / "photos", tmp_path / "sorted" / "Rose"
    write(rose / "img.JPG.XMP", b"somebody else's")
    photo = write(source / "IMG.jpg", b"a")
    for name in ("IMG.jpg.xmp", "IMG.AAE", "IMG.CR2", "IMG.mov"):
        write(source / name, name.encode())
    (source / "IMG.xmp").symlink_to(source / "IMG.AAE")
    planned = plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY).files[0]
    assert planned.destination == rose / "IMG (2).jpg"
    assert {target.name for _, target in planned.sidecars} == {
        "IMG (2).jpg.xmp",
        "IMG (2).AAE",
        "IMG (2).CR2",
        "IMG (2).mov",
    }


def test_a_class_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    (tmp_path / "sorted").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "sorted" / "Rose").symlink_to(tmp_path / "outside")
    assert plan({photo: "Rose"}, tmp_path / "sorted", Mode.COPY).counts_by_folder == {Path("Rose (2)"): 1}


def test_folders_of_earlier_runs_are_kept(tmp_path: Path, collection: CollectionStore) -> None:
    first = {write(tmp_path / "p" / "a.jpg", b"a"): "a/b", write(tmp_path / "p" / "b.jpg", b"b"): "a:b"}
    sort(collection, first, tmp_path / "sorted", Mode.COPY)
    known = collection.journal.class_folders(tmp_path / "sorted")
    assert known == {"a/b": "a_b", "a:b": "a_b (2)"}
    again = [filing(write(tmp_path / "p" / "c.jpg", b"c"), "a:b")]
    made = make_plan(again, tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=None, folders=known)
    assert made.counts_by_folder == {Path("a_b (2)"): 1}


def test_planning_can_be_cancelled(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    photo = filing(write(tmp_path / "photos" / "a.jpg", b"a"), "Rose")
    with pytest.raises(Cancelled):
        make_plan([photo], tmp_path / "sorted", Mode.COPY, cancel, source_root=None)
    assert make_plan([], tmp_path / "sorted", Mode.COPY, cancel, source_root=None).files == ()


def test_links_of_both_kinds_are_undone_alike() -> None:
    assert {mode: mode.undone_as for mode in Mode} == {
        Mode.COPY: Mode.COPY,
        Mode.MOVE: Mode.MOVE,
        Mode.LINK: Mode.LINK,
        Mode.SYMLINK: Mode.LINK,
    }


def test_a_pointer_does_not_follow_its_class_and_the_reason_says_what_to_do(
    tmp_path: Path, collection: CollectionStore
) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.SYMLINK)
    sort(collection, {photo: "Rose"}, tmp_path / "copies", Mode.COPY)
    filed = [(each, "Tulip") for each in filed_photos(collection.database, [filing(photo, "Rose").sha256])]
    pointers, copies = plan_refile(collection, filed, CancelToken())
    reason = "it is a pointer to the photo; to move it, undo its sort and sort again"
    assert (pointers.files, pointers.skipped) == ((), (Skipped(tmp_path / "sorted" / "Rose" / "a.jpg", reason),))
    assert [planned.destination for planned in copies.files] == [tmp_path / "copies" / "Tulip" / "a.jpg"]
    assert copies.skipped == ()


def test_a_photo_whose_sidecar_cannot_be_read_keeps_no_other_out(tmp_path: Path) -> None:
    class Broken(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            if path.suffix == ".xmp":
                raise OSError(errno.EIO, "not here")
            return super().stat(path)

    source = tmp_path / "photos"
    bad, good = write(source / "a.jpg", b"same"), write(source / "b.jpg", b"same")
    write(source / "a.xmp", b"edit")
    filings = [filing(path, "Rose") for path in (bad, bad, good)]
    made = make_plan(filings, tmp_path / "sorted", Mode.COPY, CancelToken(), source_root=source, files=Broken())
    assert made.skipped == [Skipped(bad, "the disk reports a read or write error")] * 2
    assert [(file.filing.source, file.action) for file in made.files] == [(good, Action.COPY)]


@pytest.mark.parametrize("there", [False, True])
def test_a_photo_is_not_planned_without_its_sidecars_where_its_folder_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    source = tmp_path / "photos"
    first, second = write(source / "a.jpg", b"first"), write(source / "b.jpg", b"second")
    for sidecar in ("a.xmp", "b.xmp"):
        write(source / sidecar, sidecar.encode())
    if there:
        write(tmp_path / "sorted" / "Rose" / "a.jpg", b"first")
    unlistable(monkeypatch, source, 1)
    made = plan({first: "Rose", second: "Rose"}, tmp_path / "sorted", Mode.MOVE, source)
    assert made.skipped == [Skipped(first, "its folder cannot be listed")]
    [planned] = made.files
    assert (planned.filing.source, [sidecar.name for sidecar, _ in planned.sidecars]) == (second, ["b.xmp"])
