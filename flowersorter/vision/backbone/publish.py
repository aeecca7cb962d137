"""Put a finished file in place whole or not at all, and on disk when the call returns."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def publish(part: Path, target: Path) -> None:
    """Rename a finished file onto its target so that it is there whole even after a power cut.

    Raises:
        OSError: the system refused.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    with suppress(OSError):  # Windows cannot open a folder, and keeps renames safe by itself
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_atomically(target: Path, data: bytes) -> None:
    """Write a file; its folder is made if needed.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        publish(part, target)
    finally:
        part.unlink(missing_ok=True)
