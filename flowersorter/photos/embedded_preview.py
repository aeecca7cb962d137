"""Reads the small preview that cameras and phones store in a photo file, without reading the photo itself."""

from __future__ import annotations

import os
from dataclasses import replace
from io import FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.decode import Decoded, decode
from flowersorter.photos.decoding.heif_items import thumbnail_extent
from flowersorter.photos.file_bytes import open_regular
from flowersorter.photos.formats import format_of
from flowersorter.photos.metadata import orientation_in
from flowersorter.photos.read_errors import decoder_boundary

#: Bytes read of a file. The EXIF block of a JPEG, which has its preview, comes first and is not larger.
MOST_BYTES = 65_536
#: Of these, the bytes that hold the table of items of a HEIC; its thumbnail can be anywhere in the file.
_TABLE_BYTES = 24_576
#: A larger HEIC has no preview: as much memory is needed for it, almost all of it empty.
_MOST_HEIC_BYTES = 64 << 20
#: Suffixes of files that can have a preview: others are not opened.
PREVIEW_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".heic", ".heif", ".hif")

_EXIF_MARK = b"Exif\0\0"
_APP1, _START_OF_SCAN = 0xE1, 0xDA
#: Markers with the size of a JPEG: SOF0 to SOF15, without the three among them that are something else (ITU T.81, B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: A preview of which the photo fills less than this share is of another picture: the photo was cropped since.
_LEAST_FILLED = 0.4

_Size = tuple[float, float]


def read_preview(path: Path, *, short_side_px: int) -> NDArray[np.uint8] | None:
    """Return the preview of a photo, (H, W, 3) RGB, upright; None for a file without one, or that cannot be read.

    Reads at most `MOST_BYTES` of the file. Whether the photo itself can be read stays unknown.

    Args:
        path: The photo.
        short_side_px: Length of the shorter side of the pixels; a smaller preview is enlarged.
    """
    try:
        with open_regular(path) as stream, decoder_boundary(path):
            head = stream.read(_TABLE_BYTES) or b""
            found, kind = None, format_of(head)
            if kind == "JPEG":
                found = _of_jpeg(head + (stream.read(MOST_BYTES - len(head)) or b""), short_side_px)
            elif kind == "HEIF":
                found = _of_heic(stream, head, short_side_px)
            return None if found is None else found.network_pixels(short_side_px)
    except PhotoUnreadable:
        return None  # reading the photo gives the reason


def _of_jpeg(head: bytes, short_side_px: int) -> Decoded | None:
    """Decode the preview in the EXIF block of a JPEG, without the bars around it (EXIF 2.32, 4.5.8)."""
    block, size = _exif_and_size(head)
    exif = Image.Exif()
    exif.load(block)
    entries = exif.get_ifd(ExifTags.IFD.IFD1)
    begin = entries.get(ExifTags.Base.JpegIFOffset, 0)
    preview = block[begin : begin + entries.get(ExifTags.Base.JpegIFByteCount, 0)]
    if format_of(preview) != "JPEG":
        return None
    decoded = decode(preview, short_side_px=short_side_px, long_side_px=1)
    _, _, width, height = decoded.box
    box = _filled((width, height), size or (width, height))
    return None if box is None else replace(decoded, box=box, orientation=orientation_in(exif))


def _of_heic(stream: FileIO, head: bytes, short_side_px: int) -> Decoded | None:
    """Decode the thumbnail of a HEIC from a copy of the file in which all else is empty."""
    extent, size = thumbnail_extent(head), os.fstat(stream.fileno()).st_size
    if extent is None or extent[1] > MOST_BYTES - len(head) or not sum(extent) <= size <= _MOST_HEIC_BYTES:
        return None
    begin, length = extent
    stream.seek(begin)
    copy = bytearray(size)
    copy[: len(head)] = head
    copy[begin : begin + length] = stream.read(length) or b""
    return decode(bytes(copy), short_side_px=short_side_px, long_side_px=1, preview=True)


def _exif_and_size(head: bytes) -> tuple[bytes, _Size | None]:
    """Find the EXIF block of a JPEG, from its TIFF header on, and width and height of the photo as it is stored.

    Returns:
        The block, empty if there is none, and the size, None if it is not within these bytes.
    """
    exif, at = b"", 2
    while at + 9 <= len(head) and head[at] == 0xFF and head[at + 1] != _START_OF_SCAN:
        marker, end = head[at + 1], at + 2 + int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == _APP1 and not exif and head.startswith(_EXIF_MARK, at + 4):
            exif = head[at + 4 + len(_EXIF_MARK) : end]
        if marker in _FRAMES:
            height, width = (int.from_bytes(head[place : place + 2], "big") for place in (at + 5, at + 7))
            return exif, (width, height) if width and height else None
        at = end
    return exif, None


def _filled(preview: _Size, photo: _Size) -> tuple[float, float, float, float] | None:
    """Box of the part of a preview that the photo fills; None where that is too little.

    Cameras make previews of one shape, with bars beside a photo of another.
    """
    scale = min(preview[0] / photo[0], preview[1] / photo[1])
    width, height = photo[0] * scale, photo[1] * scale
    if width * height < _LEAST_FILLED * preview[0] * preview[1]:
        return None
    left, top = (preview[0] - width) / 2, (preview[1] - height) / 2
    return left, top, left + width, top + height
