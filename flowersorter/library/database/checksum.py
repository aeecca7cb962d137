"""Notices damage that SQLite cannot see: the library's checksum, written down whenever it is closed.

SQLite finds a torn page, but takes a flipped bit inside a name or a label for what was written. The seal says which
bytes the file had at a count of its transactions; at any other count (after a crash) it says nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import CollectionDamaged

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
            write_atomically(_seal_of(library), f"{counts[0]} {_checksum(library)}\n".encode("ascii"))


def verify_checksum(library: Path) -> None:
    """Compare a library with its seal, if that is about this state of it.

    Raises:
        CollectionDamaged: its bytes are not what they were when it was closed.
        OSError: it cannot be read.
    """
    known = _read(library)
    if known is not None and known[0] in _counts(library) and known[1] != _checksum(library):
        raise CollectionDamaged(f"The library {library} is damaged", "its bytes have changed since it was closed")


def delete_checksum(library: Path) -> None:
    """Another file is about to take the library's place.

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
