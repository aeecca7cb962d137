"""Photos with sidecars share the transactions of a batch, and stay together whatever fails within it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.errors import Cancelled, UserError
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.keywords.plan_in_place import plan_in_place
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs import step_batches
from tests.unit.photos.xmp_documents import LIGHTROOM
from tests.unit.sorting.failing_disks import Crash, CrashingSteps, Steps
from tests.unit.sorting.file_trees import filing, go_on, names, plan, snapshot, sort, take_back, write

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


@pytest.fixture
def late(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> Callable[[Mode], SortPlan]:
    """Plans to file the sidecars of photos that were sorted before these were written."""
    edits = {path: path.read_bytes() for path in source.glob("*.xmp")}
    for path in edits:
        path.unlink()
    sort(collection, photos, destination, Mode.COPY, source=source)
    for path, content in edits.items():
        write(path, content)
    return lambda mode: plan(photos, destination, mode, source)


@pytest.mark.parametrize("mode", list(Mode))
def test_sidecars_of_photos_that_are_there_share_the_transactions_of_a_batch(
    collection: CollectionStore, late: Callable[[Mode], SortPlan], source: Path, destination: Path, mode: Mode
) -> None:
    before = snapshot(source, destination)
    planned, steps = late(mode), Steps()
    steps.watch_database(collection)
    result = execute(planned, collection, silent, CancelToken())
    assert (result.filed, result.already_there, result.sidecars) == (0, PHOTOS, PHOTOS)
    assert names(destination) == ALL
    assert steps.taken.count("COMMIT") < PHOTOS
    assert take_back(collection, result.run_id).refused == ()
    assert snapshot(source, destination) == before


def test_a_sidecar_that_fails_beside_a_photo_that_is_there_keeps_no_other_of_its_batch(
    collection: CollectionStore, late: Callable[[Mode], SortPlan], destination: Path
) -> None:
    result = execute(late(Mode.COPY), collection, silent, CancelToken(), Refusing("5.xmp"))
    assert names(destination) == ALL - {"Rose/5.xmp"}
    assert {file.source.name: file.error for file in result.files if file.error} == {
        "5.jpg": "5.xmp: the disk reports a read or write error"
    }


def test_a_disk_without_room_pauses_before_the_sidecars_of_the_next_batch(
    collection: CollectionStore, late: Callable[[Mode], SortPlan], destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_batches, "MOST_FILES", 5)

    class Filling(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 1000 if len(names(destination)) >= PHOTOS + 5 and folder == destination else 10**12

    result = execute(late(Mode.COPY), collection, silent, CancelToken(), Filling())
    assert result.paused.startswith("the disk is full: only 0.0 MB are free")
    assert len(names(destination)) == PHOTOS + 5
    waiting = [file for file in result.files if file.error]
    assert len(waiting) == PHOTOS - 5
    assert {file.error for file in waiting} == {f"{file.source.stem}.xmp: {result.paused}" for file in waiting}
    assert go_on(collection, 2).sidecars == PHOTOS - 5
    assert names(destination) == ALL


def test_a_stop_among_the_sidecars_of_a_batch_leaves_the_rest_planned(
    collection: CollectionStore, late: Callable[[Mode], SortPlan], destination: Path
) -> None:
    cancel = CancelToken()

    class Stopping(FileSystem):
        def rename_new(self, source: Path, target: Path) -> None:
            super().rename_new(source, target)
            if target.name == "5.xmp":
                cancel.cancel()

    with pytest.raises(Cancelled):
        execute(late(Mode.COPY), collection, silent, cancel, Stopping())
    assert collection.journal.open_filings() == []
    there = names(destination)
    assert "Rose/5.xmp" in there
    assert there != ALL
    assert go_on(collection, 2).sidecars == len(ALL - there)
    assert names(destination) == ALL


@pytest.mark.parametrize("after", [False, True])
def test_killed_while_sidecars_get_keywords_where_they_are_none_is_taken_for_another(
    tmp_path: Path, source: Path, after: bool
) -> None:
    photos = [write(source / f"{number}.jpg", b"photo %d" % number) for number in range(2)]
    at, step, folder = 0, 23, tmp_path / "collection"  # some steps of many, others in each trial
    while True:
        for path in photos:
            write(path.with_suffix(".xmp"), LIGHTROOM.encode())
        steps = CrashingSteps(at + 10 * after, after=after)
        try:
            with CollectionStore.open(folder) as collection:
                filings = [replace(filing(path, "Rose"), keywords=entries_of("Rose")) for path in photos]
                planned = plan_in_place(collection, filings, source, CancelToken())
                steps.watch_database(collection)
                execute(planned, collection, silent, CancelToken(), steps.disk())
        except Crash:
            pass
        with CollectionStore.open(folder) as collection:
            assert recover(collection).problems == ()
            assert names(source) == {"0.jpg", "0.xmp", "1.jpg", "1.xmp"}
            for run in collection.journal.runs():
                assert {entry.error for entry in collection.journal.filings(run.id)} == {None}
        shutil.rmtree(folder)
        if not steps.dead:
            return
        at += step


def test_the_size_of_a_sidecar_is_asked_from_the_disk_once_before_its_batch(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    asked: Counter[str] = Counter()
    before_first: list[Counter[str]] = []

    class Counting(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            asked[path.name] += path.parent == source and path.suffix == ".xmp"
            return super().stat(path)

        def free_bytes(self, folder: Path) -> int:
            before_first.append(+asked)
            return super().free_bytes(folder)

    planned = plan(photos, destination, Mode.COPY, source)
    assert execute(planned, collection, silent, CancelToken(), Counting()).sidecars == PHOTOS
    assert before_first[0] == {f"{number}.xmp": 1 for number in range(PHOTOS)}
