"""Reasons why a file cannot be decoded as a photo, for the person."""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from flowersorter.errors import PhotoOutOfReach, PhotoUnreadable
from flowersorter.messages import text

CUT_OFF = text("the file is incomplete")
#: A remark on a photo that decodes.
END_MISSING = text("the end of the file is missing")
DAMAGED = text("the image is damaged")
UNSUPPORTED = text("it is a kind of image that FlowerSorter cannot open; save it as JPEG or PNG")

#: Parts of the messages of Pillow, libheif, libavif, libtiff and zlib for data that ends too early.
_CUT_OFF_SIGNS = (
    "truncated",
    "end of file",
    "end-of-file",
    "incomplete",
    "not enough data",
    "unrecognized data",
    "read error",
)
#: The same for data that is intact, in a form that the library does not decode.
_UNSUPPORTED_SIGNS = ("unsupported feature", "support is not configured")

_REASONS_BY_ERRNO = {
    errno.ENOENT: text("the file is not there"),
    errno.ENOTDIR: text("the file is not there"),
    errno.EACCES: text("access is refused"),
    errno.EPERM: text("access is refused"),
    errno.EISDIR: text("it is a folder"),
    errno.ELOOP: text("it is a link that leads to itself"),
    errno.EIO: text("the drive cannot read it"),
    errno.ENAMETOOLONG: text("its name is too long for this system"),
}


class RefusalError(Exception):
    """A file that is refused before or while decoding; its text is the reason for the person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def shown_name(path: Path) -> str:
    """Return the file's name as text that every terminal and log can print."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def unreadable(path: Path, reason: str) -> PhotoUnreadable:
    """Return the error to raise for a photo and the reason it cannot be read."""
    return PhotoUnreadable(text("{name} cannot be opened as a photo", name=shown_name(path)), reason)


def out_of_reach(path: Path, reason: str) -> PhotoOutOfReach:
    """Return the error to raise for a photo that may be readable at another time."""
    return PhotoOutOfReach(text("{name} cannot be opened as a photo", name=shown_name(path)), reason)


def file_reason(error: OSError | ValueError) -> str:
    """Return why the system could not open a file or folder."""
    if not isinstance(error, OSError):
        return text("its name is not valid on this system")
    known = _REASONS_BY_ERRNO.get(error.errno or 0)
    return known or ((error.strerror or "").lower() or text("the system refuses it"))


def saving_reason(error: OSError, file: Path) -> str:
    """Return why the system could not save a file; where its folder is missing, that it is not there would mislead."""
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR) and not file.parent.is_dir()
    return text("the folder does not exist") if missing else file_reason(error)


def decoder_reason(error: Exception) -> str:
    """Return why a decoder failed, for any exception of it; its notes are the messages of the library below."""
    if isinstance(error, RefusalError):
        return error.reason
    if isinstance(error, MemoryError):
        return text("there is not enough memory to open it")
    if isinstance(error, Image.DecompressionBombError):
        return text("the image has too many pixels")
    notes = getattr(error, "__notes__", [])
    words = " ".join((str(error), *notes)).lower()
    if isinstance(error, EOFError | zlib.error) or any(sign in words for sign in _CUT_OFF_SIGNS):
        return CUT_OFF
    if any(sign in words for sign in _UNSUPPORTED_SIGNS):
        return UNSUPPORTED
    return text("{reason} ({note})", reason=DAMAGED, note=notes[0]) if notes else DAMAGED


@contextmanager
def decoder_boundary(path: Path) -> Iterator[None]:
    """Turn every exception of a decoder into `PhotoUnreadable`.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    try:
        yield
    except PhotoUnreadable:
        raise
    except MemoryError as error:
        raise out_of_reach(path, decoder_reason(error)) from error
    except Exception as error:  # decoders can raise anything on broken bytes
        raise unreadable(path, decoder_reason(error)) from error
