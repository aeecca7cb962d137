"""The folders that an undo makes again."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import pytest

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.undo import undo
from tests.unit.sorting.failing_disks import Steps, die, run_and_die
from tests.unit.sorting.file_trees import sort, take_back, write


@pytest.mark.parametrize("ends", ["cancelled", "refused", "killed"])
def test_an_undo_that_ends_early_leaves_no_empty_folders(tmp_path: Path, ends: str) -> None:
    source, destination = tmp_path / "photos", tmp_path / "sorted"
    photos = {write(source / f"of {n}" / "deep" / f"{n}.jpg", b"photo %d" % n): "Rose" for n in range(4)}
    write(source / "stays.txt", b"stays")
    folder = tmp_path / "killed"
    cancel = CancelToken()

    def press(news: object) -> None:
        if isinstance(news, Progress) and news.done == 1:
            if ends == "killed":
                die()
            if ends == "cancelled":
                cancel.cancel()

    class Disk(FileSystem):
        def link_new(self, source: Path, target: Path) -> None:
            if ends == "refused" and target.name != "3.jpg":
                raise OSError(errno.EIO, "not here")
            super().link_new(source, target)

    def work(steps: Steps) -> None:
        with CollectionStore.open(folder) as collection, suppress(Cancelled):
            undo(collection, 1, press, cancel, Disk())

    with CollectionStore.open(folder) as collection:
        sort(collection, photos, destination, Mode.MOVE, source=source)
    for photo in photos:
        photo.parent.rmdir()
        photo.parent.parent.rmdir()
    assert run_and_die(work, -1, after=False) == (ends == "killed")
    with CollectionStore.open(folder) as collection:
        recover(collection)
        left = {path.relative_to(source).as_posix() for path in source.rglob("*")}
        assert left == {"of 3", "of 3/deep", "of 3/deep/3.jpg", "stays.txt"}
        take_back(collection, 1)
    assert set(photos) <= set(source.rglob("*.jpg"))
