"""Photos with sidecars share the transactions of a batch, and stay together whatever fails within it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs import step_batches
from tests.unit.sorting.failing_disks import Steps
from tests.unit.sorting.file_trees import go_on, names, plan, snapshot, sort, take_back, write

PHOTOS = 20
ALL = {f"Rose/{number}{suffix}" for number in range(PHOTOS) for suffix in (".jpg", ".xmp")}


@pytest.fixture
def photos(source: Path) -> dict[Path, str]:
    for number in range(PHOTOS):
        write(source / f"{number}.xmp", b"edits of %d" % number)
    return {write(source / f"{number}.jpg", b"photo %d" % number): "Rose" for number in range(PHOTOS)}


@pytest.mark.parametrize("mode", list(Mode))
def test_intents_and_outcomes_of_a_batch_are_few_transactions(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    before = snapshot(source, destination)
    steps = Steps()
    steps.watch_database(collection)
    result = sort(collection, photos, destination, mode, source=source)
    assert (result.filed, result.sidecars) == (PHOTOS, PHOTOS)
    assert names(destination) == ALL
    assert steps.taken.count("COMMIT") < PHOTOS
    steps.taken.clear()
    assert take_back(collection, result.run_id).undone == PHOTOS
    assert steps.taken.count("COMMIT") < PHOTOS
    assert snapshot(source, destination) == before


def test_a_batch_is_small_in_files_and_in_bytes_with_their_sidecars(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def most_open(**limits: int) -> int:
        for name, value in limits.items():
            monkeypatch.setattr(step_batches, name, value)
        most = 0

        def look(news: object) -> None:
            nonlocal most
            most = max(most, len(collection.journal.open_filings()))

        execute(plan(photos, destination, Mode.COPY, source), collection, look, CancelToken())
        take_back(collection, collection.journal.runs()[0].id)
        return most

    assert most_open(MOST_FILES=6) == 6
    assert most_open(MOST_FILES=1) == 2  # never less than a photo with its sidecars
    large = write(source / "7.xmp", b"x" * 1000)
    assert most_open(MOST_FILES=1000, MOST_BYTES=1000) == 2 * (PHOTOS - 8)
    large.unlink()

    class Unreadable(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            if path.suffix == ".xmp" and path.parent == source:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().stat(path)

    planned = plan(photos, destination, Mode.COPY, source)
    assert execute(planned, collection, silent, CancelToken(), Unreadable()).failed == PHOTOS - 1


class Refusing(FileSystem):
    """A disk that does not make, or not delete, a file of a certain name."""

    def __init__(self, name: str, *, code: int = errno.EIO, for_good: bool = False) -> None:
        self._name, self._code, self._for_good = name, code, for_good

    def rename_new(self, source: Path, target: Path) -> None:
        """Publish a file."""
        self._refuse(target)
        super().rename_new(source, target)

    def link_new(self, existing: Path, new: Path) -> None:
        """Publish a file."""
        self._refuse(new)
        super().link_new(existing, new)

    def unlink(self, path: Path) -> None:
        """Delete a file."""
        if self._for_good and path.name == "5.jpg":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        super().unlink(path)

    def _refuse(self, path: Path) -> None:
        if path.name == self._name and path.parent.name == "Rose":
            raise OSError(self._code, os.strerror(self._code))


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE, Mode.LINK])
def test_a_photo_whose_sidecar_fails_in_the_middle_of_a_batch_is_taken_back_alone(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    before = snapshot(source, destination)
    planned = plan(photos, destination, mode, source)
    result = execute(planned, collection, silent, CancelToken(), Refusing("5.xmp"))
    assert (result.filed, result.failed, result.waiting) == (PHOTOS - 1, 1, 0)
    assert names(destination) == ALL - {"Rose/5.jpg", "Rose/5.xmp"}
    states = {entry.source.name: entry.state for entry in collection.journal.filings(1)}
    assert {name for name, state in states.items() if state != EntryState.DONE} == {"5.jpg", "5.xmp"}
    assert states["5.jpg"] == states["5.xmp"] == EntryState.FAILED
    assert take_back(collection, 1).refused == ()
    assert snapshot(source, destination) == before


def test_a_photo_that_can_neither_go_on_nor_back_stays_open_and_its_sidecars_planned(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    write(source / "5.pp3", b"more edits")
    planned = plan(photos, destination, Mode.COPY, source)
    result = execute(planned, collection, silent, CancelToken(), Refusing("5.xmp", for_good=True))
    assert (result.filed, result.failed) == (PHOTOS - 1, 1)
    [photo] = collection.journal.open_filings()
    assert (photo.source.name, photo.state) == ("5.jpg", EntryState.UNDOING)
    recover(collection)
    assert collection.journal.run(1).state != RunState.OPEN
    assert names(destination) == ALL - {"Rose/5.jpg", "Rose/5.xmp"}
    assert take_back(collection, 1).refused == ()


class Stuck(FileSystem):
    """A disk that does not make one sidecar, and keeps its unfinished copy."""

    refused = False

    def rename_new(self, source: Path, target: Path) -> None:
        """Publish a file."""
        self.refused |= target.name == "5.pp3"
        if target.name == "5.pp3":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().rename_new(source, target)

    def unlink(self, path: Path) -> None:
        """Delete a file."""
        if self.refused and path.suffix == ".part":
            self.refused = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().unlink(path)


def test_the_sidecars_after_one_that_was_left_open_follow_it(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    theirs = {f"Rose/{write(source / name, name.encode()).name}" for name in ("5.pp3", "5.jpg.dop")}
    before = snapshot(source, destination)
    execute(plan(photos, destination, Mode.COPY, source), collection, silent, CancelToken(), Stuck())
    [left] = collection.journal.open_filings()
    assert (left.source.name, left.state) == ("5.pp3", EntryState.STARTED)
    assert "Rose/5.jpg" in names(destination)
    assert "Rose/5.jpg.dop" not in names(destination)
    recover(collection)
    assert names(destination) == ALL | theirs
    assert {entry.state for entry in collection.journal.filings(1)} == {EntryState.DONE}
    assert take_back(collection, 1).refused == ()
    assert snapshot(source, destination) == before


def test_a_full_disk_pauses_before_the_next_photo_and_the_rest_goes_on(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    planned = plan(photos, destination, Mode.COPY, source)
    result = execute(planned, collection, silent, CancelToken(), Refusing("5.xmp", code=errno.ENOSPC))
    assert result.paused == "5.xmp: the disk is full"
    run = collection.journal.run(1)
    assert (result.filed, run.failed) == (run.photos, 1)
    assert run.photos + run.failed + run.waiting == PHOTOS
    assert collection.journal.open_filings() == []
    assert len(names(destination)) == 2 * run.photos
    assert go_on(collection, 1).filed == PHOTOS - run.photos
    assert names(destination) == ALL


def test_a_sidecar_that_is_edited_while_its_batch_is_under_way_is_filed_with_the_edit(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    def edit(news: object) -> None:
        if isinstance(news, Progress) and news.done == 3:
            write(source / "19.xmp", b"edited just now")

    assert execute(plan(photos, destination, Mode.MOVE, source), collection, edit, CancelToken()).filed == PHOTOS
    assert (destination / "Rose" / "19.xmp").read_bytes() == b"edited just now"


def test_a_photo_that_cannot_be_undone_in_the_middle_of_a_batch_keeps_its_sidecar(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    sort(collection, photos, destination, Mode.COPY, source=source)
    undone = take_back(collection, 1, Refusing("", for_good=True))
    assert [refused.path.name for refused in undone.refused] == ["5.jpg"]
    assert undone.undone == PHOTOS - 1
    assert names(destination) == {"Rose/5.jpg", "Rose/5.xmp"}
    assert take_back(collection, 1).refused == ()
    assert not destination.exists()


@pytest.mark.parametrize("step", ["sort", "undo"])
def test_a_library_that_cannot_be_written_at_the_end_of_a_batch_leaves_all_to_recovery(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    act: Callable[[], object] = lambda: sort(collection, photos, destination, Mode.MOVE, source=source)  # noqa: E731
    if step == "undo":
        act()
        act = lambda: take_back(collection, 1)  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(step_batches.StepBatch, "settle", full)
        with pytest.raises((UserError, sqlite3.OperationalError)):
            act()
    assert recover(collection).problems == ()
    assert names(destination) == (ALL if step == "sort" else set())
    assert names(source) == (set() if step == "sort" else {Path(name).name for name in ALL})


def test_a_photo_whose_sidecar_alone_was_undone_is_taken_back_as_well(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    sort(collection, photos, destination, Mode.COPY, source=source)
    [sidecar] = [entry for entry in collection.journal.filings(1) if entry.source.name == "5.xmp"]
    collection.journal.reopen_run(1)
    sidecar.destination.unlink()
    collection.journal.set_state(sidecar.id, EntryState.UNDONE)
    assert recover(collection).rolled_back == 1
    assert names(destination) == ALL - {"Rose/5.jpg", "Rose/5.xmp"}
