"""Lists the pictures in a zip archive, which may come from anywhere, and reads them without unpacking anything else.

No path of an archive is ever used on the disk. Names that lead out of it, links and pictures of impossible sizes are
left out, and an archive that unpacks to far more than its size is refused.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.photos.file_bytes import MAX_BYTES
from flowersorter.photos.read_errors import file_reason
from flowersorter.photos.scan import looks_like_photo
from flowersorter.workflows.exchange.label_import.given_labels import Omission, refused

#: Names of zip archives: Teachable Machine calls its own ".tm".
PACKED_SUFFIXES = frozenset({".tm", ".zip"})
#: More than photos ever shrink; a drawing or a black picture alone may, so what unpacks to little is not measured.
_MOST_SHRUNK, _SMALL_BYTES = 100, 64 << 20
_MOST_ENTRIES = 2_000_000
_PART_BYTES = 1 << 20
_ENCRYPTED, _UTF_8 = 0x1, 0x800
#: What `zipfile` raises for bytes that are damaged or packed in a way that it does not know.
_DAMAGES = (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError, zlib.error, OSError)
_SEPARATORS, _DRIVE = re.compile(r"[/\\]"), re.compile(r"[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class PackedPicture:
    """A picture in an archive.

    Attributes:
        name: Its path in the archive, with "/"; relative, without "..".
        entry: Of the archive.
    """

    name: str
    entry: zipfile.ZipInfo


class PhotoArchive(AbstractContextManager["PhotoArchive"]):
    """The pictures of a zip archive.

    Args:
        source: The file.

    Attributes:
        names: Every name in it that is safe, with "/", also of files that are no pictures.
        pictures: The pictures, in the order of the archive.
        left_out: How many others are left out, by reason.

    Raises:
        UserError: it cannot be read, is no zip archive, is encrypted, or unpacks to far more than its size.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        try:
            size_bytes = source.stat().st_size
            self._zip = zipfile.ZipFile(source)
        except OSError as error:
            raise refused(source, file_reason(error)) from error
        except (*_DAMAGES, OverflowError, MemoryError) as error:
            raise refused(source, text("it is damaged, or no zip archive")) from error
        self.names: list[str] = []
        self.pictures: list[PackedPicture] = []
        self.left_out = Counter[Omission]()
        try:
            self._list(size_bytes)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def _list(self, size_bytes: int) -> None:
        entries = self._zip.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise refused(self._source, text("it has more than {count} files", count=_MOST_ENTRIES))
        for entry in entries:
            if not entry.is_dir():
                self._add(entry)
        unpacked = sum(picture.entry.file_size for picture in self.pictures)
        if unpacked > max(_SMALL_BYTES, _MOST_SHRUNK * size_bytes):
            raise refused(self._source, text("it would unpack to far more than its size, as no photos do"))

    def _add(self, entry: zipfile.ZipInfo) -> None:
        written = _name_of(entry)
        parts = [part for part in _SEPARATORS.split(written) if part != "."]
        is_picture = bool(parts) and looks_like_photo(Path(parts[-1]))
        if parts[:1] == ["__MACOSX"] or any(part.startswith(".") and part.strip(". ") for part in parts):
            return  # hidden, or what macOS adds to each file
        if not all(part and part.strip(". ") for part in parts) or _DRIVE.match(written):
            self.left_out[Omission.UNSAFE] += is_picture
            return
        name = "/".join(parts)
        self.names.append(name)
        if not is_picture:
            return
        if entry.flag_bits & _ENCRYPTED:
            raise refused(
                self._source, text("it is encrypted"), text("Unpack it with its password, and name the folder")
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            self.left_out[Omission.LINK] += 1
        elif entry.file_size > MAX_BYTES:
            self.left_out[Omission.TOO_LARGE] += 1
        else:
            self.pictures.append(PackedPicture(name, entry))

    def parts(self, picture: PackedPicture, cancel: CancelToken) -> Iterator[bytes]:
        """Yield the bytes of a picture in parts; its checksum is compared at the end.

        Raises:
            BadZipFile: it is damaged, or packed in a way that is not known.
            Cancelled: asked to stop.
        """
        try:
            with self._zip.open(picture.entry) as file:
                while part := file.read(_PART_BYTES):
                    cancel.check()
                    yield part
        except _DAMAGES as error:
            raise zipfile.BadZipFile(picture.name) from error

    def sha256(self, picture: PackedPicture, cancel: CancelToken) -> bytes:
        """Return the digest of a picture's bytes; b"" where it is damaged, which `left_out` counts.

        Raises:
            Cancelled: asked to stop.
        """
        digest = hashlib.sha256()
        try:
            for part in self.parts(picture, cancel):
                digest.update(part)
        except zipfile.BadZipFile:
            self.left_out[Omission.DAMAGED] += 1
            return b""
        return digest.digest()


def _name_of(entry: zipfile.ZipInfo) -> str:
    """The name of an entry. Some programs write UTF-8 without its flag, which `zipfile` takes for other letters."""
    if entry.flag_bits & _UTF_8 or entry.filename.isascii():
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def folder_of(name: str) -> PurePosixPath:
    """The folder of a name in an archive; "." at its top."""
    return PurePosixPath(name).parent
