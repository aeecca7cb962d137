"""Full disks: real ones of 2 MB, filled by somebody else at any moment of a run."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.undo import undo
from tests.bench.safety.mounts import NoMounts, memory, small_disk
from tests.bench.safety.stage import undo_everything
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.failing_disks import WatchedDisk
from tests.unit.sorting.file_trees import plan, remember, write

_PHOTOS = 12


def full_photo_disk(scratch: Path, trials: int = 100) -> Tally:
    """The disk that photos are sorted to is full."""
    return _trials(scratch, trials, _fill_photo_disk)


def full_library_disk(scratch: Path, trials: int = 100) -> Tally:
    """The disk that the library is on is full."""
    return _trials(scratch, trials, _fill_library_disk)


#: Photos and destination are on two disks here, so there are no hard links.
_MODES = (Mode.COPY, Mode.MOVE, Mode.SYMLINK)


def _trials(scratch: Path, trials: int, one: Callable[[Path, Path, Mode, random.Random, Tally], None]) -> Tally:
    tally = Tally()
    with memory(scratch) as here:
        for number in range(trials):
            root = here / str(number)
            try:
                with small_disk(root / "small") as small:
                    one(root, small, _MODES[number % 3], random.Random(number), tally)
                    tally.tried += 1
            except NoMounts as reason:
                tally.skipped = str(reason)
                break
    return tally


def _plant(source: Path, chance: random.Random) -> dict[Path, str]:
    return {
        write(source / f"{number}.jpg", chance.randbytes(chance.randrange(1, 60_000))): f"class {number % 3}"
        for number in range(_PHOTOS)
    }


def fill(disk: Path, leave_bytes: int) -> None:
    """Take all of the room but a little, as another program would."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    size = ballast.stat().st_size
    with ballast.open("rb+") as file:
        file.truncate(max(0, size - leave_bytes))


class _Filled:
    """A disk that somebody else fills during one of its calls."""

    def __init__(self, disk: Path, at: int, leave_bytes: int) -> None:
        self._disk, self._left, self._leave = disk, at, leave_bytes

    def around(self, name: str, call: Callable[[], object]) -> object:
        del name
        if self._left == 0:
            fill(self._disk, self._leave)
        self._left -= 1
        return call()


def _fill_photo_disk(root: Path, small: Path, mode: Mode, chance: random.Random, tally: Tally) -> None:
    # Half of the time the photos are on the full disk themselves.
    source = (small if chance.random() < 0.5 else root) / "photos"
    destination = small / "sorted"
    photos = _plant(source, chance)
    watch = Watch(source, destination)
    with CollectionStore.open(root / "collection") as collection:
        remember(collection, source, list(photos))
        planned = plan(photos, destination, mode, source)
        disk = WatchedDisk(_Filled(small, chance.randrange(140), chance.randrange(200_000)).around)
        result = execute(planned, collection, silent, CancelToken(), disk)
        for file in result.files:
            tally.expect(file.error in {None, "the disk is full"} or "disk is full" in str(file.error), str(file.error))
            tally.expect(file.destination is not None or bool(file.error), "a photo that was not filed has no reason")
        watch.count(tally, keeps=mode != Mode.MOVE)
        tally.expect(not recover(collection).problems, "recovery has problems")
        undo_everything(collection, tally)  # on the full disk
        watch.compare(tally)
        (small / "ballast").unlink(missing_ok=True)
        again = execute(plan(photos, destination, mode, source), collection, silent, CancelToken())
        tally.expect(again.failed + again.waiting == 0, "not filed though there is room again")
        undo_everything(collection, tally)
        watch.compare(tally)


def _fill_library_disk(root: Path, small: Path, mode: Mode, chance: random.Random, tally: Tally) -> None:
    source, destination = root / "photos", root / "sorted"
    photos = _plant(source, chance)
    watch = Watch(source, destination)
    folder = small / "collection"
    with CollectionStore.open(folder) as collection:
        remember(collection, source, list(photos))
    with suppress(UserError), CollectionStore.open(folder) as collection:  # the library could not be saved, and says so
        planned = plan(photos, destination, mode, source)
        filled = _Filled(small, chance.randrange(160), chance.randrange(24_000))
        result = execute(planned, collection, silent, CancelToken(), WatchedDisk(filled.around))
        undo(collection, result.run_id or 0, silent, CancelToken(), WatchedDisk(filled.around))
    watch.count(tally, recovered=False, keeps=mode != Mode.MOVE)
    with (
        suppress(UserError),
        CollectionStore.open(folder) as collection,
    ):  # the program is started again, the disk is still full
        recover(collection)
    watch.count(tally, recovered=False, keeps=mode != Mode.MOVE)
    (small / "ballast").unlink(missing_ok=True)
    with CollectionStore.open(folder) as collection:
        tally.expect(not recover(collection).problems, "recovery has problems")
        collection.database.check_integrity()
        watch.count(tally, keeps=mode != Mode.MOVE)
        undo_everything(collection, tally)
        watch.compare(tally)
