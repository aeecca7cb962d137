"""A sort goes on only with the drives that it began with, and pauses while one is away."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.journal import EntryState
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting import sidecar_groups
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from tests.unit.sorting.file_trees import filing, go_on, plan, snapshot, sort, take_back, write


@pytest.fixture
def photos(source: Path) -> list[Path]:
    return [write(source / f"{number}.jpg", b"photo %d" % number) for number in range(4)]


def stop(collection: CollectionStore, planned: SortPlan) -> int:
    """Sort, and press Cancel after the first photo; return the run."""
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(planned, collection, press, cancel)
    return collection.journal.runs()[0].id


def roses(photos: list[Path]) -> dict[Path, str]:
    return dict.fromkeys(photos, "Rose")


def reasons(result: RunResult) -> dict[str, str | None]:
    return {file.source.name: file.error for file in result.files}


class Plug:
    """A drive at a path that can be pulled; an empty folder is left there."""

    def __init__(self, place: Path, drive: Path) -> None:
        self.place, self._drive = place, drive
        self.put()

    def put(self) -> None:
        self.place.symlink_to(self._drive)

    def pull(self) -> None:
        self.place.unlink()
        self.place.mkdir()


@pytest.mark.parametrize("other", ["nothing", "an empty folder", "another drive"])
def test_it_goes_on_only_on_the_drive_of_its_destination(
    tmp_path: Path, collection: CollectionStore, photos: list[Path], source: Path, elsewhere: Path, other: str
) -> None:
    drive = Plug(tmp_path / "usb", elsewhere)
    destination = tmp_path / "usb" / "Sorted"
    destination.mkdir()
    planned = plan(roses(photos), destination, Mode.MOVE, source)
    write(photos[0], b"edited since")

    def pull(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and drive.place.is_symlink():
            drive.pull()

    paused = execute(planned, collection, pull, CancelToken())
    assert (paused.filed, paused.waiting) == (0, 3)
    if other != "nothing":
        destination.mkdir()
    if other == "another drive":
        write(destination / "of another.txt", b"of another")
    before = snapshot(source, destination)
    with pytest.raises(SortRefused, match="is on another drive than before"):
        go_on(collection, 1)
    assert snapshot(source, destination) == before
    shutil.rmtree(drive.place)
    drive.put()
    assert go_on(collection, 1).filed == 3


def test_a_destination_that_was_there_before_and_is_gone_is_not_made_again(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    destination.mkdir()
    planned = plan(roses(photos), destination, Mode.MOVE, source)
    write(photos[0], b"edited since")
    run_id = stop(collection, planned)
    shutil.rmtree(destination)
    with pytest.raises(SortRefused, match="its drive may be unplugged"):
        go_on(collection, run_id)


class Blind(FileSystem):
    """A disk that does not know its volumes."""

    def volume(self, folder: Path) -> Any:
        raise OSError(errno.EIO, "not here")


def test_a_drive_that_looks_alike_has_to_have_what_was_sorted(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.MOVE, source))
    shutil.move(destination, destination.with_name("away"))
    write(destination / "Rose" / "of another.jpg", b"of another")
    with pytest.raises(SortRefused, match=r"nothing that it sorted is in .*; its drive may be unplugged"):
        go_on(collection, run_id)
    shutil.rmtree(destination)
    shutil.move(destination.with_name("away"), destination)
    (destination / "Rose" / "0.jpg").rename(destination / "Rose" / "renamed.jpg")
    with pytest.raises(SortRefused, match="sort the folder again"):
        go_on(collection, run_id)


def test_without_a_known_drive_it_is_not_continued(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress):
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(plan(roses(photos), destination, Mode.COPY, source), collection, press, cancel, Blind())
    collection.journal.set_state(1, EntryState.FAILED)
    with pytest.raises(SortRefused, match="the drive that it sorted to is not known"):
        go_on(collection, 1)


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_source_that_is_away_pauses_the_sort(
    tmp_path: Path, collection: CollectionStore, photos: list[Path], source: Path, destination: Path, mode: Mode
) -> None:
    write(source / "2.xmp", b"edits")
    before = snapshot(source)

    def pull(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and source.exists():
            source.rename(tmp_path / "away")

    result = execute(plan(roses(photos), destination, mode, source), collection, pull, CancelToken())
    assert (result.filed, result.waiting) == (1, 3)
    assert result.paused == f"{source} is not there any more; its drive may be unplugged"
    assert [entry.state for entry in collection.journal.filings(1)] == ["done", *["cancelled"] * 4]
    with pytest.raises(SortRefused, match="its drive may be unplugged"):
        go_on(collection, 1)
    (tmp_path / "away").rename(source)
    assert go_on(collection, 1).filed == 3
    assert take_back(collection, 1).refused == ()
    assert snapshot(source) == before


def test_of_several_folders_one_that_was_deleted_holds_up_no_other(
    tmp_path: Path, collection: CollectionStore, destination: Path
) -> None:
    photos = [write(tmp_path / folder / "1.jpg", folder.encode()) for folder in ("here", "gone", "there")]

    def delete(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1:
            shutil.rmtree(tmp_path / "gone", ignore_errors=True)

    result = execute(plan(roses(photos), destination, Mode.COPY, None), collection, delete, CancelToken())
    assert (result.filed, result.failed, result.waiting, result.paused) == (2, 1, 0, "")


def test_a_source_on_another_drive_is_away_though_a_folder_is_there(
    tmp_path: Path, collection: CollectionStore, destination: Path, elsewhere: Path
) -> None:
    drive = Plug(tmp_path / "card", elsewhere)
    photos = [write(tmp_path / "card" / "deep" / f"{number}.jpg", b"photo %d" % number) for number in range(3)]

    def pull(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and drive.place.is_symlink():
            drive.pull()
            (drive.place / "deep").mkdir()

    result = execute(plan(roses(photos), destination, Mode.COPY, drive.place), collection, pull, CancelToken())
    assert (result.filed, result.waiting) == (1, 2)
    with pytest.raises(SortRefused, match="its drive may be unplugged"):
        go_on(collection, 1)
    shutil.rmtree(drive.place)
    drive.put()
    assert go_on(collection, 1).filed == 2


def test_a_folder_that_the_person_deleted_does_not_pause_the_sort(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    deep = write(source / "deep" / "5.jpg", b"photo 5")
    run_id = stop(collection, plan(roses([*photos[:1], deep, *photos[1:]]), destination, Mode.COPY, source))
    shutil.rmtree(source / "deep")
    result = go_on(collection, run_id)
    assert (result.filed, result.paused) == (3, "")
    assert reasons(result)["5.jpg"] == "it is not there any more"


@pytest.mark.parametrize("nth", range(6))
def test_a_source_that_cannot_be_looked_at_is_an_error_for_the_person(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path, nth: int
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.COPY, source))
    looked = 0

    class Broken(FileSystem):
        def _look(self, path: Path) -> None:
            nonlocal looked
            looked += path == source
            if looked > nth:
                raise OSError(errno.EIO, "not here")

        def stat(self, path: Path) -> os.stat_result:
            self._look(path)
            return super().stat(path)

        def stat_through(self, path: Path) -> os.stat_result:
            self._look(path)
            return super().stat_through(path)

    try:
        go_on(collection, run_id, Broken())
    except SortRefused:
        assert collection.journal.run(run_id).can_be_resumed
    assert collection.journal.open_runs() == []
    assert "planned" not in {entry.state for entry in collection.journal.filings(run_id)}


def test_duplicates_wait_while_the_source_is_away(
    tmp_path: Path, collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    twin, other = (write(source / "b" / f"twin of {number}.jpg", b"photo %d" % number) for number in (0, 3))
    filings = [filing(path, "Rose") for path in [*photos, twin, other]]
    planned = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source, move_duplicates=True)

    def pull(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1 and source.exists():
            source.rename(tmp_path / "away")

    result = execute(planned, collection, pull, CancelToken())
    assert [(file.source, file.error) for file in result.noted] == [(twin, result.paused)]
    (tmp_path / "away").rename(source)
    assert go_on(collection, 1).duplicates_moved == 2


def test_sidecars_of_photos_that_are_there_wait_for_the_drive(
    collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    sort(collection, roses(photos[:1]), destination, Mode.COPY, source=source)
    write(source / "0.xmp", b"edits")
    planned = plan(roses(photos), destination, Mode.COPY, source)
    assert planned.device is not None
    result = execute(dataclasses.replace(planned, device=planned.device + 1), collection, silent, CancelToken())
    assert [(file.source, file.error) for file in result.noted] == [(photos[0], f"0.xmp: {result.paused}")]
    assert (result.filed, result.waiting) == (0, 3)


def test_an_interrupted_sort_waits_for_its_drive(
    tmp_path: Path, collection: CollectionStore, photos: list[Path], source: Path, destination: Path
) -> None:
    run_id = stop(collection, plan(roses(photos), destination, Mode.MOVE, source))
    collection.journal.set_state(collection.journal.filings(run_id)[0].id, EntryState.STARTED)
    collection.journal.reopen_run(run_id)
    destination.rename(tmp_path / "away")
    with pytest.raises(SortRefused, match="it was interrupted and its drive is missing"):
        go_on(collection, run_id)
    (tmp_path / "away").rename(destination)
    assert go_on(collection, run_id).filed == 3


def test_a_run_that_wrote_keywords_is_refused(collection: CollectionStore, source: Path) -> None:
    run_id = collection.journal.begin_run("copy", source, source, [])
    collection.journal.end_run(run_id)
    with pytest.raises(SortRefused, match="it wrote keywords"):
        go_on(collection, run_id)


def test_two_interrupted_runs_are_recovered_each_by_itself(
    collection: CollectionStore,
    photos: list[Path],
    source: Path,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sidecar_groups, "_AT_ONCE", 1)
    for number in range(4):
        write(source / f"{number}.xmp", b"edits")
    for run_id, some in ((1, photos[:2]), (2, photos[2:])):
        sort(collection, roses(some), destination, Mode.COPY, source=source)
        collection.journal.reopen_run(run_id)
        collection.journal.set_state(collection.journal.filings(run_id)[0].id, EntryState.STARTED)
    assert recover(collection).finished == 2
    assert {entry.state for run_id in (1, 2) for entry in collection.journal.filings(run_id)} == {EntryState.DONE}
