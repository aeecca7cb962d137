"""The checksum of the library, written when it is closed: detects damage that SQLite cannot.

SQLite detects a torn page, but not a flipped bit inside a name or a label. The checksum file holds the transaction
count of the library and the checksum of its bytes at that count; at any other count (after a crash) it does not apply.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from flowersorter.atomic_write import write_atomically
from flowersorter.errors import CollectionDamaged

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


def verify_checksum(library: Path) -> None:
    """Compare a library with its checksum, if that was written at the same transaction count.

    Raises:
        CollectionDamaged: its bytes have changed since it was closed.
        OSError: it cannot be read.
    """
    known = _read(library)
    if known is not None and known[0] in _counts(library) and known[1] != _checksum(library):
        raise CollectionDamaged(f"The library {library} is damaged", "its bytes have changed since it was closed")


def delete_checksum(library: Path) -> None:
    """Delete the checksum before the library file is replaced.

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
