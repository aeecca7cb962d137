"""The library's checksum, written down whenever it is closed: a library with other bytes is checked in full.

The quick check of every opening finds a torn page, but misses a value that its index contradicts. The seal says which
bytes the file had at a count of its transactions; at any other count (after a crash) it says nothing.

A seal proves no damage by itself: a program that synchronises folders may put the library of one computer beside the
seal of another. So a broken seal only leads to the full check, and a library that passes opens. A bit that rotted
inside a value which no index, reference or encoding contradicts passes too: nobody can tell it from what was written.
The backups made before stay the way back.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from flowersorter.library.files.atomic_write import write_durably

_SEAL_SUFFIX = ".seal"
# https://www.sqlite.org/fileformat.html: the count of transactions, and the same count as its last writer knew it.
_COUNTS_AT = (slice(24, 28), slice(92, 96))
_HEADER_BYTES = 100


def seal(library: Path) -> None:
    """Write down the checksum of a closed library; where the disk refuses, it goes without."""
    with contextlib.suppress(OSError):
        counts = _counts(library)
        known = _read(library)
        if known is None or known[0] != counts[0]:
            write_durably(_seal_of(library), f"{counts[0]} {_checksum(library)}\n".encode("ascii"))


def is_as_sealed(library: Path) -> bool:
    """Whether a library has the bytes that its seal says, or the seal is about another state of it.

    Raises:
        OSError: it cannot be read.
    """
    known = _read(library)
    return known is None or known[0] not in _counts(library) or known[1] == _checksum(library)


def delete_checksum(library: Path) -> None:
    """Remove the seal: it is not about this library, or another one is about to take its place.

    Raises:
        OSError: the disk refuses.
    """
    _seal_of(library).unlink(missing_ok=True)


def _seal_of(library: Path) -> Path:
    return library.with_name(library.name + _SEAL_SUFFIX)


def _read(library: Path) -> tuple[int, str] | None:
    """The count and the checksum that a seal says; None if there is none that can be read."""
    try:
        count, checksum = _seal_of(library).read_text(encoding="ascii").split()
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
