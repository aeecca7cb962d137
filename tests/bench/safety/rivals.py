"""Sorters to compare with: FlowerSorter itself, and plain programs that call shutil or os.

The plain ones run Python's own shutil. Only its system calls are replaced, so that each is counted, fails, kills the
process, or is forgotten at a power cut, as those of FlowerSorter are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.sorting.execute import execute
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.plan import Mode
from flowersorter.sorting.recover import recover
from tests.unit.sorting.failing_disks import Around, WatchedDisk
from tests.unit.sorting.file_trees import plan
from tests.unit.sorting.power_loss_disk import Inode, PowerDisk

#: Bytes of a photo that one call of `sendfile` copies.
_CHUNK_BYTES = 256
_WRITE = os.O_CREAT | os.O_TRUNC | os.O_WRONLY


class SystemCalls(Protocol):
    """The calls of a plain program that a fault can hit; paths as the program gives them."""

    def rename(self, source: Path, target: Path) -> None:
        """Rename, and replace what is at the target."""

    def create(self, path: Path) -> int:
        """Open a file for writing, emptied if it exists; return its descriptor."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Write; return the number of bytes."""

    def close(self, descriptor: int) -> None:
        """Close a file."""

    def unlink(self, path: Path) -> None:
        """Delete a file."""

    def mkdir(self, path: Path) -> None:
        """Make a folder."""

    def utime(self, path: Path, ns: tuple[int, int]) -> None:
        """Set the times of a file."""

    def chmod(self, path: Path, mode: int) -> None:
        """Set the permissions of a file."""


class RealCalls:
    """The calls on the real disk, each through `around(name, call)`, as `WatchedDisk` does it for FlowerSorter."""

    def __init__(self, around: Around) -> None:
        self._around = around

    def rename(self, source: Path, target: Path) -> None:
        self._around("rename", lambda: os.rename(source, target))  # noqa: PTH104 - the call that is compared

    def create(self, path: Path) -> int:
        made: int = self._around("create", lambda: os.open(path, _WRITE, 0o666))
        return made

    def write(self, descriptor: int, data: bytes) -> int:
        written: int = self._around("write", lambda: os.write(descriptor, data))
        return written

    def close(self, descriptor: int) -> None:
        self._around("close", lambda: os.close(descriptor))

    def unlink(self, path: Path) -> None:
        self._around("unlink", path.unlink)

    def mkdir(self, path: Path) -> None:
        self._around("mkdir", path.mkdir)

    def utime(self, path: Path, ns: tuple[int, int]) -> None:
        self._around("utime", lambda: os.utime(path, ns=ns))

    def chmod(self, path: Path, mode: int) -> None:
        self._around("chmod", lambda: path.chmod(mode))


class ForgettingCalls(PowerDisk):
    """The calls on the disk that forgets at a power cut, which FlowerSorter is tested on too."""

    def rename(self, source: Path, target: Path) -> None:
        self._same_device(source, target)
        self._change(lambda: os.replace(source, target), {source: None, target: self._now(source)})  # noqa: PTH105

    def create(self, path: Path) -> int:
        opened: list[int] = []
        inode = Inode(b"", synced=False)
        self._change(lambda: opened.append(os.open(path, _WRITE, 0o666)), {path: inode})
        self._open[opened[0]] = inode, path
        return opened[0]

    def write(self, descriptor: int, data: bytes) -> int:  # type: ignore[override]
        super().write(descriptor, data)
        return len(data)

    def utime(self, path: Path, ns: tuple[int, int]) -> None:
        self.set_times(path, ns[1])

    def chmod(self, path: Path, mode: int) -> None:
        path.chmod(mode)


class _Written:
    """A file that shutil writes to."""

    def __init__(self, calls: SystemCalls, path: Path) -> None:
        self.name, self._calls, self._descriptor = os.fspath(path), calls, calls.create(path)

    def __enter__(self) -> _Written:
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close(self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: bytes) -> int:
        return self._calls.write(self._descriptor, data)


class _Os:
    """Stands for the module os in shutil: what changes the disk goes through the calls, the rest is the real one."""

    def __init__(self, calls: SystemCalls) -> None:
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def rename(self, source: str, target: str) -> None:
        self._calls.rename(Path(source), Path(target))

    def unlink(self, path: str) -> None:
        self._calls.unlink(Path(path))

    def utime(self, path: str, *, ns: tuple[int, int], follow_symlinks: bool = True) -> None:
        del follow_symlinks  # there are no links
        self._calls.utime(Path(path), ns)

    def chmod(self, path: str, mode: int, *, follow_symlinks: bool = True) -> None:
        del follow_symlinks
        self._calls.chmod(Path(path), mode)

    def sendfile(self, target: int, source: int, offset: int, count: int) -> int:
        data = os.pread(source, min(count, _CHUNK_BYTES), offset)
        return self._calls.write(target, data) if data else 0


@contextmanager
def _in_shutil(calls: SystemCalls) -> Iterator[None]:
    """Let shutil make its system calls through these."""

    def opened(path: Path, mode: str) -> IO[bytes] | _Written:
        return _Written(calls, Path(path)) if mode == "wb" else Path(path).open(mode)

    module: Any = shutil
    real = module.os
    module.os, module.open = _Os(calls), opened
    try:
        yield
    finally:
        module.os = real
        del module.open


@dataclass(frozen=True)
class Scene:
    """Photos to sort.

    Attributes:
        root: Holds the collection of FlowerSorter.
        photos: Every photo with its class.
    """

    root: Path
    source: Path
    destination: Path
    photos: Mapping[Path, str]

    @property
    def left(self) -> dict[Path, str]:
        """The photos that are still at their source."""
        return {path: name for path, name in self.photos.items() if path.exists()}


class Sorter(Protocol):
    """A program that sorts photos.

    Attributes:
        name: In the table.
        moves: Whether it takes the photos away from their source.
        reaches_other_drives: Whether it can sort to another drive.
    """

    name: str
    moves: bool
    reaches_other_drives: bool

    def watched(self, scene: Scene, around: Around) -> None:
        """Sort; every call goes through `around(name, call)`."""

    def on_forgetting_disk(self, scene: Scene, *, devices: bool, at: int) -> PowerDisk:
        """Make the disk whose power is cut at a change; `sort_on` sorts on it."""

    def sort_on(self, scene: Scene, disk: PowerDisk) -> None:
        """Sort on that disk."""

    def start_again(self, scene: Scene) -> None:
        """Do what the program and its person do after a fault: start it again."""


class Plain:
    """A plain sorter: makes the class folder, and copies, moves or renames each photo into it under its own name.

    A photo that fails is reported and left, and the next one follows.
    """

    def __init__(
        self, name: str, file: Callable[[SystemCalls, Path, Path], object], *, moves: bool, reaches_other_drives: bool
    ) -> None:
        self.name, self._file, self.moves, self.reaches_other_drives = name, file, moves, reaches_other_drives

    def watched(self, scene: Scene, around: Around) -> None:
        self._sort(scene, RealCalls(around))

    def on_forgetting_disk(self, scene: Scene, *, devices: bool, at: int) -> PowerDisk:
        return ForgettingCalls([scene.source, scene.destination], devices=devices, at=at)

    def sort_on(self, scene: Scene, disk: PowerDisk) -> None:
        assert isinstance(disk, ForgettingCalls)
        self._sort(scene, disk)

    def start_again(self, scene: Scene) -> None:
        self.watched(scene, lambda _, call: call())

    def _sort(self, scene: Scene, calls: SystemCalls) -> None:
        for source, class_name in scene.left.items():
            folder = scene.destination / class_name
            with suppress(OSError), _in_shutil(calls):
                if not folder.is_dir():
                    calls.mkdir(folder)
                self._file(calls, source, folder / source.name)


class Ours:
    """FlowerSorter."""

    reaches_other_drives = True

    def __init__(self, mode: Mode) -> None:
        self.name, self._mode, self.moves = f"FlowerSorter, {mode.value}", mode, mode == Mode.MOVE

    def watched(self, scene: Scene, around: Around) -> None:
        self._sort(scene, WatchedDisk(around))

    def on_forgetting_disk(self, scene: Scene, *, devices: bool, at: int) -> PowerDisk:
        return PowerDisk([scene.source, scene.destination], devices=devices, at=at)

    def sort_on(self, scene: Scene, disk: PowerDisk) -> None:
        self._sort(scene, disk)

    def start_again(self, scene: Scene) -> None:
        with CollectionStore.open(scene.root / "collection") as collection:
            recover(collection)
        with suppress(UserError):
            self._sort(scene, FileSystem())

    def _sort(self, scene: Scene, disk: FileSystem) -> None:
        with CollectionStore.open(scene.root / "collection") as collection:
            planned = plan(scene.left, scene.destination, self._mode, scene.source)
            with suppress(UserError):
                execute(planned, collection, silent, CancelToken(), disk)


def _copy2(_: SystemCalls, source: Path, target: Path) -> None:
    shutil.copy2(source, target)


def _move(_: SystemCalls, source: Path, target: Path) -> None:
    shutil.move(source, target)


def _rename(calls: SystemCalls, source: Path, target: Path) -> None:
    calls.rename(source, target)


#: In the order of the table.
SORTERS: tuple[Sorter, ...] = (
    Ours(Mode.COPY),
    Ours(Mode.MOVE),
    Plain("shutil.copy2", _copy2, moves=False, reaches_other_drives=True),
    Plain("shutil.move", _move, moves=True, reaches_other_drives=True),
    Plain("os.rename", _rename, moves=True, reaches_other_drives=False),
)
