"""Refuses sources and destinations that could lose or scatter photos."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from flowersorter.errors import SortRefused
from flowersorter.messages import text
from flowersorter.sorting.failures import explain
from flowersorter.sorting.filesystem import FileSystem
from flowersorter.sorting.safe_names import shown

_BLOCK_BYTES = 4096
_SPARE_BYTES = 1 << 20
#: Files that a disk must have room for beside the photos: folders, and what other programs make.
SPARE_FILES = 64

_WHAT = text("The photos cannot be sorted there")


@contextmanager
def disk_refusals() -> Iterator[None]:
    """Convert errors of the disk about a destination into refusals.

    Raises:
        SortRefused: an `OSError` came out of the block.
    """
    try:
        yield
    except OSError as error:
        raise SortRefused(_WHAT, explain(error)) from error


def missing_folders(files: FileSystem, destination: Path) -> tuple[Path, ...]:
    """Return the destination and the folders above it that do not exist, outermost first.

    Raises:
        SortRefused: the destination is not a folder, its drive is missing, or nothing can be made in it.
    """
    missing: list[Path] = []
    folder = destination
    while not folder.exists():
        if folder.is_symlink():
            raise SortRefused(_WHAT, text("{folder} is a broken link", folder=shown(folder)))
        if folder == folder.parent:
            away = text("{folder} is on a drive that is not connected", folder=shown(destination))
            raise SortRefused(_WHAT, away, text("Connect the drive or choose another folder"))
        missing.append(folder)
        folder = folder.parent
    if not folder.is_dir():
        raise SortRefused(_WHAT, text("{folder} is a file", folder=shown(folder)), text("Choose a folder"))
    if not files.writable(folder):
        raise SortRefused(_WHAT, text("{folder} is not writable", folder=shown(folder)), text("Choose another folder"))
    return tuple(reversed(missing))


def refuse_nested(source_root: Path, destination: Path) -> None:
    """Refuse a destination inside or above the source, also through links and mounts.

    Raises:
        SortRefused: they overlap.
    """
    source, target = _identity(source_root), _identity(destination)
    if source is not None and source == target:
        raise SortRefused(_WHAT, text("it is the folder of the photos"), text("Choose another folder"))
    if source is not None and source in set(_identities_above(destination)):
        raise SortRefused(_WHAT, text("it is inside the folder of the photos"), text("Choose a folder outside it"))
    if target is not None and target in set(_identities_above(source_root)):
        raise SortRefused(_WHAT, text("the photos are inside that folder"), text("Choose another folder"))


def refuse_other_drive(devices: Collection[int], device: int, destination: Path) -> None:
    """Refuse hard links to a drive other than that of the photos, where there can be none.

    Args:
        devices: Those of the files to be linked.
        device: That of the destination.
        destination: For the message.

    Raises:
        SortRefused: they differ.
    """
    if any(other != device for other in devices):
        raise SortRefused(
            text("The photos cannot be linked there"),
            text("{folder} is on another drive than the photos", folder=shown(destination)),
            text("Copy the photos, or choose pointers (--symlink), which stop working without the originals"),
        )


def refuse_too_full(
    files: FileSystem, folder: Path, needed_bytes: int, count: int, names: int = 0, *, goes_on: bool = False
) -> int:
    """Return the free bytes on the disk of `folder`.

    Args:
        files: The disk.
        folder: An existing folder.
        needed_bytes: Size of the copies.
        count: Number of copies.
        names: Number of files that are made, copies and pointers.
        goes_on: Whether a sort is continued, which has its destination and its mode.

    Raises:
        SortRefused: they do not fit with a margin.
    """
    free_bytes = files.free_bytes(folder)
    wanted = needed_bytes + needed_bytes // 100 + space_beside(count)
    if needed_bytes and wanted > free_bytes:
        raise SortRefused(
            text("There is not enough space for the photos"),
            text(
                "they need {needed:,.1f} MB and {spare:,.1f} MB to spare for the file system, and {free:,.1f} MB are "
                "free",
                needed=needed_bytes / 1e6,
                spare=(wanted - needed_bytes) / 1e6,
                free=free_bytes / 1e6,
            ),
            text("Free some space there, then continue the sort again")
            if goes_on
            else text("Free some space, choose another disk, or link or move the photos on the same disk"),
        )
    free_files = files.free_files(folder) if names else None
    if free_files is not None and names + SPARE_FILES > free_files:
        raise SortRefused(
            text("The disk cannot hold so many files"),
            text(
                "the photos need {wanted:,} files and there is room for {free:,} there, whatever their size",
                wanted=names,
                free=free_files,
            ),
            text("Delete files there, then continue the sort again")
            if goes_on
            else text("Delete files there, choose another disk, or link or move the photos on the same disk"),
        )
    return free_bytes


def space_beside(count: int) -> int:
    """Return the bytes that so many new files take beside their contents: whole blocks, names, and a margin."""
    return count * _BLOCK_BYTES + _SPARE_BYTES


def _identity(folder: Path) -> tuple[int, int] | Path | None:
    """Device and inode of a folder: equal also through a link or a second mount; its path where it has no inode."""
    try:
        found = folder.stat()
        return (found.st_dev, found.st_ino) if found.st_ino else folder.resolve()
    except OSError:
        return None


def _identities_above(folder: Path) -> Iterator[tuple[int, int] | Path]:
    """The identity of each folder above this one."""
    resolved = folder.resolve()
    return (identity for parent in resolved.parents if (identity := _identity(parent)) is not None)
