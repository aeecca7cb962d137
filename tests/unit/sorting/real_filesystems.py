"""Makes and mounts small disks with file systems that people have, where the system allows that."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TOOLS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))


class CannotMountError(Exception):
    """Such a disk cannot be had here; with the reason."""


@dataclass(frozen=True)
class DiskType:
    """A file system, and the commands for it.

    Attributes:
        size_mb: Of the image; as small as its mkfs allows.
        make: Makes it on the device that is added.
        mounts: Commands that mount it, the kernel's first; the device and the folder are added.
        links: Whether it has hard links.
        ignores_case: Whether it takes "A" and "a" for one name.
        time_ns: The steps it stores times in.
    """

    name: str
    size_mb: int
    make: tuple[str, ...]
    mounts: tuple[tuple[str, ...], ...]
    links: bool = True
    ignores_case: bool = False
    time_ns: int = 1


DISK_TYPES = (
    DiskType("ext4", 16, ("mkfs.ext4", "-q", "-F"), (("mount", "-t", "ext4"),)),
    DiskType("xfs", 320, ("mkfs.xfs", "-q", "-f"), (("mount", "-t", "xfs"),)),
    DiskType("btrfs", 128, ("mkfs.btrfs", "-q", "-f"), (("mount", "-t", "btrfs"),)),
    DiskType(
        "FAT",
        16,
        ("mkfs.vfat",),
        (("mount", "-t", "vfat", "-o", "iocharset=utf8"), ("fusefat", "-o", "rw+")),
        links=False,
        ignores_case=True,
        time_ns=2_000_000_000,
    ),
    DiskType(
        "exFAT",
        16,
        ("mkfs.exfat",),
        (("mount", "-t", "exfat"), ("mount.exfat-fuse",)),
        links=False,
        ignores_case=True,
        time_ns=2_000_000_000,
    ),
    DiskType(
        "NTFS",
        16,
        ("mkfs.ntfs", "-F", "-Q", "-q"),
        (("mount", "-t", "ntfs3"), ("ntfs-3g",)),
        time_ns=100,
    ),
)


@contextmanager
def mounted(kind: DiskType, scratch: Path) -> Iterator[Path]:
    """An empty disk of a type; only in a process with mounts of its own.

    Raises:
        CannotMountError: its tools are missing, or the system does not let it be mounted.
    """
    image, folder = scratch / "image", scratch / "disk"
    with image.open("wb") as file:
        file.truncate(kind.size_mb << 20)
    folder.mkdir()
    _run(*kind.make, os.fspath(image))
    device = _run("losetup", "--find", "--show", os.fspath(image)).strip()
    try:
        _mount(kind, device, folder)
        try:
            yield folder
        finally:
            _run("umount", os.fspath(folder))
    finally:
        _run("losetup", "--detach", device)
        image.unlink()


def _mount(kind: DiskType, device: str, folder: Path) -> None:
    reasons = []
    for command in kind.mounts:
        try:
            _run(*command, device, os.fspath(folder))
        except CannotMountError as error:
            reasons.append(str(error))
        else:
            return
    raise CannotMountError("; ".join(reasons))


def _run(*command: str) -> str:
    program = shutil.which(command[0], path=_TOOLS)
    if program is None:
        raise CannotMountError(f"{command[0]} is not installed")
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotMountError(f"{command[0]}: {(done.stderr or done.stdout).strip().splitlines()[0]}")
    return done.stdout
