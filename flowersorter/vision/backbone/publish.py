"""Atomic file replacement that is durable when the call returns."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def publish(part: Path, target: Path) -> None:
    """Rename a finished file onto its target so that it survives a power cut whole.

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
    """Write a file atomically; create its folder if needed.

    Raises:
        OSError: it could not be written; the earlier file is unchanged.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        publish(part, target)
    finally:
        part.unlink(missing_ok=True)
