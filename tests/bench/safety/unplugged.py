"""A drive that is pulled out in the middle of a run, and plugged in again later."""

from __future__ import annotations

import errno
import itertools
import random
from collections.abc import Callable
from pathlib import Path

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from flowersorter.sorting.undo import undo
from tests.bench.safety.mounts import NoMounts, memory, plug_in, small_disk, unplug
from tests.bench.safety.stage import check_library, undo_everything
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.failing_disks import WatchedDisk
from tests.unit.sorting.file_trees import plan, remember, write


class _Drive:
    """A folder that goes away during one of the disk's calls, and comes back when it is plugged in.

    Args:
        folder: Where it is seen.
        real: Where it really is; the folder itself stays, and is empty, while the drive is away. None where the
            whole folder goes away.
    """

    def __init__(self, folder: Path, real: Path | None) -> None:
        self.folder, self._real = folder, real
        self.at, self.away = -1, False

    def around(self, name: str, call: Callable[[], object]) -> object:
        if self.at == 0:
            self.pull()
        self.at -= 1
        if name == "volume" and self.away and self._real is None:
            raise OSError(errno.ENOENT, "its drive is away")  # a renamed folder would be one that the person tidied
        return call()

    def pull(self) -> None:
        self.away = True
        if self._real is None:
            self.folder.rename(self.folder.with_name("unplugged"))
        else:
            unplug(self.folder)

    def plug_in(self) -> None:
        if self.away and self._real is None:
            self.folder.with_name("unplugged").rename(self.folder)
        elif self.away:
            assert self._real is not None
            plug_in(self._real, self.folder)
        self.away, self.at = False, -1


#: The drive is another disk, so there are no hard links.
_MODES = (Mode.COPY, Mode.MOVE, Mode.SYMLINK)


def unplugged(scratch: Path, trials: int = 50) -> Tally:
    """Pull out the drive of the photos, or the one they are sorted to, while sorting or undoing."""
    tally = Tally()
    cases = itertools.cycle(itertools.product(_MODES, ("photos", "sorted"), ("sort", "undo"), ("drive", "folder")))
    with memory(scratch) as here:
        for number in range(trials):
            mode, side, act, kind = next(cases)
            root = here / str(number)
            drive = root / "drive" / side
            drive.mkdir(parents=True)
            try:
                if kind == "folder":
                    raise NoMounts
                with small_disk(root / "real") as real:
                    plug_in(real, drive)
                    _pull(root, _Drive(drive, real), mode, act, random.Random(number), tally)
                    unplug(drive)
            except NoMounts:
                _pull(root, _Drive(drive, None), mode, act, random.Random(number), tally)
            tally.tried += 1
    return tally


def _pull(root: Path, drive: _Drive, mode: Mode, act: str, chance: random.Random, tally: Tally) -> None:
    side = drive.folder.name
    source = drive.folder if side == "photos" else root / "photos"
    destination = drive.folder if side == "sorted" else root / "sorted"
    photos = {write(source / "deep" / f"{name}.jpg", name.encode() * 99): f"class {name}" for name in "abc"}
    write(source / "deep" / "a.xmp", b"edits of a")
    write(destination / "class a" / "old.jpg", b"was there before")
    watch = Watch(source, destination)
    disk = WatchedDisk(drive.around)
    with CollectionStore.open(root / "collection") as collection:
        remember(collection, source, list(photos))
        planned = plan(photos, destination, mode, source)
        if act == "undo":
            run_id = execute(planned, collection, silent, CancelToken()).run_id or 0
        places = {place.id for place in collection.photos.all_places()}
        drive.at = chance.randrange(60)
        if act == "undo":
            undone = undo(collection, run_id, silent, CancelToken(), disk)
            told = undone.undone + undone.gone + sum(bool(refused.reason) for refused in undone.refused)
        else:
            result = execute(planned, collection, silent, CancelToken(), disk)
            told = result.filed + sum(bool(file.error) for file in result.files if file.destination is None)
        tally.expect(told == len(photos), "a photo was neither done nor reported")
        if not drive.away:  # it is pulled out after the last call
            drive.pull()
        _while_away(collection, drive, tally)
        kept = {place.id for place in collection.photos.all_places()}
        tally.expect(act == "undo" or places <= kept, "a row of the library was deleted")
    drive.plug_in()
    with CollectionStore.open(root / "collection") as collection:
        tally.expect(not recover(collection).problems, "recovery has problems though the drive is back")
        watch.count(tally, keeps=mode != Mode.MOVE)
        _resume(collection, act, photos, destination, mode, source, tally)
        undo_everything(collection, tally)
        watch.compare(tally)
        check_library(collection, watch, tally)


def _while_away(collection: CollectionStore, drive: _Drive, tally: Tally) -> None:
    """The program is started again while the drive is away; what is open stays so."""
    before = {entry.id for entry in collection.journal.open_filings()}
    problems = recover(collection).problems
    after = {entry.id for entry in collection.journal.open_filings()}
    tally.expect(not after or bool(problems), "an open filing was not reported")
    tally.expect(after <= before, "something new is open")
    tally.expect(not list(drive.folder.glob("*")), "something was made where the drive was")


def _resume(
    collection: CollectionStore,
    act: str,
    photos: dict[Path, str],
    destination: Path,
    mode: Mode,
    source: Path,
    tally: Tally,
) -> None:
    """What was stopped goes on when the drive is back."""
    try:
        if act == "undo":
            for run in collection.journal.runs():
                if run.state != "undone":
                    undo(collection, run.id, silent, CancelToken())
        left = {path: name for path, name in photos.items() if path.exists()}
        result = execute(plan(left, destination, mode, source), collection, silent, CancelToken())
        tally.expect(result.failed + result.waiting == 0, "not filed though the drive is back")
    except UserError as error:
        tally.wrong[f"not resumed: {error.why}"] += 1
