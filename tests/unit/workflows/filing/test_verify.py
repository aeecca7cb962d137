"""Verify: each filed file is intact, rotted, edited, moved, gone or unreadable, and nothing on disk changes."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.cache import verified_files
from flowersorter.library.cache.verified_files import VERIFIED_NAME
from flowersorter.library.collection import CollectionStore
from flowersorter.library.database.connection import Database
from flowersorter.library.database.schema import Migrations
from flowersorter.library.journal.still_filed import StillFiled
from flowersorter.library.tables.filed_photos import filed_photos
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.refile import plan_refile
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.filing.verified_files import Finding, VerifiedFile
from flowersorter.workflows.filing.verify import VerifyRequest, VerifyResult, verify
from tests.unit.sorting.failing_disks import WatchedDisk
from tests.unit.sorting.file_trees import remember, snapshot, sort, take_back, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "sorted"


@pytest.fixture
def filed(collection: CollectionStore, source: Path, destination: Path) -> Path:
    """The destination of three photos, one of them with a sidecar."""
    photos = {write(source / f"{name}.jpg", name.encode() * 99): "Rose" for name in "abc"}
    write(source / "a.xmp", b"stars of a")
    remember(collection, source, list(photos))
    assert sort(collection, photos, destination, Mode.COPY, source=source).filed == 3
    return destination / "Rose"


def rot(path: Path) -> None:
    """Change a byte as a failing disk does: size and time stay."""
    found, content = path.stat(), path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def read_again(collection: CollectionStore, path: Path, *, same: bool) -> None:
    """The library reads a file that changed, as the same picture or as another."""
    found = path.stat()
    [place] = collection.photos.sync_folder(path.parent, [(path, found.st_size, found.st_mtime_ns)])
    read = ReadRecord(
        place_id=place.id,
        sha256=hashlib.sha256(path.read_bytes()).digest(),
        size_bytes=found.st_size,
        mtime_ns=found.st_mtime_ns,
        width_px=4,
        height_px=3,
        taken_at=None,
        camera=None,
    )
    collection.photos.record([read], [place.id] if same else [])


def one(result: VerifyResult) -> VerifiedFile:
    [found] = result.changed
    return found


def verified(engine: Engine, destination: Path | None = None) -> VerifyResult:
    """Verify, and make sure that nothing on disk changed."""
    folder = engine.collection.folder.parent
    before = {path: seen for path, seen in snapshot(folder).items() if engine.collection.folder not in path.parents}
    result = verify(engine, VerifyRequest(destination), silent, CancelToken())
    after = {path: seen for path, seen in snapshot(folder).items() if engine.collection.folder not in path.parents}
    assert after == before
    return result


def test_all_is_well_after_a_sort(engine: Engine, filed: Path) -> None:
    assert verified(engine) == VerifyResult(3, 1, 4, (), {})
    assert verified(engine, filed.parent).all_well
    assert verified(engine, filed).all_well


def test_nothing_was_sorted(engine: Engine, tmp_path: Path) -> None:
    assert verified(engine) == VerifyResult(0, 0, 0, (), {})
    with pytest.raises(UserError, match="No photos are sorted into"):
        verified(engine, tmp_path)


def test_other_bytes_at_the_same_time_have_rotted_and_the_original_is_named(
    engine: Engine, filed: Path, source: Path
) -> None:
    rot(filed / "a.jpg")
    found = one(verified(engine))
    assert (found.path, found.finding) == (filed / "a.jpg", Finding.ROTTED)
    assert (found.class_name, found.run_id, found.is_sidecar) == ("Rose", 1, False)
    assert found.intact_at == source / "a.jpg"
    rot(source / "a.jpg")
    result = verified(engine)
    assert one(result).intact_at is None
    assert not result.all_well
    assert (result.photos, result.sidecars, result.intact) == (3, 1, 3)


def test_a_sidecar_rots_too(engine: Engine, filed: Path) -> None:
    rot(filed / "a.xmp")
    found = one(verified(engine))
    assert (found.path, found.finding, found.is_sidecar) == (filed / "a.xmp", Finding.ROTTED, True)


def test_times_rounded_to_two_seconds_are_the_same_time(engine: Engine, filed: Path) -> None:
    """FAT stores no finer ones."""
    rot(filed / "b.jpg")
    second = (filed / "b.jpg").stat().st_mtime_ns // 2_000_000_000 * 2_000_000_000
    os.utime(filed / "b.jpg", ns=(second, second))
    assert one(verified(engine)).finding == Finding.ROTTED


@pytest.mark.parametrize(
    "edit",
    [lambda path: path.write_bytes(path.read_bytes() + b"."), lambda path: path.write_bytes(b"z" * 99)],
    ids=["other size", "same size"],
)
def test_a_file_that_was_written_to_is_edited(engine: Engine, filed: Path, edit: Callable[[Path], object]) -> None:
    edit(filed / "b.jpg")
    result = verified(engine)
    found = one(result)
    assert (found.path, found.finding, found.known_edit) == (filed / "b.jpg", Finding.EDITED, False)
    assert found.intact_at is None
    assert result.all_well


def test_an_edit_that_the_library_has_read_is_known(engine: Engine, filed: Path) -> None:
    (filed / "b.jpg").write_bytes(b"b with a rating")
    read_again(engine.collection, filed / "b.jpg", same=True)
    found = one(verified(engine))
    assert (found.finding, found.known_edit, found.now) == (Finding.EDITED, True, None)
    (filed / "b.jpg").rename(filed / "renamed.jpg")
    found = one(verified(engine))
    assert (found.finding, found.known_edit, found.now) == (Finding.EDITED, True, filed / "renamed.jpg")
    (filed / "renamed.jpg").unlink()
    assert one(verified(engine)).finding == Finding.GONE


@pytest.mark.parametrize("same", [True, False])
def test_an_edited_file_can_rot(engine: Engine, filed: Path, same: bool) -> None:
    (filed / "b.jpg").write_bytes(b"b with a rating")
    read_again(engine.collection, filed / "b.jpg", same=same)
    rot(filed / "b.jpg")
    assert one(verified(engine)).finding == Finding.ROTTED


def test_a_moved_or_renamed_file_is_found_by_its_bytes(engine: Engine, filed: Path) -> None:
    (filed / "2024").mkdir()
    (filed / "a.jpg").rename(filed / "2024" / "a.jpg")
    (filed / "b.jpg").rename(filed.parent / "renamed.jpg")
    result = verified(engine)
    assert [(found.finding, found.path, found.now) for found in result.changed] == [
        (Finding.MOVED, filed / "a.jpg", filed / "2024" / "a.jpg"),
        (Finding.MOVED, filed / "b.jpg", filed.parent / "renamed.jpg"),
    ]
    assert result.all_well


def test_files_that_changed_names_with_each_other_are_moved(engine: Engine, filed: Path) -> None:
    (filed / "a.jpg").rename(filed / "x")
    (filed / "b.jpg").rename(filed / "a.jpg")
    (filed / "x").rename(filed / "b.jpg")
    found = verified(engine).changed
    assert [(each.finding, each.now) for each in found] == [
        (Finding.MOVED, filed / "b.jpg"),
        (Finding.MOVED, filed / "a.jpg"),
    ]


def test_one_file_with_the_bytes_of_two_is_found_once(
    engine: Engine, collection: CollectionStore, source: Path, destination: Path
) -> None:
    photos = {write(source / f"{name}.jpg", name.encode() * 99): "Rose" for name in "ab"}
    for name in "ab":
        write(source / f"{name}.xmp", b"no stars")
    remember(collection, source, list(photos))
    sort(collection, photos, destination, Mode.COPY, source=source)
    folder = destination / "Rose"
    (folder / "b.xmp").unlink()
    assert one(verified(engine)).finding == Finding.GONE  # what has the same bytes is the sidecar of the other photo
    (folder / "2024").mkdir()
    (folder / "a.xmp").rename(folder / "2024" / "z.xmp")
    found = verified(engine).changed
    assert [(each.finding, each.path.name, each.now) for each in found] == [
        (Finding.GONE, "b.xmp", None),
        (Finding.MOVED, "a.xmp", folder / "2024" / "z.xmp"),
    ]
    write(folder / "2024" / "b.xmp", b"no stars")
    assert [each.now for each in verified(engine).changed] == [folder / "2024" / "b.xmp", folder / "2024" / "z.xmp"]


def test_a_deleted_file_is_gone(engine: Engine, filed: Path, source: Path) -> None:
    (filed / "a.jpg").unlink()
    (filed / "c.jpg").unlink()
    (source / "c.jpg").unlink()
    (filed / "c.jpg").mkdir()
    result = verified(engine)
    assert [(found.finding, found.path, found.intact_at) for found in result.changed] == [
        (Finding.GONE, filed / "a.jpg", source / "a.jpg"),
        (Finding.GONE, filed / "c.jpg", None),
    ]
    assert not result.all_well


def test_a_destination_that_is_away_is_not_reached_rather_than_gone(
    engine: Engine, collection: CollectionStore, filed: Path, source: Path, tmp_path: Path
) -> None:
    other = {write(source / "d.jpg", b"d" * 99): "Tulip"}
    remember(collection, source, list(other))
    sort(collection, other, tmp_path / "other", Mode.COPY, source=source)
    filed.parent.rename(tmp_path / "unplugged")
    result = verified(engine)
    assert result == VerifyResult(1, 0, 1, (), {filed.parent: 4})
    assert not result.all_well
    filed.parent.mkdir()  # as the empty place of an unplugged drive
    assert verified(engine).not_reached == {filed.parent: 4}


def test_what_was_undone_or_moved_on_is_not_looked_for(
    engine: Engine, collection: CollectionStore, filed: Path, source: Path
) -> None:
    [photo] = filed_photos(collection.database, [hashlib.sha256((filed / "a.jpg").read_bytes()).digest()])
    [plan] = plan_refile(collection, [(photo, "Tulip")], CancelToken())
    moved = execute(plan, collection, silent, CancelToken())
    assert (filed.parent / "Tulip" / "a.jpg").exists()
    assert verified(engine) == VerifyResult(3, 1, 4, (), {})
    take_back(collection, moved.run_id)
    assert verified(engine) == VerifyResult(3, 1, 4, (), {})
    take_back(collection, 1)
    assert verified(engine) == VerifyResult(0, 0, 0, (), {})


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_can_be_verified(
    engine: Engine, collection: CollectionStore, source: Path, destination: Path, mode: Mode
) -> None:
    photo = write(source / "a.jpg", b"a" * 99)
    remember(collection, source, [photo])
    sort(collection, {photo: "Rose"}, destination, mode, source=source)
    assert verified(engine) == VerifyResult(1, 0, 1, (), {})
    rot(destination / "Rose" / "a.jpg")
    found = one(verified(engine))
    assert found.finding == Finding.ROTTED
    assert found.intact_at == (photo if mode == Mode.COPY else None)


def test_a_pointer_without_its_original_cannot_be_read(
    engine: Engine, collection: CollectionStore, source: Path, destination: Path
) -> None:
    photo = write(source / "a.jpg", b"a" * 99)
    remember(collection, source, [photo])
    sort(collection, {photo: "Rose"}, destination, Mode.SYMLINK, source=source)
    photo.unlink()
    found = one(verified(engine))
    assert (found.finding, found.reason) == (Finding.UNREADABLE, "its original is not there any more")


def test_a_file_that_the_disk_does_not_give_is_unreadable_and_the_rest_goes_on(engine: Engine, filed: Path) -> None:
    def around(name: str, call: Callable[[], object]) -> object:
        if name == "hash":
            calls.append(name)
            if len(calls) == 1:
                raise OSError(errno.EIO, "Input/output error")
        return call()

    calls: list[str] = []
    result = verify(engine, VerifyRequest(), silent, CancelToken(), files=WatchedDisk(around))
    found = one(result)
    assert (found.finding, found.reason) == (Finding.UNREADABLE, "the disk reports a read or write error")
    assert found.intact_at is not None
    assert result.intact == 3
    assert not result.all_well


def test_the_worst_comes_first(engine: Engine, filed: Path) -> None:
    (filed / "a.jpg").rename(filed / "moved.jpg")
    (filed / "a.xmp").write_bytes(b"five stars")
    (filed / "b.jpg").unlink()
    rot(filed / "c.jpg")
    result = verified(engine)
    assert [found.finding for found in result.changed] == [
        Finding.ROTTED,
        Finding.GONE,
        Finding.EDITED,
        Finding.MOVED,
    ]
    assert result.counts()[Finding.ROTTED] == 1
    assert result.intact == 0


def test_it_reports_progress_and_can_be_cancelled(engine: Engine, filed: Path) -> None:
    (filed / "a.jpg").unlink()
    seen: list[object] = []
    verify(engine, VerifyRequest(), seen.append, CancelToken())
    assert seen[0] == Progress("Verifying", 0, 4)
    assert Progress("Verifying", 4, 4) in seen
    assert Progress("Looking for moved photos", 0, 1) in seen
    for stop_at in ("Verifying", "Looking for moved photos"):
        cancel = CancelToken()

        def report(news: object, stop_at: str = stop_at, cancel: CancelToken = cancel) -> None:
            if isinstance(news, Progress) and news.stage == stop_at:
                cancel.cancel()

        with pytest.raises(Cancelled):
            verify(engine, VerifyRequest(), report, cancel)


@pytest.mark.parametrize("moved", [False, True])
def test_it_can_be_cancelled_within_a_long_file(engine: Engine, filed: Path, moved: bool) -> None:
    """A film may take a minute to read."""

    class SlowDisk(FileSystem):
        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            if path.name == name:
                cancel.cancel()
            return super().hash(path, between)

    name = "a.jpg"
    if moved:
        name = "moved.jpg"
        (filed / "a.jpg").rename(filed / name)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        verify(engine, VerifyRequest(), silent, cancel, files=SlowDisk())


def interrupted_after(engine: Engine, photos: int, disk: FileSystem | None = None, **more: float) -> None:
    """Verify until so many files are read, then stop."""
    cancel = CancelToken()

    def stop(news: object) -> None:
        if isinstance(news, Progress) and news.done == photos:
            cancel.cancel()

    with pytest.raises(Cancelled):
        verify(engine, VerifyRequest(**more), stop, cancel, files=disk)  # type: ignore[arg-type]


def hashes_counted() -> tuple[list[str], FileSystem]:
    """A disk, and the calls of it."""
    calls: list[str] = []

    def around(name: str, call: Callable[[], object]) -> object:
        calls.append(name)
        return call()

    return calls, WatchedDisk(around)


def test_one_that_was_interrupted_goes_on_where_it_stopped(
    engine: Engine, collection: CollectionStore, filed: Path
) -> None:
    calls, disk = hashes_counted()
    interrupted_after(engine, 2, disk)
    # Days later, in another process: nothing but the folder of the collection remembers.
    collection.close()
    with CollectionStore.open(collection.folder) as other:
        result = verify(Engine(other), VerifyRequest(), silent, CancelToken(), files=disk)
        assert (result.intact, result.earlier, calls.count("hash")) == (4, 2, 4)
        # It came to its end: the next one reads every file again.
        assert verify(Engine(other), VerifyRequest(), silent, CancelToken(), files=disk).earlier == 0
    assert calls.count("hash") == 8


def test_a_file_that_changed_since_it_was_read_is_read_again(engine: Engine, filed: Path) -> None:
    interrupted_after(engine, 2)
    shutil.copyfile(filed / "b.jpg", filed / "a.jpg")
    assert one(verify(engine, VerifyRequest(), silent, CancelToken())).finding == Finding.EDITED


def test_one_that_was_interrupted_begins_anew_if_asked_to(engine: Engine, filed: Path) -> None:
    interrupted_after(engine, 2)
    rot(filed / "a.jpg")  # the size and the time say nothing
    assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == 2
    interrupted_after(engine, 2)
    assert one(verify(engine, VerifyRequest(again=True), silent, CancelToken())).finding == Finding.ROTTED


@pytest.mark.parametrize(("days", "finds"), [(29, []), (31, [Finding.ROTTED])])
def test_a_file_that_was_read_long_ago_is_read_again(
    engine: Engine, filed: Path, monkeypatch: pytest.MonkeyPatch, days: int, finds: list[Finding]
) -> None:
    begun_ns = time.time_ns()
    interrupted_after(engine, 2)
    rot(filed / "a.jpg")  # the size and the time say nothing
    monkeypatch.setattr(time, "time_ns", lambda: begun_ns + days * 86_400 * 10**9)
    result = verify(engine, VerifyRequest(), silent, CancelToken())
    assert [file.finding for file in result.changed] == finds
    assert result.earlier == (0 if finds else 2)
    since = result.earlier_since
    assert (since is None) == bool(finds)
    assert since is None or abs(datetime.fromisoformat(since).timestamp() - begun_ns / 1e9) < 60


def test_each_scope_is_remembered_by_itself(engine: Engine, filed: Path) -> None:
    interrupted_after(engine, 2)
    assert verify(engine, VerifyRequest(filed), silent, CancelToken()).earlier == 0
    assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == 4  # those read since it began


def test_an_entry_of_another_library_is_not_taken_for_one_that_was_read(
    engine: Engine, collection: CollectionStore, filed: Path
) -> None:
    interrupted_after(engine, 3)
    with collection.database.transaction() as connection:  # as after a backup was restored: other files, same numbers
        connection.execute("UPDATE filings SET sha256 = ? WHERE id = 1", (bytes(32),))
    assert verify(engine, VerifyRequest(), silent, CancelToken()).intact == 3


def test_a_memory_that_cannot_be_used_is_made_anew(engine: Engine, collection: CollectionStore, filed: Path) -> None:
    (collection.folder / VERIFIED_NAME).write_bytes(b"no database" * 100)
    interrupted_after(engine, 2)
    assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == 2


def test_it_reads_no_more_a_second_than_asked(engine: Engine, filed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    cancel = CancelToken()
    monkeypatch.setattr(cancel, "wait", waits.append)
    result = verify(engine, VerifyRequest(bytes_per_s=0.5), silent, cancel)
    assert result.intact == 4
    # 99 bytes of three photos and 10 of a sidecar at half a byte a second; hardly any time passes meanwhile.
    assert max(waits) == pytest.approx((3 * 99 + 10) * 2, rel=0.05)


def test_a_verification_that_waits_can_be_stopped(engine: Engine, filed: Path) -> None:
    cancel = CancelToken()

    class Disk(FileSystem):
        def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
            cancel.cancel()  # while it waits for its turn
            return super().hash(path, between)

    with pytest.raises(Cancelled):
        verify(engine, VerifyRequest(bytes_per_s=1e-9), silent, cancel, files=Disk())


@pytest.mark.parametrize("left", [True, False], ids=["destination stays", "destination goes"])
def test_an_undo_while_it_goes_on_is_no_loss(
    engine: Engine, collection: CollectionStore, filed: Path, *, left: bool
) -> None:
    if left:
        write(filed.parent / "notes.txt", b"of the person")

    def undo_meanwhile(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and collection.journal.run(1).undone == 0:
            take_back(collection, 1)

    result = verify(engine, VerifyRequest(), undo_meanwhile, CancelToken())
    assert (result.changed, result.not_reached, result.all_well) == ((), {}, True)
    assert result.photos + result.sidecars == result.intact == 1


def test_photos_that_a_sort_moves_on_while_it_goes_on_are_no_loss(
    engine: Engine, collection: CollectionStore, filed: Path, destination: Path
) -> None:
    def move_on(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and len(collection.journal.runs()) == 1:
            photos = {filed / f"{name}.jpg": "Lily" for name in "abc"}
            assert sort(collection, photos, destination.parent / "moved", Mode.MOVE, source=filed).filed == 3

    assert verify(engine, VerifyRequest(), move_on, CancelToken()).changed == ()


def test_blocks_that_are_read_after_an_undo_are_without_its_files(
    engine: Engine, collection: CollectionStore, filed: Path
) -> None:
    walk = StillFiled(collection.database).blocks(2)
    assert [each.position for each in next(walk)] == [0, 1]
    take_back(collection, 1)
    assert list(walk) == [[]]


def test_a_terminal_beside_the_window_remembers_and_the_window_goes_on_with_it(
    engine: Engine, collection: CollectionStore, filed: Path
) -> None:
    with CollectionStore.open(collection.folder, read_only=True) as beside:
        interrupted_after(Engine(beside), 2)
        assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == 2
        interrupted_after(engine, 3)
        assert verify(Engine(beside), VerifyRequest(), silent, CancelToken()).earlier == 3
        interrupted_after(Engine(beside), 3, remember=False)
        assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == 0


def test_a_memory_that_another_program_may_be_using_is_not_deleted(
    engine: Engine, collection: CollectionStore, filed: Path
) -> None:
    memory = collection.folder / VERIFIED_NAME
    memory.write_bytes(b"damaged" * 1000)
    with CollectionStore.open(collection.folder, read_only=True) as beside:
        assert verify(Engine(beside), VerifyRequest(), silent, CancelToken()).intact == 4
        assert memory.read_bytes() == b"damaged" * 1000
    assert verify(engine, VerifyRequest(), silent, CancelToken()).intact == 4
    assert memory.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize("times", [1, 9])
def test_two_programs_may_make_the_memory_at_once(
    engine: Engine, filed: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    left = times

    def late(file: Path, migrations: Migrations) -> Database:
        nonlocal left
        made = Database(file, migrations)
        left -= 1
        if left >= 0:  # the other one was first
            made.close()
            raise sqlite3.OperationalError("table passes already exists")
        return made

    monkeypatch.setattr(verified_files, "Database", late)
    interrupted_after(engine, 2)
    assert verify(engine, VerifyRequest(), silent, CancelToken()).earlier == (2 if times == 1 else 0)
