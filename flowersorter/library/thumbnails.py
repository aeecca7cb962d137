"""The cache of small pictures: one JPEG file a photo, all of it disposable."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"


class ThumbnailStore:
    """JPEG thumbnails by the SHA-256 of their photo; usable from every thread.

    Nothing here may stop a job: what cannot be written is simply not there, and is made again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: bytes) -> Path:
        """Where the thumbnail of a photo is or would be."""
        name = sha256.hex()
        # 256 folders keep 100,000 files at a few hundred a folder.
        return self._folder / name[:2] / f"{name}.jpg"

    def get(self, sha256: bytes) -> bytes | None:
        """The JPEG of a photo, or None where there is no whole one."""
        try:
            jpeg = self.path(sha256).read_bytes()
        except OSError:
            return None
        # A power cut can leave a file of the right length full of zeros.
        return jpeg if jpeg.startswith(_JPEG_START) and jpeg.endswith(_JPEG_END) else None

    def put(self, sha256: bytes, jpeg: bytes) -> None:
        """Keep a thumbnail, if the disk lets us."""
        target = self.path(sha256)
        part = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(jpeg)
            part.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
