"""Makes folders of small files that stand for photos, and looks at what became of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Filing, Mode, SortPlan
from flowersorter.sorting.runs.make_plan import make_plan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.runs.resume import resume
from flowersorter.sorting.undo import UndoResult, undo

MTIME_NS = 1_600_000_000_123_456_789


class OtherDevice(Exception):
    """There is none."""


@dataclass(frozen=True)
class Seen:
    """One path, as a snapshot sees it."""

    kind: str
    content: bytes
    mtime_ns: int
    mode: int


def snapshot(*roots: Path) -> dict[Path, Seen]:
    """Everything under some folders; of folders only that they are there."""
    seen = {}
    for root in roots:
        for path in [root, *sorted(root.rglob("*"))] if root.exists() else []:
            found = path.lstat()
            mode = stat.S_IMODE(found.st_mode)
            if stat.S_ISDIR(found.st_mode):
                seen[path] = Seen("folder", b"", 0, mode)
            elif stat.S_ISLNK(found.st_mode):
                seen[path] = Seen("link", os.fsencode(path.readlink()), 0, 0)
            else:
                seen[path] = Seen("file", path.read_bytes(), found.st_mtime_ns, mode)
    return seen


def contents(*roots: Path) -> list[bytes]:
    """The bytes of every real file under some folders, sorted."""
    return sorted(seen.content for seen in snapshot(*roots).values() if seen.kind == "file")


def names(root: Path) -> set[str]:
    """Every file under a folder, relative to it."""
    return {os.fsdecode(os.fsencode(path.relative_to(root))) for path in root.rglob("*") if not path.is_dir()}


def write(path: Path, content: bytes, mode: int = 0o640) -> Path:
    """A file with a time of its own, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    mtime_ns = MTIME_NS + 1_000_003 * len(os.fsencode(path.name))
    os.utime(path, ns=(mtime_ns + 5, mtime_ns))
    return path


def filing(path: Path, class_name: str) -> Filing:
    """A photo as it was read just now."""
    found = path.stat()
    return Filing(str(path), hashlib.sha256(path.read_bytes()).digest(), found.st_size, found.st_mtime_ns, class_name)


def remember(collection: CollectionStore, folder: Path, photos: Sequence[Path]) -> None:
    """The library knows these photos."""
    found = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in photos]
    places = collection.photos.sync_folder(folder, found)
    collection.photos.record(
        [
            ReadRecord(
                place_id=place.id,
                sha256=hashlib.sha256(place.path.read_bytes()).digest(),
                size_bytes=place.size_bytes,
                mtime_ns=place.mtime_ns,
                width_px=4,
                height_px=3,
                taken_at=None,
                camera=None,
            )
            for place in places
        ]
    )


def plan(
    photos: Mapping[Path, str], destination: Path, mode: Mode, source: Path | None = None, **more: FileSystem
) -> SortPlan:
    """A plan for photos and their classes."""
    filings = [filing(path, class_name) for path, class_name in photos.items()]
    return make_plan(filings, destination, mode, CancelToken(), source_root=source, **more)  # type: ignore[arg-type]


def sort(
    collection: CollectionStore,
    photos: Mapping[Path, str],
    destination: Path,
    mode: Mode,
    *,
    source: Path | None = None,
    files: FileSystem | None = None,
) -> RunResult:
    """Plan and file."""
    return execute(plan(photos, destination, mode, source), collection, silent, CancelToken(), files)


def go_on(collection: CollectionStore, run_id: int, files: FileSystem | None = None) -> RunResult:
    """Continue a run."""
    return resume(collection, run_id, silent, CancelToken(), files)


def take_back(collection: CollectionStore, run_id: int | None, files: FileSystem | None = None) -> UndoResult:
    """Undo a run."""
    assert run_id is not None
    return undo(collection, run_id, silent, CancelToken(), files)


@contextmanager
def other_device(tmp_path: Path) -> Iterator[Path]:
    """A folder on a device other than `tmp_path`'s, removed afterwards."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev or not os.access(memory, os.W_OK):
        raise OtherDevice("there is no second device to write to")
    folder = Path(tempfile.mkdtemp(prefix="flowersorter-test-", dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
