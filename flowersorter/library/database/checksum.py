"""The checksum of the library, written when it is closed: a library with other bytes is checked in full.

The quick check at every opening finds a torn page, but misses a value that its index contradicts. The checksum file
holds the transaction count of the library and the checksum of its bytes at that count; at any other count (after a
crash) it does not apply.

A mismatch proves no damage: a program that synchronises folders may put the library of one computer beside the
checksum of another. So it only leads to the full check, and a library that passes opens. A bit that flipped inside a
value which no index, reference or encoding contradicts passes too: nothing tells it from a value that was written. The
earlier backups remain as the way back.

"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from flowersorter.atomic_write import write_atomically

_CHECKSUM_SUFFIX = ".seal"
# https://www.sqlite.org/fileformat.html: the transaction count, and the count
# at which the version number of SQLite was written.
_COUNTS_AT = (slice(24, 28), slice(92, 96))
_HEADER_BYTES = 100


def write_checksum(library: Path) -> None:
    """Write the checksum of a closed library; without one if the disk refuses."""
    with contextlib.suppress(OSError):
        counts = _counts(library)
        known = _read(library)
        if known is None or known[0] != counts[0]:
            write_atomically(_checksum_file(library), f"{counts[0]} {_checksum(library)}\n".encode("ascii"))


def matches_checksum(library: Path) -> bool:
    """Whether a library has the bytes of its checksum, or the checksum is of another transaction count.

    Raises:
        OSError: it cannot be read.
    """
    known = _read(library)
    return known is None or known[0] not in _counts(library) or known[1] == _checksum(library)


def delete_checksum(library: Path) -> None:
    """Delete the checksum: it is not of this library, or the library file is about to be replaced.

    Raises:
        OSError: the disk refuses.
    """
    _checksum_file(library).unlink(missing_ok=True)


def _checksum_file(library: Path) -> Path:
    return library.with_name(library.name + _CHECKSUM_SUFFIX)


def _read(library: Path) -> tuple[int, str] | None:
    """The stored transaction count and checksum; None if there are none, or they cannot be parsed."""
    try:
        count, checksum = _checksum_file(library).read_text(encoding="ascii").split()
        return int(count), checksum
    except (FileNotFoundError, ValueError):
        return None


def _counts(library: Path) -> tuple[int, ...]:
    with library.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    return tuple(int.from_bytes(header[at], "big") for at in _COUNTS_AT)


def _checksum(library: Path) -> str:
    with library.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
