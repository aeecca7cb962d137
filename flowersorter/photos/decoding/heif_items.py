"""Finds the parts of files in boxes: the thumbnail and the end of a HEIC, the EXIF data of a JPEG 2000.

Boxes are those of ISO/IEC 14496-12, the table of items of a HEIC that of 23008-12.
"""

from __future__ import annotations

from collections.abc import Iterator

_THUMBNAIL = b"thmb"
#: Begins the box with the EXIF data of a JPEG 2000, by agreement of programs.
_JP2_EXIF = b"JpgTiffExif->JP2"
_IN_FILE = 0  # construction method of an item whose bytes are at an offset in the file


def thumbnail_extent(head: bytes) -> tuple[int, int] | None:
    """Offset and length in bytes of the one thumbnail of a HEIC; None for another number, and where it is in parts.

    Args:
        head: The beginning of the file.
    """
    meta = next((box for kind, box in _boxes(head) if kind == b"meta"), b"")
    inside = dict(_boxes(meta[4:]))
    if b"iref" not in inside or b"iloc" not in inside:
        return None
    wide = inside[b"iref"][:1] != b"\0"
    ids = [
        int.from_bytes(box[: 4 if wide else 2], "big")
        for kind, box in _boxes(inside[b"iref"][4:])
        if kind == _THUMBNAIL
    ]
    return _extents(inside[b"iloc"]).get(ids[0]) if len(ids) == 1 else None


def jp2_exif(data: bytes) -> bytes:
    """The EXIF data of a JPEG 2000, from their TIFF header on; empty for a file without."""
    found = (box for kind, box in _boxes(data) if kind == b"uuid" and box.startswith(_JP2_EXIF))
    return next(found, b"").removeprefix(_JP2_EXIF)


def last_box_end(data: bytes) -> int:
    """The offset behind the last box of an ISO media file, as the sizes of its boxes say."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:  # the real size follows, in 64 bits
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:  # 0: up to the end of the file
            return len(data)
        position += size
    return position


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and contents of the boxes in these bytes that are whole and have a 32-bit size."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8 or at + size > len(data):
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


class _Numbers:
    """Reads numbers one after the other; beyond the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, length: int) -> int:
        self._at += length
        return int.from_bytes(self._data[self._at - length : self._at], "big")


def _extents(iloc: bytes) -> dict[int, tuple[int, int]]:
    """Offset and length of each item that lies in the file in one part."""
    numbers, found = _Numbers(iloc), dict[int, tuple[int, int]]()
    version = numbers.take(1)
    numbers.take(3)
    sizes = numbers.take(1), numbers.take(1)
    offset_size, length_size, base_size, index_size = (size >> shift & 15 for size in sizes for shift in (4, 0))
    for _ in range(numbers.take(2 if version < 2 else 4)):
        item = numbers.take(2 if version < 2 else 4)
        method = numbers.take(2) & 15 if version else _IN_FILE
        numbers.take(2)
        base, parts = numbers.take(base_size), numbers.take(2)
        for _ in range(parts):
            numbers.take(index_size if version else 0)
            begin, length = base + numbers.take(offset_size), numbers.take(length_size)
            if parts == 1 and method == _IN_FILE and length:
                found[item] = begin, length
    return found
