"""A photo that could not be filed and its duplicate, which is filed in its place: only one of the two ever has it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowersorter.domain.journal import EntryState
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.failures import NotDoneError
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.journaled_steps import StepContext, begin_filing, file
from flowersorter.sorting.plan import Action, Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.runs.resume import resume
from tests.unit.sorting.failing_disks import Steps, WatchedDisk, die, run_and_die
from tests.unit.sorting.file_trees import names, plan, snapshot, take_back, write


@pytest.fixture
def twins(source: Path) -> dict[Path, str]:
    return {write(source / "a" / "p.jpg", b"same"): "Rose", write(source / "b" / "q.jpg", b"same"): "Rose"}


class Damaged(FileSystem):
    """A disk that cannot read the photo itself, and ends the process when its duplicate is read."""

    def __init__(self, dies: bool) -> None:
        self._dies = dies

    def _refuse(self, path: Path) -> None:
        if path.parent.name == "a":
            raise OSError(errno.EIO, "damaged")
        if path.parent.name == "b" and self._dies:
            die()

    def hash(self, path: Path, between: Callable[[], object] = lambda: None) -> bytes:
        self._refuse(path)
        return super().hash(path, between)

    def copy(self, source: Path, descriptor: int) -> bytes:
        self._refuse(source)
        return super().copy(source, descriptor)


def done(collection: CollectionStore) -> list[Path]:
    return [entry.source for entry in collection.journal.filings(1) if entry.state == EntryState.DONE]


@pytest.mark.parametrize("mode", [Mode.MOVE, Mode.COPY, Mode.LINK])
@pytest.mark.parametrize("dies", [True, False])
def test_a_duplicate_that_stood_in_is_a_duplicate_again_when_the_sort_goes_on(
    tmp_path: Path, twins: dict[Path, str], source: Path, destination: Path, mode: Mode, dies: bool
) -> None:
    before, folder = snapshot(source), tmp_path / "collection"

    def first(steps: Steps) -> None:
        with CollectionStore.open(folder) as collection:
            execute(plan(twins, destination, mode, source), collection, silent, CancelToken(), Damaged(dies=True))

    def second(steps: Steps) -> None:
        with CollectionStore.open(folder) as collection:
            resume(collection, 1, silent, CancelToken(), Spoilt() if dies else None)

    class Spoilt(FileSystem):
        """The process ends when the photo has its new place."""

        def sync_folder(self, folder: Path) -> None:
            super().sync_folder(folder)
            if (destination / "Rose" / "p.jpg").exists():
                die()

    assert run_and_die(first, -1, after=False)
    with CollectionStore.open(folder) as collection:
        recover(collection)
    assert run_and_die(second, -1, after=False) == dies
    with CollectionStore.open(folder) as collection:
        recover(collection)
        assert done(collection) == [source / "a" / "p.jpg"]
        assert collection.journal.filings(1)[1].action == Action.DUPLICATE
        assert names(destination) == {"Rose/p.jpg"}
        assert (source / "b" / "q.jpg").exists()
        assert take_back(collection, 1).refused == ()
    assert snapshot(source) == before


@pytest.mark.parametrize("mode", [Mode.MOVE, Mode.COPY, Mode.LINK])
def test_of_two_files_for_one_place_only_the_first_is_begun(
    collection: CollectionStore, twins: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    """As an earlier version left them: both are planned, and neither is a duplicate."""

    def stop(news: object) -> None:
        if isinstance(news, Progress):
            raise Cancelled

    with pytest.raises(Cancelled):
        execute(plan(twins, destination, mode, source), collection, stop, CancelToken())
    (destination / "Rose").mkdir(parents=True)
    collection.journal.set_states([1, 2], EntryState.PLANNED)
    collection.journal.change_action(2, mode)
    context = StepContext(collection, FileSystem())
    first, second = collection.journal.filings(1)
    with context.settled():
        begin_filing(context, [first, second])
        states = [entry.state for entry in collection.journal.filings(1)]
        assert states == [EntryState.STARTED, EntryState.PLANNED]
        file(context, first)
        with pytest.raises(NotDoneError, match="another file with that name has appeared"):
            file(context, second)
    assert collection.journal.filings(1)[1].temporary is None
    assert done(collection) == [source / "a" / "p.jpg"]


@pytest.mark.parametrize("mode", [Mode.MOVE, Mode.COPY, Mode.LINK])
def test_recovery_does_not_take_the_file_of_another_step_for_that_of_this_one(
    collection: CollectionStore, twins: dict[Path, str], source: Path, destination: Path, mode: Mode
) -> None:
    """Both were begun, as an earlier version did, and the first is filed."""
    before = snapshot(source)
    execute(plan(twins, destination, mode, source), collection, silent, CancelToken())
    second = collection.journal.filings(1)[1]
    temporary = write(destination / "Rose" / ".flowersorter-1.part", b"sam")
    assert second.sha256 is not None
    collection.journal.change_action(second.id, mode)
    collection.journal.start(second, temporary, second.sha256, second.size_bytes, second.mtime_ns)
    assert recover(collection).rolled_back == 1
    assert done(collection) == [source / "a" / "p.jpg"]
    assert names(destination) == {"Rose/p.jpg"}
    assert take_back(collection, 1).refused == ()
    assert snapshot(source) == before


def test_a_duplicate_waits_for_a_photo_that_is_left_open(
    collection: CollectionStore, twins: dict[Path, str], source: Path, destination: Path
) -> None:
    """Its copy can neither be made certain nor taken back."""
    photo = destination / "Rose" / "p.jpg"
    broken = True

    def around(name: str, call: Callable[[], Any]) -> Any:
        if broken and name in {"sync_folder", "unlink"} and photo.exists():
            raise OSError(errno.EIO, "not here")
        return call()

    result = execute(
        plan(twins, destination, Mode.COPY, source), collection, silent, CancelToken(), WatchedDisk(around)
    )
    assert collection.journal.filings(1)[0].state == EntryState.STARTED
    assert [file.error for file in result.files][1] == (
        "the photo with the same bytes, in another folder, is not finished yet"
    )
    assert collection.journal.filings(1)[1].state == EntryState.FAILED
    broken = False
    recover(collection)
    assert done(collection) == [source / "a" / "p.jpg"]
    assert take_back(collection, 1).refused == ()
