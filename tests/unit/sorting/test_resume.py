"""A sort that was stopped, paused or interrupted goes on where it stopped."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flowersorter.domain.journal import EntryState, RunState
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Progress
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import RunBegun, execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.resume import resume
from tests.unit.sorting.failing_disks import Steps, die, failing, run_and_die
from tests.unit.sorting.file_trees import filing, go_on, names, plan, remember, snapshot, sort, take_back, write

PHOTOS = 5


@pytest.fixture
def photos(source: Path) -> dict[Path, str]:
    write(source / "3.xmp", b"edits of 3")
    return {write(source / f"{number}.jpg", b"photo %d" % number): "Rose" for number in range(PHOTOS)}


def stop_after(
    collection: CollectionStore, photos: dict[Path, str], destination: Path, mode: Mode, source: Path, done: int = 2
) -> int:
    """Sort, and press Cancel after so many photos; return the run."""
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == done:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(plan(photos, destination, mode, source), collection, press, cancel)
    return collection.journal.runs()[0].id


@pytest.mark.parametrize("mode", list(Mode))
def test_a_stopped_sort_goes_on_and_is_undone_as_one(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    remember(collection, source, list(photos))
    before = snapshot(source, destination)
    run_id = stop_after(collection, photos, destination, mode, source)
    run = collection.journal.run(run_id)
    assert (run.photos, run.waiting, run.can_be_resumed) == (2, 3, True)
    news: list[object] = []
    result = resume(collection, run_id, news.append, CancelToken())
    assert news[0] == RunBegun(run_id)
    assert (result.filed, result.failed, result.sidecars, result.paused) == (3, 0, 1, "")
    run = collection.journal.run(run_id)
    assert (run.state, run.photos, run.waiting, run.can_be_resumed) == (RunState.DONE, PHOTOS, 0, False)
    assert names(destination) == {f"Rose/{number}.jpg" for number in range(PHOTOS)} | {"Rose/3.xmp"}
    assert take_back(collection, run_id).undone == PHOTOS
    assert snapshot(source, destination) == before


def test_a_killed_sort_goes_on_in_the_next_process(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    folder = tmp_path / "collection"

    def work(steps: Steps) -> None:
        armed = False

        def report(news: object) -> None:
            nonlocal armed
            armed = armed or (isinstance(news, Progress) and news.done == 2)

        class Disk(FileSystem):
            def sync_folder(self, folder: Path) -> None:
                if armed:
                    die()
                super().sync_folder(folder)

        with CollectionStore.open(folder) as collection:
            execute(plan(photos, destination, Mode.MOVE, source), collection, report, CancelToken(), Disk())

    assert run_and_die(work, -1, after=False)
    with CollectionStore.open(folder) as collection:
        recovered = recover(collection)
        assert recovered.problems == ()
        [waiting] = recovered.waiting
        assert waiting.waiting + waiting.photos == PHOTOS
        assert go_on(collection, waiting.id).filed == waiting.waiting
        assert recover(collection).waiting == ()
    assert len(names(destination)) == PHOTOS + 1


def test_a_paused_sort_goes_on_once_there_is_room(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    result = sort(
        collection, photos, destination, Mode.COPY, source=source, files=failing("write", 2, errno.ENOSPC, times=99)
    )
    assert (result.filed, result.paused, result.waiting) == (2, "the disk is full", 2)
    assert result.run_id is not None
    again = go_on(collection, result.run_id)  # the photo that did not fit is tried again, too
    assert (again.filed, again.failed, again.waiting) == (3, 0, 0)
    assert take_back(collection, result.run_id).undone == PHOTOS


def test_it_can_be_stopped_again(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop_after(collection, photos, destination, Mode.COPY, source)
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        resume(collection, run_id, press, cancel)
    assert (collection.journal.run(run_id).photos, collection.journal.run(run_id).state) == (3, RunState.CANCELLED)
    assert go_on(collection, run_id).filed == 2


def test_what_changed_meanwhile_is_left_with_the_reason_and_nothing_is_replaced(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id = stop_after(collection, photos, destination, Mode.MOVE, source)
    write(source / "2.jpg", b"edited by the person")
    (source / "3.jpg").unlink()
    write(destination / "Rose" / "4.jpg", b"came from elsewhere")
    before = snapshot(source, destination)
    result = go_on(collection, run_id)
    assert [(file.source.name, file.destination, file.error) for file in result.files] == [
        ("2.jpg", None, "it has changed since it was read"),
        ("3.jpg", None, "it is not there any more"),
        ("4.jpg", None, "another file with that name has appeared"),
    ]
    assert snapshot(source, destination) == before
    assert collection.journal.run(run_id).state == RunState.DONE


def test_duplicates_and_those_that_are_moved_aside_are_settled_when_it_goes_on(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    photos[write(source / "deep" / "twin.jpg", b"photo 4")] = "Rose"
    filings = [filing(path, class_name) for path, class_name in photos.items()]
    planned = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source, move_duplicates=True)
    before = snapshot(source, destination)
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(planned, collection, press, cancel)
    result = go_on(collection, 1)
    assert (result.filed, result.duplicates_moved, result.failed) == (3, 1, 0)
    assert [file.action for file in result.files if file.moved_aside] == [Action.DUPLICATE]
    assert "Duplicates/twin.jpg" in names(destination)
    assert take_back(collection, 1).refused == ()
    assert snapshot(source, destination) == before


def _unplug(destination: Path) -> None:
    shutil.rmtree(destination)
    destination.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda collection, destination: _unplug(destination), "its drive may be unplugged"),
        (lambda collection, destination: take_back(collection, 1), "undone"),
        (lambda collection, destination: go_on(collection, 1), "all of its photos were tried"),
    ],
)
def test_one_that_cannot_go_on_says_why(
    collection: CollectionStore,
    photos: dict[Path, str],
    source: Path,
    destination: Path,
    spoil: Callable[[CollectionStore, Path], object],
    why: str,
) -> None:
    run_id = stop_after(collection, photos, destination, Mode.COPY, source)
    spoil(collection, destination)
    before = snapshot(source, destination)
    with pytest.raises(SortRefused, match=why):
        go_on(collection, run_id)
    with pytest.raises(SortRefused, match="there is no such sort"):
        go_on(collection, 99)
    assert snapshot(source, destination) == before
    assert collection.journal.open_runs() == []


def test_one_that_does_not_fit_is_refused_and_can_go_on_later(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    class Full(FileSystem):
        def free_bytes(self, folder: Path) -> int:
            return 10

    run_id = stop_after(collection, photos, destination, Mode.COPY, source)
    with pytest.raises(SortRefused, match="not enough space") as refused:
        go_on(collection, run_id, Full())
    assert refused.value.hint == "Free some space there, then continue the sort again"

    class Crowded(FileSystem):
        def free_files(self, folder: Path) -> int | None:
            return 1

    with pytest.raises(SortRefused, match="cannot hold so many") as refused:
        go_on(collection, run_id, Crowded())
    assert refused.value.hint == "Delete files there, then continue the sort again"
    assert collection.journal.run(run_id).can_be_resumed
    assert go_on(collection, run_id).filed == 3


def stuck(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> tuple[int, dict[str, str | None]]:
    """Sort until a photo has failed and another is sorted, and press Cancel; return the run and the reasons."""
    write(source / "0.xmp", b"edits of 0")

    class Refusing(FileSystem):
        def open_exclusive(self, path: Path) -> int:
            if not (destination / "Rose" / "0.jpg").exists() and path.parent == destination / "Rose":
                raise OSError(errno.EIO, "not the first")
            return super().open_exclusive(path)

    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(plan(photos, destination, Mode.COPY, source), collection, press, cancel, Refusing())
    run_id = collection.journal.runs()[0].id
    return run_id, failures(collection, run_id)


def failures(collection: CollectionStore, run_id: int) -> dict[str, str | None]:
    """The files that failed, with the reasons, as history lists them."""
    entries = collection.journal.filings(run_id)
    return {entry.source.name: entry.error for entry in entries if entry.state == EntryState.FAILED}


class Full(FileSystem):
    """A disk without room."""

    def free_bytes(self, folder: Path) -> int:
        """The free bytes of the disk."""
        return 10


class FillingUp(FileSystem):
    """A disk that has room when it is asked first."""

    asked = 0

    def free_bytes(self, folder: Path) -> int:
        """The free bytes of the disk."""
        self.asked += 1
        return super().free_bytes(folder) if self.asked == 1 else 10


def test_the_reasons_of_photos_that_failed_outlast_a_refusal_a_pause_and_a_stop(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run_id, reasons = stuck(collection, photos, source, destination)
    assert reasons.keys() >= {"0.jpg", "0.xmp", "1.jpg"}
    waiting = collection.journal.run(run_id).waiting
    with pytest.raises(SortRefused, match="not enough space"):
        go_on(collection, run_id, Full())
    assert failures(collection, run_id) == reasons
    paused = go_on(collection, run_id, FillingUp())
    assert paused.paused
    assert {file.source.name: file.error for file in paused.not_filed} == {
        name: why for name, why in reasons.items() if name.endswith(".jpg")
    }
    assert failures(collection, run_id) == reasons
    for stage in ("Planning", "Copying photos"):
        cancel = CancelToken()

        def press(news: object, stage: str = stage, cancel: CancelToken = cancel) -> None:
            if isinstance(news, Progress) and news.stage == stage:
                cancel.cancel()

        with pytest.raises(Cancelled):
            resume(collection, run_id, press, cancel)
        assert failures(collection, run_id) == reasons
        run = collection.journal.run(run_id)
        assert (run.failed, run.waiting, run.can_be_resumed) == (2, waiting, True)
    assert go_on(collection, run_id).filed == PHOTOS
    assert failures(collection, run_id) == {}


def test_the_reasons_of_photos_that_failed_outlast_a_kill(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    folder = tmp_path / "collection"
    with CollectionStore.open(folder) as collection:
        run_id, reasons = stuck(collection, photos, source, destination)

    def work(steps: Steps) -> None:
        with CollectionStore.open(folder) as collection:
            resume(collection, run_id, lambda news: die() if isinstance(news, Progress) else None, CancelToken())

    assert run_and_die(work, -1, after=False)
    with CollectionStore.open(folder) as collection:
        recover(collection)
        assert failures(collection, run_id) == reasons
