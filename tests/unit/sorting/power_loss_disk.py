"""A disk that forgets at a power cut what was not synced: bytes of files and names in folders."""

from __future__ import annotations

import errno
import os
import random
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flowersorter.sorting.filesystem import FileSystem


class PowerCut(BaseException):
    """The lights went out."""


@dataclass
class Inode:
    """What is on the platter of one file."""

    content: bytes
    mtime_ns: int = 0
    mode: int = 0o600
    synced: bool = True
    target: Path | None = None  # of a symbolic link


#: A change of names: path -> inode or None (gone). A rename is one change; so is everything else.
Change = dict[Path, "Inode | None"]


class PowerDisk(FileSystem):
    """The real disk, with a model beside it of what has surely reached the platter.

    Args:
        roots: The folders to model.
        devices: Whether each root is a device of its own.
        at: The change during which the power is cut; -1 for never.
    """

    def __init__(self, roots: list[Path], *, devices: bool, at: int = -1) -> None:
        self._roots, self._devices, self._at = roots, devices, at
        self.changes = 0
        self._names: dict[Path, Inode | None] = {}
        self._folders: set[Path] = set()
        self._pending: list[Change] = []
        self._open: dict[int, tuple[Inode, Path]] = {}
        inodes: dict[tuple[int, int], Inode] = {}
        for root in roots:
            for path in sorted(root.rglob("*")):
                found = path.lstat()
                if stat.S_ISDIR(found.st_mode):
                    self._folders.add(path)
                else:
                    known = inodes.setdefault((found.st_dev, found.st_ino), self._inode_on_disk(path))
                    self._names[path] = known

    def go_on(self, at: int) -> None:
        """The process was killed, the power is still on: nothing is forgotten yet."""
        self.changes, self._at = 0, at

    def forget(self, chance: random.Random, *, in_order: bool = False) -> None:
        """Leave on the real disk what a power cut would: any part of what was not synced may be gone.

        Args:
            chance: Chooses the part.
            in_order: Whether the changes of names on one device reach it in their order, as a journal keeps them.
        """
        names, folders = dict(self._names), set(self._folders)
        for change in self._in_order(chance) if in_order else self._any(chance):
            for path, inode in change.items():
                if isinstance(inode, _Folder):
                    folders.add(path)
                elif inode is None:
                    names.pop(path, None)
                    folders.discard(path)
                else:
                    names[path] = inode
        for root in self._roots:
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
        for folder in sorted(folders):
            if folder.parent.exists():
                folder.mkdir(exist_ok=True)
        made: dict[int, Path] = {}
        for path, inode in sorted(names.items()):
            if inode is not None and path.parent.exists():
                self._put(path, inode, made, chance)

    def _any(self, chance: random.Random) -> list[Change]:
        return [change for change in self._pending if chance.random() < 0.5]

    def _in_order(self, chance: random.Random) -> list[Change]:
        """The first changes of each device, up to any of them."""
        devices: dict[Path | None, list[Change]] = {}
        for change in self._pending:
            root = next((root for root in self._roots for path in change if root in path.parents), None)
            devices.setdefault(root if self._devices else None, []).append(change)
        return [change for each in devices.values() for change in each[: chance.randrange(len(each) + 1)]]

    def _put(self, path: Path, inode: Inode, made: dict[int, Path], chance: random.Random) -> None:
        if inode.target is not None:
            path.symlink_to(inode.target)
        elif id(inode) in made:
            os.link(made[id(inode)], path)
        else:
            made[id(inode)] = path
            content = inode.content
            path.write_bytes(content if inode.synced else content[: chance.randrange(len(content) + 1)])
            path.chmod(inode.mode)
            os.utime(path, ns=(inode.mtime_ns, inode.mtime_ns))

    def _change(self, do: Callable[[], None], change: Change) -> None:
        """Change names for real; the platter has them at the next sync of their folder."""
        self.changes += 1
        cut = self.changes == self._at + 1
        if cut and random.Random(self._at).random() < 0.5:
            raise PowerCut
        do()
        self._pending.append(change)
        if cut:
            raise PowerCut

    def _now(self, path: Path) -> Inode:
        """The inode a name leads to, pending changes included."""
        inode = self._names.get(path)
        for change in self._pending:
            inode = change.get(path, inode)
        assert inode is not None
        return inode

    def _inode_on_disk(self, path: Path) -> Inode:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return Inode(b"", target=path.readlink())
        return Inode(path.read_bytes(), found.st_mtime_ns, stat.S_IMODE(found.st_mode))

    def _same_device(self, source: Path, target: Path) -> None:
        roots = [next(root for root in self._roots if root in path.parents) for path in (source, target)]
        if self._devices and roots[0] != roots[1]:
            raise OSError(errno.EXDEV, "another device")

    def open_exclusive(self, path: Path) -> int:
        opened: list[int] = []
        inode = Inode(b"", synced=False)
        self._change(lambda: opened.append(super(PowerDisk, self).open_exclusive(path)), {path: inode})
        self._open[opened[0]] = inode, path
        return opened[0]

    def write(self, descriptor: int, data: bytes) -> None:
        super().write(descriptor, data)
        self._open[descriptor][0].content += data

    def copy_attributes(self, source: Path, target: Path, found: os.stat_result) -> None:
        super().copy_attributes(source, target, found)
        self._now(target).synced = False

    def set_times(self, path: Path, mtime_ns: int) -> None:
        super().set_times(path, mtime_ns)
        self._now(path).synced = False

    def sync(self, descriptor: int) -> None:
        inode, path = self._open[descriptor]
        self._sync(inode, path)
        super().sync(descriptor)

    def sync_file(self, path: Path) -> None:
        super().sync_file(path)
        self._sync(self._now(path), path)

    def _sync(self, inode: Inode, path: Path) -> None:
        fresh = self._inode_on_disk(path)
        inode.content, inode.mtime_ns, inode.mode, inode.synced = fresh.content, fresh.mtime_ns, fresh.mode, True

    def sync_folder(self, folder: Path) -> None:
        self._change(lambda: super(PowerDisk, self).sync_folder(folder), {})
        left: list[Change] = []
        for change in self._pending:
            # A rename between two folders is on the platter as a whole with the first of them.
            if any(path.parent == folder for path in change):
                for path, inode in change.items():
                    if isinstance(inode, _Folder):
                        self._folders.add(path)
                    elif inode is None:
                        self._names.pop(path, None)
                        self._folders.discard(path)
                    else:
                        self._names[path] = inode
            elif change:
                left.append(change)
        self._pending = left

    def link_new(self, source: Path, target: Path) -> None:
        self._same_device(source, target)
        self._change(lambda: super(PowerDisk, self).link_new(source, target), {target: self._now(source)})

    def symlink_new(self, source: Path, target: Path) -> None:
        self._change(lambda: super(PowerDisk, self).symlink_new(source, target), {target: Inode(b"", target=source)})

    def rename_new(self, source: Path, target: Path) -> None:
        self._same_device(source, target)
        change: Change = {source: None, target: self._now(source)}
        self._change(lambda: super(PowerDisk, self).rename_new(source, target), change)

    def unlink(self, path: Path) -> None:
        self._change(lambda: super(PowerDisk, self).unlink(path), {path: None})

    def mkdir(self, folder: Path) -> None:
        self._change(lambda: super(PowerDisk, self).mkdir(folder), {folder: _Folder(b"")})

    def rmdir(self, folder: Path) -> None:
        self._change(lambda: super(PowerDisk, self).rmdir(folder), {folder: None})


class _Folder(Inode):
    """Stands for a folder in a change."""
