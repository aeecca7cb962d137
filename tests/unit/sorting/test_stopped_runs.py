"""Whether a stopped sort can be continued, why not, and how much of it is left: everybody says the same."""

from __future__ import annotations

import errno
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.api.sort_answers import report_of_resume, sort_of
from flowersorter.domain.journal import Run, RunState
from flowersorter.errors import Cancelled, SortRefused
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.journal.journal_reads import JournalReader
from flowersorter.photos.xmp.keywords import entries_of
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Action, Filing, Mode, PlannedFile, SortPlan
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.packed_plan import packed_files, packed_skipped
from flowersorter.sorting.runs.resume import resume
from flowersorter.workflows.filing.resume import paused_sentence, resumable_runs, waiting_sentence
from tests.unit.sorting.failing_disks import Steps, die, failing, run_and_die
from tests.unit.sorting.file_trees import filing, go_on, names, plan, snapshot, sort, take_back, write

PHOTOS = 4


@pytest.fixture
def photos(source: Path) -> dict[Path, str]:
    return {write(source / f"{number}.jpg", b"photo %d" % number): "Rose" for number in range(PHOTOS)}


def stop(collection: CollectionStore, planned: SortPlan, done: int = 1) -> Run:
    """Sort, and press Cancel after so many photos."""
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == done and news.stage in {"Copying photos", "Moving photos"}:
            cancel.cancel()

    with pytest.raises(Cancelled):
        execute(planned, collection, press, cancel)
    return collection.journal.runs()[0]


def assert_agreed(collection: CollectionStore, run: Run) -> None:
    """Resume refuses exactly what nobody advises to resume."""
    advised = f"flowersorter resume {run.id}" in waiting_sentence(run)
    assert advised == run.can_be_resumed == sort_of(run).can_be_resumed == (run in resumable_runs(collection))
    if not advised:
        with pytest.raises(SortRefused) as refused:
            go_on(collection, run.id)
        assert run.refusal is not None
        assert (refused.value.why, refused.value.hint) == (run.refusal.why, run.refusal.hint)


def with_keywords(filings: list[Filing], destination: Path, source: Path, count: int) -> SortPlan:
    """A plan in which the first photos get keywords."""
    wanted = [replace(each, keywords=entries_of("Rose")) for each in filings[:count]] + filings[count:]
    return make_plan(wanted, destination, Mode.COPY, CancelToken(), source_root=source)


def test_a_stopped_sort_with_keywords_can_go_on_as_others_can(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, tmp_path: Path
) -> None:
    older = {write(tmp_path / "older" / f"{number}.jpg", b"older %d" % number): "Rose" for number in range(3)}
    stop(collection, plan(older, tmp_path / "sorted1", Mode.COPY, tmp_path / "older"))
    filings = [filing(path, "Rose") for path in photos]
    run = stop(collection, with_keywords(filings, destination, source, PHOTOS))
    assert (run.waiting, run.can_be_resumed) == (3, True)
    assert_agreed(collection, run)
    assert [each.id for each in resumable_runs(collection)] == [2, 1]


def test_photos_with_keywords_go_on_with_the_others(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    filings = [filing(path, "Rose") for path in photos]
    before = snapshot(source)
    run = stop(collection, with_keywords(filings, destination, source, 2))
    assert (run.waiting, run.can_be_resumed) == (3, True)
    result = go_on(collection, run.id)
    assert list(result.not_filed) == []
    assert (result.filed, result.keywords, result.failed, result.waiting) == (3, 1, 0, 0)
    assert names(destination) >= {"Rose/0.jpg.xmp", "Rose/1.jpg.xmp"}
    run = collection.journal.run(run.id)
    assert (run.state, run.failed, run.left) == (RunState.DONE, 0, 0)
    assert_agreed(collection, run)
    assert take_back(collection, run.id).refused == ()
    assert snapshot(source) == before
    assert not destination.exists()
    assert not collection.kept_sidecars.exists()


class NoRoom(FileSystem):
    """A disk that is nearly full."""

    def free_bytes(self, folder: Path) -> int:
        return 1000


def test_a_sort_that_pauses_before_its_first_photo_goes_on_also_after_another_pause(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    result = execute(plan(photos, destination, Mode.COPY, source), collection, silent, CancelToken(), NoRoom())
    assert (result.filed, result.waiting, result.failed, result.can_be_resumed) == (0, PHOTOS, 0, True)
    assert paused_sentence(result).startswith("Paused: ")
    assert not result.has_something_to_undo
    with pytest.raises(SortRefused):
        resume(collection, 1, silent, CancelToken(), NoRoom())
    assert_agreed(collection, collection.journal.run(1))


def test_a_sort_that_was_not_stored_whole_is_not_continued(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    stop(collection, plan(photos, destination, Mode.COPY, source), 0)
    with collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET volumes = NULL")  # as a crash leaves it between two blocks
    run = collection.journal.run(1)
    assert run.refusal is not None
    assert run.refusal.why == "it ended before its first photo"
    assert_agreed(collection, run)


def test_a_sort_whose_last_photo_paused_it_is_not_said_to_be_resumable(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    full = failing("write", PHOTOS - 1, errno.ENOSPC, times=99)
    result = sort(collection, photos, destination, Mode.COPY, source=source, files=full)
    assert (result.filed, result.failed, result.waiting) == (PHOTOS - 1, 1, 0)
    assert result.has_something_to_undo
    assert paused_sentence(result).endswith(
        "Sort 1 cannot be continued: all of its photos were tried. Sort the folder again."
    )
    assert_agreed(collection, collection.journal.run(1))


def test_sidecars_that_are_left_are_said_to_be_and_go_on(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    sort(collection, photos, destination, Mode.COPY, source=source)
    for path in photos:
        write(path.with_suffix(".xmp"), b"edits of " + path.name.encode())
    full = failing("write", 1, errno.ENOSPC, times=99)
    result = sort(collection, photos, destination, Mode.COPY, source=source, files=full)
    run = collection.journal.run(2)
    assert (run.waiting, run.waiting_beside) == (0, PHOTOS - 2)
    assert paused_sentence(result).endswith(
        "2 files beside the photos of sort 2 are left. To continue: flowersorter resume 2"
    )
    assert_agreed(collection, run)
    assert go_on(collection, 2).sidecars == PHOTOS - 1  # and the one that did not fit
    assert len(names(destination)) == 2 * PHOTOS
    assert_agreed(collection, collection.journal.run(2))


@pytest.mark.parametrize("mode", [Mode.COPY, Mode.MOVE])
def test_a_photo_that_recovery_took_back_was_not_undone_by_the_person(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    sidecar = write(source / "1.xmp", b"edits of 1")

    def work(steps: Steps) -> None:
        class Dying(FileSystem):
            def stat(self, path: Path) -> os.stat_result:
                if path == sidecar and (destination / "Rose" / "1.jpg").exists():
                    die()
                return super().stat(path)

        with CollectionStore.open(tmp_path / "collection") as opened:
            execute(plan(photos, destination, mode, source), opened, silent, CancelToken(), Dying())

    assert run_and_die(work, -1, after=False)
    sidecar.unlink()
    with CollectionStore.open(tmp_path / "collection") as collection:
        [run] = recover(collection).waiting
        assert (run.undone, run.photos, run.waiting) == (0, 1, PHOTOS - 1)
        assert_agreed(collection, run)
        result = go_on(collection, run.id)
        assert (result.filed, result.failed) == (2, 1)
        assert take_back(collection, run.id).undone == PHOTOS - 1


def test_a_photo_whose_undo_was_interrupted_stays_undone(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    write(source / "1.xmp", b"edits of 1")

    def work(steps: Steps) -> None:
        class Dying(FileSystem):
            def unlink(self, path: Path) -> None:
                super().unlink(path)
                if path.name == "1.xmp":
                    die()

        with CollectionStore.open(tmp_path / "collection") as opened:
            sort(opened, photos, destination, Mode.COPY, source=source)
            take_back(opened, 1, Dying())

    assert run_and_die(work, -1, after=False)
    with CollectionStore.open(tmp_path / "collection") as collection:
        recover(collection)
        run = collection.journal.run(1)
        assert (run.left, run.state) == (0, RunState.PARTLY_UNDONE)
        assert_agreed(collection, run)


def test_a_sort_that_pauses_again_says_what_waits_then(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run = stop(collection, plan(photos, destination, Mode.COPY, source))
    result = go_on(collection, run.id, failing("write", 1, errno.ENOSPC, times=99))
    assert (result.filed, result.failed, result.waiting, result.can_be_resumed) == (1, 1, 1, True)
    assert [file.waits for file in result.files] == [False, False, True]
    assert [file.source.name for file in result.not_filed] == ["2.jpg"]
    assert list(result.noted) == []
    report = report_of_resume(result)
    assert ([path.name for path in report.failed], report.waiting, report.can_be_resumed) == (["2.jpg"], 1, True)
    run = collection.journal.run(run.id)
    assert run.waiting == 1
    assert_agreed(collection, run)
    assert go_on(collection, run.id).filed == 2


def _killed(tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path) -> Path:
    """A process that sorts is killed after two photos; return the folder of its collection."""

    def work(steps: Steps) -> None:
        def report(news: object) -> None:
            if isinstance(news, Progress) and news.done == 2:
                die()

        with CollectionStore.open(tmp_path / "collection") as opened:
            execute(plan(photos, destination, Mode.COPY, source), opened, report, CancelToken())

    assert run_and_die(work, -1, after=False)
    return tmp_path / "collection"


def test_a_killed_sort_is_recovered_before_it_goes_on(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    with CollectionStore.open(_killed(tmp_path, photos, source, destination)) as collection:
        run = collection.journal.run(1)
        assert (run.state, run.can_be_resumed) == (RunState.OPEN, False)
        assert go_on(collection, 1).filed == 2
    assert len(names(destination)) == PHOTOS


def test_two_killed_sorts_are_recovered_together_and_go_on_each(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    _killed(tmp_path, photos, source, destination)
    others = {write(tmp_path / "others" / path.name, b"other " + path.read_bytes()): "Lily" for path in photos}
    with CollectionStore.open(_killed(tmp_path, others, tmp_path / "others", destination)) as collection:
        waiting = recover(collection).waiting
        assert [(run.id, run.waiting) for run in waiting] == [(1, 2), (2, 2)]
        assert [go_on(collection, run.id).filed for run in waiting] == [2, 2]
    assert len(names(destination)) == 2 * PHOTOS


def test_a_killed_sort_whose_drive_is_missing_says_so(
    tmp_path: Path, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    folder = _killed(tmp_path, photos, source, destination)
    destination.rename(tmp_path / "unplugged")
    with CollectionStore.open(folder) as collection:
        with pytest.raises(SortRefused, match="it was interrupted and its drive is missing") as refused:
            go_on(collection, 1)
        assert refused.value.hint == "Plug the drive in"
        (tmp_path / "unplugged").rename(destination)
        assert go_on(collection, 1).filed == 2


def test_a_filed_photo_that_the_person_took_away_does_not_keep_the_rest_from_going_on(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    run = stop(collection, plan(photos, destination, Mode.COPY, source), 2)
    (destination / "Rose" / "1.jpg").unlink()
    assert go_on(collection, run.id).filed == 2


def _twins(photos: dict[Path, str], source: Path, destination: Path) -> SortPlan:
    """Move four photos, and put the second copy of each aside."""
    for number, path in enumerate(list(photos)):
        photos[write(source / "deep" / f"twin{number}.jpg", path.read_bytes())] = "Rose"
    filings = [filing(path, class_name) for path, class_name in photos.items()]
    return make_plan(
        filings,
        destination,
        Mode.MOVE,
        CancelToken(),
        source_root=source,
        move_duplicates=True,
        remove_emptied=True,
    )


@pytest.mark.parametrize("works", [1, 3, 5, 6])
def test_a_duplicate_that_is_moved_aside_waits_once(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, works: int
) -> None:
    planned = _twins(photos, source, destination)
    before = snapshot(source, destination)
    result = execute(planned, collection, silent, CancelToken(), failing("link_new", works, errno.ENOSPC, times=99))
    run = collection.journal.run(1)
    seen = result.filed + result.failed + result.duplicates + result.duplicates_moved
    assert seen + run.waiting + run.waiting_duplicates == len(photos)
    assert run.waiting == result.waiting
    assert run.waiting + run.waiting_duplicates == sum(file.waits for file in result.files)
    assert_agreed(collection, run)
    again = go_on(collection, 1)
    assert (again.failed, again.waiting, again.paused) == (0, 0, "")
    assert len(names(destination)) == 2 * PHOTOS
    assert take_back(collection, 1).refused == ()
    assert snapshot(source, destination) == before


def test_a_sort_that_went_on_ended_then_and_removes_the_folders_that_became_empty(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    planned = _twins(photos, source, destination)
    before = snapshot(source, destination)
    run = stop(collection, planned)
    with collection.database.transaction() as connection:
        connection.execute("UPDATE runs SET finished_at = '2020-01-01T00:00:00+00:00'")
    result = go_on(collection, run.id)
    assert result.folders_removed == 1
    assert not (source / "deep").exists()
    ended = collection.journal.run(run.id)
    assert ended.finished_at is not None
    assert ended.finished_at > "2020-01-02"
    assert take_back(collection, run.id).refused == ()
    assert snapshot(source, destination) == before


def test_folders_stay_when_a_sort_goes_on_that_was_not_to_remove_them(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path
) -> None:
    photos[write(source / "deep" / "5.jpg", b"photo 5")] = "Rose"
    run = stop(collection, plan(photos, destination, Mode.MOVE, source))
    assert go_on(collection, run.id).folders_removed == 0
    assert (source / "deep").is_dir()


def _long_plan(source: Path, destination: Path, count: int) -> SortPlan:
    source.mkdir()
    files = (
        PlannedFile(
            Filing(f"{source}/2019-07 Alpine flora/{number:07}.jpg", number.to_bytes(32, "big"), 5, 1, "Rose"),
            destination / "Rose" / f"{number:07}.jpg",
            Action.COPY,
        )
        for number in range(count)
    )
    return SortPlan(Mode.COPY, destination, packed_files(files), packed_skipped(), 0, 0, source)


def test_the_memory_at_a_pause_does_not_grow_with_the_photos_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untried = JournalReader.untried_photos

    def measured(self: JournalReader, run_id: int) -> object:
        tracemalloc.start()
        return untried(self, run_id)

    monkeypatch.setattr(JournalReader, "untried_photos", measured)
    few, many, peaks = 4_000, 16_000, list[int]()
    for count in (few, many):
        folder = tmp_path / str(count)
        (folder / "sorted").mkdir(parents=True)
        planned = _long_plan(folder / "photos", folder / "sorted", count)
        with CollectionStore.open(folder / "collection") as collection:
            try:
                result = execute(planned, collection, silent, CancelToken(), NoRoom())
                assert list(result.not_filed) == []
                peaks.append(tracemalloc.get_traced_memory()[1])
            finally:
                tracemalloc.stop()
        assert (result.waiting, result.failed, sum(file.waits for file in result.files)) == (count, 0, count)
        assert [file.waits for file in result.files[-2:]] == [True, True]
        assert result.files == list(result.files)
        number: object = count
        assert result.files != number
        assert (result.already_there, list(result.noted)) == (0, [])
    assert (peaks[1] - peaks[0]) / (many - few) < 60  # the number of each photo, while the array grows


@pytest.mark.parametrize("at", range(1, 9))
def test_each_photo_counts_once_where_its_folder_fails_once(
    collection: CollectionStore, photos: dict[Path, str], source: Path, destination: Path, at: int
) -> None:
    count = 0

    class Flickering(FileSystem):
        def stat(self, path: Path) -> os.stat_result:
            nonlocal count
            count += path == destination / "Rose" and path.exists()
            if count == at and path == destination / "Rose":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().stat(path)

    result = execute(plan(photos, destination, Mode.COPY, source), collection, silent, CancelToken(), Flickering())
    run = collection.journal.run(1)
    assert result.filed + result.failed + result.waiting == PHOTOS
    assert (run.photos, run.failed, run.waiting) == (result.filed, result.failed, result.waiting)


def test_a_duplicate_is_moved_aside_once_its_original_is_filed(
    collection: CollectionStore, source: Path, destination: Path
) -> None:
    photos = [write(source / folder / f"{number}.jpg", b"photo %d" % number) for folder in "ab" for number in range(3)]
    cancel = CancelToken()

    class Refusing(FileSystem):
        def link_new(self, existing: Path, new: Path) -> None:
            if new == destination / "Rose" / "0.jpg":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().link_new(existing, new)
            if new.parent.name == "Duplicates":
                cancel.cancel()

    filings = [filing(path, "Rose") for path in photos]
    planned = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source, move_duplicates=True)
    with pytest.raises(Cancelled):
        execute(planned, collection, silent, cancel, Refusing())
    assert collection.journal.run(1).failed == 2
    result = go_on(collection, 1)
    assert (result.filed, result.duplicates_moved, result.failed) == (1, 2, 0)
    assert names(source) == set()


class Vanishing(FileSystem):
    """A disk that is full after so many links, or whose destination is gone once a duplicate was moved aside."""

    def __init__(self, destination: Path, *, full_after: int | None = None, vanishes: bool = False) -> None:
        self._destination, self._left, self._vanishes, self._is_gone = destination, full_after, vanishes, False

    def link_new(self, existing: Path, new: Path) -> None:
        """Link a file."""
        if self._left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._left = self._left and self._left - 1
        super().link_new(existing, new)
        self._is_gone |= self._vanishes and new.parent.name == "Duplicates"

    def stat_through(self, path: Path) -> os.stat_result:
        """Look at a file, or at another drive where it was."""
        fields = list(super().stat_through(path)[:10])
        if self._is_gone and path in (self._destination, *self._destination.rglob("*")):
            fields[2] = -1  # its device
        return os.stat_result(fields)


def test_a_duplicate_that_is_not_moved_aside_counts_once(
    collection: CollectionStore, source: Path, destination: Path
) -> None:
    photos = [write(source / folder / f"{number}.jpg", b"photo %d" % number) for folder in "ab" for number in range(4)]
    filings = [filing(path, "Rose") for path in photos]
    planned = make_plan(filings, destination, Mode.MOVE, CancelToken(), source_root=source, move_duplicates=True)
    execute(planned, collection, silent, CancelToken(), Vanishing(destination, full_after=1))
    result = go_on(collection, 1, Vanishing(destination, vanishes=True))
    assert result.paused
    sources = [outcome.source for outcome in result.files]
    assert len(sources) == len(set(sources))
    assert result.duplicates_moved == 1
