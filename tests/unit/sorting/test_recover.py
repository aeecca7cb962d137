"""Recovery: what it does with a drive that is missing, with what the person did meanwhile, and with other disks."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from flowersorter.domain.journal import Entry, EntryState, NewEntry, RunState
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import RecoveryResult, recover
from tests.unit.sorting.failing_disks import failing
from tests.unit.sorting.file_trees import MTIME_NS, names, sort, take_back, write


class Interrupted:
    """One filing that a crash left open: the journal says started, the disk says what the test puts there."""

    def __init__(self, tmp_path: Path, collection: CollectionStore, mode: Mode) -> None:
        self.collection = collection
        self.source = tmp_path / "photos" / "a.jpg"
        self.target = tmp_path / "sorted" / "Rose" / "a.jpg"
        self.temporary = self.target.parent / ".flowersorter-1.part"
        write(self.source.parent / "neighbour.jpg", b"neighbour")
        write(self.target.parent / "neighbour.jpg", b"neighbour")
        sha256 = hashlib.sha256(b"photo").digest()
        new = NewEntry("Rose", mode.value, self.source, self.target, 5, sha256, MTIME_NS)
        self.run_id = collection.journal.begin_run(mode, self.source.parent, self.target.parent.parent, [new])
        collection.journal.start(self.entry, self.temporary, sha256, 5, MTIME_NS)

    @property
    def entry(self) -> Entry:
        return self.collection.journal.filings(self.run_id)[0]

    @property
    def state(self) -> str:
        return self.entry.state

    def start_undo(self) -> None:
        self.collection.journal.set_state(self.entry.id, EntryState.DONE)
        self.collection.journal.end_run(self.run_id)
        self.collection.journal.start_undo(self.entry, self.source.parent / ".flowersorter-2.part")

    def recover(self) -> RecoveryResult:
        result = recover(self.collection)
        assert recover(self.collection).problems == (result.problems if self.state in {"started", "undoing"} else ())
        return result


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_complete_copy_whose_original_is_gone_is_published(
    tmp_path: Path, collection: CollectionStore, mode: Mode
) -> None:
    crash = Interrupted(tmp_path, collection, mode)
    write(crash.temporary, b"photo")
    assert crash.recover().problems == ()
    assert crash.state == EntryState.DONE
    assert names(crash.target.parent) == {"a.jpg", "neighbour.jpg"}
    assert crash.target.read_bytes() == b"photo"
    assert crash.target.stat().st_mtime_ns == MTIME_NS


def test_a_complete_copy_is_not_published_over_another_file(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.COPY)
    write(crash.temporary, b"photo")
    write(crash.target, b"theirs")
    assert ".flowersorter-1.part" in crash.recover().problems[0]
    assert crash.state == EntryState.FAILED
    assert (crash.target.read_bytes(), crash.temporary.read_bytes()) == (b"theirs", b"photo")


def test_a_part_of_a_copy_stays_if_its_original_was_changed(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.COPY)
    write(crash.temporary, b"pho")
    write(crash.source, b"edited since")
    assert ".flowersorter-1.part" in crash.recover().problems[0]
    assert crash.temporary.exists()
    assert crash.state == EntryState.FAILED


def test_a_part_of_a_copy_stays_if_its_original_is_gone(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.COPY)
    write(crash.temporary, b"pho")
    assert ".flowersorter-1.part" in crash.recover().problems[0]
    assert crash.temporary.exists()
    assert crash.state == EntryState.FAILED


def test_a_photo_that_is_nowhere_is_reported_once(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    assert crash.recover().problems == (f"{crash.source}: it is not there any more",)
    assert (crash.state, collection.journal.run(crash.run_id).state) == (EntryState.FAILED, RunState.DONE)


def test_an_empty_folder_may_be_where_a_drive_was(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    (crash.source.parent / "neighbour.jpg").unlink()
    assert "unplugged" in crash.recover().problems[0]
    assert crash.state == EntryState.STARTED
    write(crash.source, b"photo")
    assert crash.recover().problems == ()
    assert crash.state == EntryState.CANCELLED


@pytest.mark.parametrize("missing", ["photos", "sorted"])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_missing_drive_leaves_all_open(tmp_path: Path, collection: CollectionStore, mode: Mode, missing: str) -> None:
    crash = Interrupted(tmp_path, collection, mode)
    write(crash.source, b"photo")
    (tmp_path / missing).rename(tmp_path / "unplugged")
    assert "unplugged" in crash.recover().problems[0]
    assert crash.state == EntryState.STARTED
    assert collection.journal.run(crash.run_id).state == RunState.OPEN
    (tmp_path / "unplugged").rename(tmp_path / missing)
    # Of a copy or a link, only what was made of it is gone: its original stayed where it is.
    assert crash.recover() == RecoveryResult(0, 1, copies_removed=int(mode != Mode.MOVE))
    assert collection.journal.run(crash.run_id).state == RunState.CANCELLED


def test_a_folder_the_person_removed_is_no_missing_drive(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.source, b"photo")
    write(crash.target.parent.parent / "Tulip" / "b.jpg", b"b")
    (crash.target.parent / "neighbour.jpg").unlink()
    crash.target.parent.rmdir()
    assert crash.recover() == RecoveryResult(0, 1, ())


def test_a_disk_that_cannot_be_read_leaves_all_open(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.source, b"photo")
    for name in ("hash", "stat", "stat_through", "sync_folder"):
        assert "read or write error" in recover(collection, failing(name, 0, errno.EIO)).problems[0]
    assert crash.state == EntryState.STARTED
    assert crash.recover() == RecoveryResult(0, 1, ())


def test_both_are_kept_if_the_original_was_changed_after_it_was_moved(
    tmp_path: Path, collection: CollectionStore
) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.target, b"photo")
    write(crash.source, b"edited")
    assert "kept too" in crash.recover().problems[0]
    assert crash.state == EntryState.DONE
    assert crash.source.read_bytes() == b"edited"
    assert take_back(collection, crash.run_id).refused[0].reason == "another file has its original name"


def test_an_original_that_cannot_be_removed_is_kept(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.target, b"photo")
    write(crash.source, b"photo")
    result = recover(collection, failing("unlink", 0, errno.EROFS))
    assert "could not be removed: the disk is read-only" in result.problems[0]
    assert crash.state == EntryState.DONE


def test_one_name_under_two_paths_is_never_removed(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.target, b"photo")
    (crash.source.parent / "neighbour.jpg").unlink()
    crash.source.parent.rmdir()
    crash.source.parent.symlink_to(crash.target.parent)
    assert "same file" in crash.recover().problems[0]
    assert crash.target.read_bytes() == b"photo"


def test_a_symbolic_link_to_the_original_is_no_copy_of_it(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.source, b"photo")
    crash.target.symlink_to(crash.source)
    assert crash.recover() == RecoveryResult(0, 1, ())
    assert crash.source.read_bytes() == b"photo"


def test_a_moved_photo_that_was_edited_since_counts_as_moved(tmp_path: Path, collection: CollectionStore) -> None:
    crash = Interrupted(tmp_path, collection, Mode.MOVE)
    write(crash.target, b"edited")
    assert "changed since it was sorted" in crash.recover().problems[0]
    assert crash.state == EntryState.DONE


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.LINK])
@pytest.mark.parametrize("there", [True, False])
def test_an_interrupted_undo_is_read_from_the_disk(
    tmp_path: Path, collection: CollectionStore, mode: Mode, there: bool
) -> None:
    crash = Interrupted(tmp_path, collection, mode)
    write(crash.source, b"photo")
    if there:
        write(crash.target, b"photo")
    crash.start_undo()
    assert crash.recover() == RecoveryResult(int(not there), int(there), ())
    assert crash.state == (EntryState.DONE if there else EntryState.UNDONE)


def test_recovery_keeps_a_photo_and_its_sidecar_together(tmp_path: Path, collection: CollectionStore) -> None:
    """The photo is filed, the sidecar has vanished meanwhile: the photo comes back."""
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photo = write(source / "a.jpg", b"photo")
    write(source / "other.jpg", b"other")
    write(destination / "Rose" / "a.jpg", b"photo")
    photo.unlink()
    new = [
        NewEntry("Rose", "move", photo, destination / "Rose" / "a.jpg", 5, hashlib.sha256(b"photo").digest(), 0),
        NewEntry("Rose", "move", source / "a.xmp", destination / "Rose" / "a.xmp", 0, None, 0, lead=0),
    ]
    run_id = collection.journal.begin_run("move", source, destination, new)
    collection.journal.set_state(collection.journal.filings(run_id)[0].id, EntryState.DONE)
    result = recover(collection)
    assert result.rolled_back == 1
    assert "not there any more" in result.problems[0]
    assert names(source) == {"a.jpg", "other.jpg"}


def test_empty_folders_of_undone_runs_are_removed_later(tmp_path: Path, collection: CollectionStore) -> None:
    photo = write(tmp_path / "photos" / "a.jpg", b"a")
    result = sort(collection, {photo: "Rose"}, tmp_path / "sorted", Mode.COPY)
    take_back(collection, result.run_id, failing("rmdir", 0, errno.EBUSY, times=9))
    assert (tmp_path / "sorted" / "Rose").exists()
    recover(collection)
    assert not (tmp_path / "sorted").exists()


def test_nothing_open_is_nothing_done(collection: CollectionStore) -> None:
    assert recover(collection) == RecoveryResult()
