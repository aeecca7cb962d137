"""Killed between a photo and its sidecar, and then on a disk that refuses: the two come together, or stay open."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from flowersorter.domain.journal import RunState
from flowersorter.errors import SortRefused
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.failing_disks import Steps, die, run_and_die
from tests.unit.sorting.file_trees import go_on, names, plan, snapshot, take_back, write


class NoAttributes(FileSystem):
    """A disk that refuses every extended attribute, as one does that has no room for them."""

    def copy_attributes(self, source: Path, target: Path, found: os.stat_result) -> None:
        """Refuse them."""
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))


@pytest.fixture
def killed(tmp_path: Path, source: Path, elsewhere: Path) -> Path:
    """The collection of a move to another drive that was killed between the second photo and its sidecar."""
    photos = {write(source / f"{number}.jpg", b"photo %d" % number): "Rose" for number in range(3)}
    write(source / "1.xmp", b"edits of 1")
    folder = tmp_path / "collection"

    def work(steps: Steps) -> None:
        class Dying(FileSystem):
            def unlink(self, path: Path) -> None:
                super().unlink(path)
                if path.name == "1.jpg":
                    die()

        with CollectionStore.open(folder) as collection:
            execute(plan(photos, elsewhere / "sorted", Mode.MOVE, source), collection, silent, CancelToken(), Dying())

    assert run_and_die(work, -1, after=False)
    return folder


def test_a_photo_without_its_sidecar_stays_open_until_they_are_together(
    killed: Path, source: Path, elsewhere: Path
) -> None:
    destination = elsewhere / "sorted"
    with CollectionStore.open(killed) as collection:
        with pytest.raises(SortRefused, match=r"1\.jpg could not be put together with its sidecars: ") as refused:
            go_on(collection, 1, NoAttributes())
        assert refused.value.hint == "Each start of the program tries again"
        assert collection.journal.run(1).state == RunState.OPEN
        [problem] = recover(collection, NoAttributes()).problems
        assert problem.startswith(str(source / "1.jpg"))
        assert snapshot(source, destination)[destination / "Rose" / "1.jpg"].content == b"photo 1"
        assert recover(collection).problems == ()
        assert names(source) >= {"1.jpg", "1.xmp"}
        assert go_on(collection, 1).failed == 0
        assert names(destination) == {"Rose/0.jpg", "Rose/1.jpg", "Rose/1.xmp", "Rose/2.jpg"}
        assert take_back(collection, 1).refused == ()
    assert names(source) == {"0.jpg", "1.jpg", "1.xmp", "2.jpg"}


def test_a_photo_that_was_edited_since_is_not_tried_for_ever(killed: Path, source: Path, elsewhere: Path) -> None:
    photo = elsewhere / "sorted" / "Rose" / "1.jpg"
    with CollectionStore.open(killed) as collection:
        journal = collection.journal
        recover(collection, NoAttributes())
        write(photo, b"edited by the person")
        [problem] = recover(collection, NoAttributes()).problems
        assert "changed" in problem
        assert journal.open_filings() == []
        assert journal.run(1).state != RunState.OPEN
    assert photo.read_bytes() == b"edited by the person"
    assert (source / "1.xmp").read_bytes() == b"edits of 1"
