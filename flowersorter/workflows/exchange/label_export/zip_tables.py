"""Writes an archive of CSV tables and texts; a table that another one goes before waits on the disk."""

from __future__ import annotations

import csv
import io
import mimetypes
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import PurePath
from types import TracebackType
from typing import IO, BinaryIO, Self

from flowersorter.photos.sidecars import RAW_SUFFIXES

_IN_MEMORY = 16 << 20
#: What `mimetypes` knows nothing of, on some systems.
_MEDIA_TYPES = {
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".hif": "image/heif",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".jxl": "image/jxl",
    ".jp2": "image/jp2",
    ".dng": "image/x-adobe-dng",
}
_KNOWN = mimetypes.MimeTypes()


class TableFile(AbstractContextManager["TableFile"]):
    """A table that grows line by line, in memory at first, later on the disk.

    Args:
        head: Names of the columns.
    """

    def __init__(self, head: Sequence[str]) -> None:
        self._bytes: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._text = io.TextIOWrapper(self._bytes, "utf-8", "backslashreplace", newline="")
        self._table = csv.writer(self._text, lineterminator="\n")
        self._table.writerow(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def add(self, *cells: object) -> None:
        """Add a line; None is an empty cell."""
        self._table.writerow(cells)

    def save(self, archive: zipfile.ZipFile, name: str) -> None:
        """Put the table into an archive."""
        self._text.flush()
        self._bytes.seek(0)
        with archive.open(name, "w") as file:
            shutil.copyfileobj(self._bytes, file)


def new_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Begin an archive."""
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)


def media_type(name: str) -> str:
    """The media type of a photo, by the suffix of its name."""
    suffix = PurePath(name).suffix.lower()
    if suffix in _MEDIA_TYPES:
        return _MEDIA_TYPES[suffix]
    if suffix in RAW_SUFFIXES:
        return "image/x-raw"
    return _KNOWN.guess_type(f"photo{suffix}")[0] or "application/octet-stream"
