"""Two append-only files, one of rows of numbers and one of their keys, that survive crashes and damage.

Row and key have the same number. Both files start with the same header, which identifies the pair. Each key carries a
checksum of itself and one of itself with its row, so a damaged row is never returned. An incomplete row or key at the
end is cut off at opening; a pair that does not match is started afresh.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import secrets
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 56
_MAGIC = b"FSROWS01"
#: Magic, a random id of the pair, numbers a row; a checksum of these follows.
_HEADER = struct.Struct("<8s16sI")
_HEADER_BYTES = 64
#: Checksum of key and row, then one of key and first checksum.
_CRC = struct.Struct("<I")
_RECORD_BYTES = KEY_BYTES + 2 * _CRC.size
_ITEM = np.dtype("<f2")
_MAX_WIDTH = 1 << 16
_UNKNOWN, _SOUND, _BAD = 0, 1, 2
#: Rows that lie at most so many bytes apart are read together: a read of its own takes longer than copying those.
_READ_OVER_BYTES = 2048
#: Rows read at once when they are only checked; 4 MB with ResNet-50.
_CHECKED_AT_ONCE = 1024


class AppendOnlyRows:
    """A pair of files: float16 rows of one width, and their keys. For one thread at a time.

    Attributes:
        width: Numbers in a row; None while nothing was appended.
        header: Tells this pair from every other one, 64 bytes; b"" while nothing was appended.

    Args:
        rows_path: The file of the rows; made if missing.
        keys_path: The file of the keys; made if missing.
        read_only: Whether the files stay as they are, because another program may append to them: a missing file counts
            as empty, an incomplete row or key at the end is left out, and nothing can be appended.

    Raises:
        OSError: the disk refuses.
    """

    def __init__(self, rows_path: Path, keys_path: Path, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self.width: int | None = None
        self.header = b""
        self._records = bytearray()
        self._states = np.empty(0, np.uint8)
        with contextlib.ExitStack() as opened:
            open_file = _open_to_read if read_only else _open
            self._rows_file = opened.enter_context(open_file(rows_path))
            self._keys_file = opened.enter_context(open_file(keys_path))
            self._load()
            opened.pop_all()

    def __len__(self) -> int:
        return len(self._states)

    def keys(self, first: int = 0) -> list[bytes | None]:
        """The key of every row from number `first` on; None for a damaged one."""
        records = bytes(memoryview(self._records)[first * _RECORD_BYTES :])
        starts, checked = range(0, len(records), _RECORD_BYTES), _RECORD_BYTES - _CRC.size
        # By column: there may be several rows for each of 100,000 photos.
        keys: list[bytes | None] = [records[start : start + KEY_BYTES] for start in starts]
        found = np.array([zlib.crc32(records[start : start + checked]) for start in starts], np.uint32)
        written = np.frombuffer(records, np.uint8).reshape(-1, _RECORD_BYTES)[:, checked:].copy().view("<u4")[:, 0]
        for number in np.flatnonzero(found != written).tolist():
            keys[number] = None
        return keys

    def key_rows(self) -> NDArray[np.uint8]:
        """(N, `KEY_BYTES`) uint8, the key of every row, damaged ones too."""
        return np.frombuffer(bytes(self._records), np.uint8).reshape(-1, _RECORD_BYTES)[:, :KEY_BYTES]

    def digest(self, count: int) -> bytes | None:
        """SHA-256 of which rows the first `count` are, in this order, with their checksums; None if there are fewer."""
        if count > len(self):
            return None
        found = hashlib.sha256(self.header)
        with memoryview(self._records) as records:
            found.update(records[: count * _RECORD_BYTES])
        return found.digest()

    def sound(self, numbers: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of these rows are undamaged; each is read and checked once.

        Args:
            numbers: (M,) row numbers.

        Returns:
            (M,) whether each row is undamaged.
        """
        unknown = np.sort(numbers[self._states[numbers] == _UNKNOWN])
        for start in range(0, len(unknown), _CHECKED_AT_ONCE):
            self.rows(unknown[start : start + _CHECKED_AT_ONCE])
        result: NDArray[np.bool_] = self._states[numbers] == _SOUND
        return result

    def rows(self, numbers: NDArray[np.intp]) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Read rows.

        They are read, not memory-mapped: mapped pages count as memory of this process while the file is mapped.

        Args:
            numbers: (M,) row numbers.

        Returns:
            (M, D) the rows, in the order of `numbers`, and (M,) whether each is undamaged.

        Raises:
            OSError: the disk refuses.
        """
        rows = np.empty((len(numbers), self.width or 0), _ITEM)
        if not len(numbers):
            return rows, np.empty(0, np.bool_)
        self._read_rows(numbers, rows)
        unknown = np.flatnonzero(self._states[numbers] == _UNKNOWN)
        if len(unknown):
            sound = self._matches(numbers[unknown], rows, unknown)
            self._states[numbers[unknown]] = np.where(sound, _SOUND, _BAD)
        result: NDArray[np.bool_] = self._states[numbers] == _SOUND
        return rows, result

    def _read_rows(self, numbers: NDArray[np.intp], rows: NDArray[np.float16]) -> None:
        """Fill (M, D) rows with those of (M,) numbers; those behind the end of the file are bad."""
        size, content = rows.strides[0], rows.data.cast("B")
        steps = np.diff(numbers)
        apart = np.flatnonzero((steps < 1) | ((steps - 1) * size > _READ_OVER_BYTES)) + 1
        bounds = [0, *apart.tolist(), len(numbers)]
        for first, end, low, high in zip(
            bounds[:-1],
            bounds[1:],
            numbers[bounds[:-1]].tolist(),
            numbers[np.array(bounds[1:]) - 1].tolist(),
            strict=True,
        ):
            begin, count = _HEADER_BYTES + low * size, high - low + 1
            if count == end - first:
                whole = _read(self._rows_file, content[first * size : end * size], begin) // size
                self._states[low + whole : high + 1] = _BAD  # the file was truncated
            else:
                together = np.zeros((count, rows.shape[1]), _ITEM)
                whole = _read(self._rows_file, together.data.cast("B"), begin) // size
                rows[first:end] = together[numbers[first:end] - low]
                self._states[numbers[first:end][numbers[first:end] >= low + whole]] = _BAD

    def append(self, keys: Sequence[bytes], rows: NDArray[np.float16]) -> None:
        """Append rows; all of them are on the disk when this returns, or none if it raises.

        Args:
            keys: N keys of `KEY_BYTES` bytes.
            rows: (N, D), as wide as the stored rows.

        Raises:
            OSError: the disk refuses.
        """
        if self.width is None:
            self._start(rows.shape[1])
        content = np.ascontiguousarray(rows, _ITEM)
        records = b"".join(_record(key, row) for key, row in zip(keys, content, strict=True))
        try:
            # The row first, so that no key is ever without its row.
            _write(self._rows_file, content.data.cast("B"), self._rows_end())
            _write(self._keys_file, records, self._keys_end())
        except OSError:
            with contextlib.suppress(OSError):
                self._cut()
            raise
        self._records += records
        self._states = np.append(self._states, np.full(len(keys), _SOUND, np.uint8))

    def clear(self) -> None:
        """Drop all rows and their width.

        Raises:
            OSError: the disk refuses.
        """
        self.width, self.header = None, b""
        self._records.clear()
        self._states = np.empty(0, np.uint8)
        # Without its header a file does not match the other: a crash in between does no harm.
        self._keys_file.truncate(0)
        self._rows_file.truncate(0)

    def close(self) -> None:
        """Close both files; more calls do nothing."""
        self._rows_file.close()
        self._keys_file.close()

    def _load(self) -> None:
        header = self._rows_file.read(_HEADER_BYTES)
        width = _width_in(header)
        if width is None or self._keys_file.read(_HEADER_BYTES) != header:
            if not self._read_only:
                self.clear()
            return
        self.width, self.header = width, header
        self._records += self._keys_file.readall()
        whole_rows = (_size(self._rows_file) - _HEADER_BYTES) // (width * _ITEM.itemsize)
        count = min(whole_rows, len(self._records) // _RECORD_BYTES)
        del self._records[count * _RECORD_BYTES :]
        self._states = np.full(count, _UNKNOWN, np.uint8)
        if not self._read_only:
            self._cut()

    def _start(self, width: int) -> None:
        """Write the headers of an empty pair."""
        if not 0 < width <= _MAX_WIDTH:
            raise ValueError(f"a row of {width} numbers is not supported")
        self.clear()
        fields = _HEADER.pack(_MAGIC, secrets.token_bytes(16), width)
        header = (fields + _CRC.pack(zlib.crc32(fields))).ljust(_HEADER_BYTES, b"\0")
        _write(self._rows_file, header, 0)
        _write(self._keys_file, header, 0)
        self.width, self.header = width, header

    def _cut(self) -> None:
        """Truncate both files after the last complete row and key."""
        for file, end in ((self._keys_file, self._keys_end()), (self._rows_file, self._rows_end())):
            if _size(file) != end:
                file.truncate(end)

    def _rows_end(self) -> int:
        return _HEADER_BYTES + len(self) * (self.width or 0) * _ITEM.itemsize

    def _keys_end(self) -> int:
        return _HEADER_BYTES + len(self._records)

    def _matches(
        self, numbers: NDArray[np.intp], rows: NDArray[np.float16], positions: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """(M,) whether the rows at these positions match the checksums stored under these numbers."""
        records = np.frombuffer(self._records, np.uint8).reshape(-1, _RECORD_BYTES)[numbers]
        keys, content, size = records.data.cast("B"), rows.data.cast("B"), rows.strides[0]
        found = [
            zlib.crc32(content[start : start + size], zlib.crc32(keys[key : key + KEY_BYTES]))
            for key, start in zip(range(0, len(keys), _RECORD_BYTES), (positions * size).tolist(), strict=True)
        ]
        written = records[:, KEY_BYTES : KEY_BYTES + _CRC.size].copy().view("<u4")[:, 0]
        return np.asarray(np.array(found, np.uint32) == written, np.bool_)


def _record(key: bytes, row: NDArray[np.float16]) -> bytes:
    checked = key + _CRC.pack(zlib.crc32(row.data, zlib.crc32(key)))
    return checked + _CRC.pack(zlib.crc32(checked))


def _width_in(header: bytes) -> int | None:
    """The row width in a header; None if the header is not valid."""
    if len(header) != _HEADER_BYTES:
        return None
    magic, _, width = _HEADER.unpack_from(header)
    sound = zlib.crc32(header[: _HEADER.size]) == _CRC.unpack_from(header, _HEADER.size)[0]
    return int(width) if sound and magic == _MAGIC and 0 < width <= _MAX_WIDTH else None


def _open(path: Path) -> io.FileIO:
    # Unbuffered: after a failed write no data may remain that a later write would add.
    return io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644), "r+")


def _open_to_read(path: Path) -> io.FileIO:
    try:
        return io.FileIO(path, "rb")
    except FileNotFoundError:
        return io.FileIO(os.devnull, "rb")


def _size(file: io.FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _read(file: io.FileIO, content: memoryview, offset: int) -> int:
    """Fill a buffer from an offset in a file; returns the number of bytes read."""
    file.seek(offset)
    done = 0
    while done < len(content) and (count := file.readinto(content[done:] if done else content)):
        done += count
    return done


def _write(file: io.FileIO, content: bytes | memoryview, offset: int) -> None:
    file.seek(offset)
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
