"""The thumbnail cache: one JPEG file a photo, all of them disposable."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flowersorter.atomic_write import write_atomically

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
_DAY_S = 24 * 60 * 60
#: The names that this store gives to folders, thumbnails, and thumbnails being written.
_FOLDER_NAME = re.compile(r"[0-9a-f]{2}")
_PICTURE_NAME = re.compile(r"([0-9a-f]{64})\.jpg")
_PART_NAME = re.compile(r"[0-9a-f]{64}\.jpg\.\d+-\d+\.part")
_WINDOWS_LINK = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)


@dataclass(frozen=True, slots=True)
class CacheFile:
    """A file of the store.

    Attributes:
        path: Its path.
        sha256: Of the photo; None for a thumbnail that was never finished.
        size_bytes: Of the file.
        used_at: When it was last used, to the day; seconds since 1970.
    """

    path: str
    sha256: bytes | None
    size_bytes: int
    used_at: float


class ThumbnailStore:
    """JPEG thumbnails by the SHA-256 of their photo; usable from every thread.

    No failure here stops a job: a thumbnail that cannot be written is made again. A file's modification time is the
    time of its last use, to the day, because many disks do not store access times.

    Args:
        folder: The folder of the files; made when the first one is stored.
        clock: Seconds since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._written_bytes = 0

    def path(self, sha256: bytes) -> Path:
        """The path of a photo's thumbnail, whether it exists or not."""
        name = sha256.hex()
        # 256 folders keep 100,000 files at a few hundred a folder.
        return self._folder / name[:2] / f"{name}.jpg"

    def get(self, sha256: bytes) -> bytes | None:
        """The JPEG of a photo; None if there is none or it is incomplete."""
        path = self.path(sha256)
        try:
            with path.open("rb", buffering=0) as file:
                used_at = os.fstat(file.fileno()).st_mtime
                jpeg = file.readall()
        except OSError:
            return None
        # A power cut can leave a file of the right length full of zeros.
        if not (jpeg.startswith(_JPEG_START) and jpeg.endswith(_JPEG_END)):
            return None
        if not 0 <= self._clock() - used_at < _DAY_S:
            with contextlib.suppress(OSError):
                os.utime(path, (self._clock(),) * 2)
        return jpeg

    def put(self, sha256: bytes, jpeg: bytes) -> None:
        """Store a thumbnail; a failing disk is ignored."""
        target = self.path(sha256)
        try:
            # Not all parents: the collection may have been deleted, or its drive removed, meanwhile.
            self._folder.mkdir(exist_ok=True)
            target.parent.mkdir(exist_ok=True)
            write_atomically(target, jpeg, durable=False)
        except OSError:
            return
        with self._lock:
            self._written_bytes += len(jpeg)

    # -- its size

    def take_written_bytes(self) -> int:
        """Bytes written since the last call; resets the count."""
        with self._lock:
            written, self._written_bytes = self._written_bytes, 0
        return written

    @property
    def written_bytes(self) -> int:
        """Bytes written since `take_written_bytes` was called, or since the store was opened."""
        with self._lock:
            return self._written_bytes

    def files(self) -> Iterator[list[CacheFile]]:
        """All files of this store, a folder at a time; no file behind a link, and none with another name."""
        if _is_link(self._folder):
            return
        for folder in _entries(self._folder):
            if _FOLDER_NAME.fullmatch(folder.name) and folder.is_dir(follow_symlinks=False) and not _is_link(folder):
                found = (_cache_file(entry) for entry in _entries(Path(folder.path)) if entry.name[:2] == folder.name)
                yield [file for file in found if file is not None]

    def remove(self, file: CacheFile) -> bool:
        """Delete a file that `files` found; returns whether it is deleted."""
        try:
            os.unlink(file.path)  # noqa: PTH108 -- a Path for each of 100,000 files takes longer than deleting them
        except OSError:
            return False
        return True


def _cache_file(entry: os.DirEntry[str]) -> CacheFile | None:
    picture = _PICTURE_NAME.fullmatch(entry.name)
    if picture is None and not _PART_NAME.fullmatch(entry.name):
        return None
    try:
        state = entry.stat(follow_symlinks=False)
    except OSError:  # deleted meanwhile
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    sha256 = bytes.fromhex(picture[1]) if picture is not None else None
    return CacheFile(entry.path, sha256, state.st_size, state.st_mtime)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_link(path: Path | os.DirEntry[str]) -> bool:
    """Whether it is a link or, on Windows, a junction."""
    try:
        state = path.lstat() if isinstance(path, Path) else path.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISLNK(state.st_mode) or bool(getattr(state, "st_file_attributes", 0) & _WINDOWS_LINK)
