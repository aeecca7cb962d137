"""Sidecars travel with their photo, and times, permissions and extended attributes are kept."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path

from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.plan import Mode
from tests.bench.safety.crash import stages
from tests.bench.safety.tally import Tally, Watch
from tests.unit.sorting.file_trees import sort, take_back, write

_SIDECARS = (".xmp", ".jpg.xmp", ".aae", ".CR2", ".mov", ".jpg.json", "_01.jpg.xmp")
_TIMES_NS = (1, 999_999_999, 1_600_000_000_123_456_789, 4_102_444_800_000_000_007)
_MODES = (0o644, 0o600, 0o444, 0o755)


def companions(scratch: Path, photos: int = 40) -> Tally:
    """Sort and undo photos with every set of sidecars and every kind of time."""
    tally = Tally()
    sets = [kinds for count in range(len(_SIDECARS) + 1) for kinds in itertools.combinations(_SIDECARS, count)]
    for number, stage in enumerate(stages(scratch, tally)):
        stage.build()
        source, destination = stage.source / "card", stage.root / f"filed {number}"
        planted, groups = {}, {}
        for count in range(photos):
            path = source / f"IMG_{count}.jpg"
            names = [path, *(source / f"IMG_{count}{kind}" for kind in sets[count % len(sets)])]
            for position, name in enumerate(names):
                _plant(name, b"%d %d" % (count, position), count + position)
            planted[path] = f"class {count % 4}"
            groups[path] = names
        watch = Watch(source, destination)
        with CollectionStore.open(stage.collection) as collection:
            result = sort(collection, planted, destination, stage.mode, source=source)
            for filed in result.files:
                names = groups[filed.source]
                tally.tried += len(names)
                for name in names:
                    _check(watch, name, filed.destination, stage.mode, tally)
            watch.count(tally, keeps=stage.mode != Mode.MOVE)
            tally.expect(not take_back(collection, result.run_id).refused, "undo refused")
            watch.compare(tally)
    return tally


def _plant(path: Path, content: bytes, number: int) -> None:
    write(path, content, _MODES[number % len(_MODES)])
    if path.stat().st_mode & 0o200:
        with suppress(OSError):
            os.setxattr(path, "user.note", content)
    times = _TIMES_NS[number % len(_TIMES_NS)]
    os.utime(path, ns=(times + 1, times))


def _check(watch: Watch, name: Path, photo: Path | None, mode: Mode, tally: Tally) -> None:
    """One file of a photo is beside the filed photo, with its times."""
    if photo is None:
        tally.wrong["not filed"] += 1
        return
    filed = photo.with_name(name.name)
    if not os.path.lexists(filed):
        tally.wrong["a sidecar did not travel"] += 1
        return
    found, before = filed.stat(), watch.before[name]
    tally.expect(found.st_mtime_ns == before.mtime_ns, "a time was not kept")
    tally.expect(found.st_mode & 0o777 == before.mode, "permissions were not kept")
    tally.expect(filed.read_bytes() == before.content, "other bytes")
    with suppress(OSError):
        kept = "user.note" in os.listxattr(filed)
        tally.expect(kept or mode != Mode.COPY or not before.mode & 0o200, "an extended attribute was not kept")
