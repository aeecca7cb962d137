"""Finds the parts of files in boxes: thumbnail, XMP and end of a HEIC, the EXIF data of a JPEG 2000.

Boxes are those of ISO/IEC 14496-12, the table of items of a HEIC that of 23008-12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

#: Offset and length in bytes.
Extent: TypeAlias = tuple[int, int]

_THUMBNAIL = b"thmb"
#: Begins the box with the EXIF data of a JPEG 2000, by agreement of programs.
_JP2_EXIF = b"JpgTiffExif->JP2"
#: Construction methods of an item: its bytes are at offsets in the file, or in a box of the table.
_IN_FILE, _IN_TABLE = 0, 1
_XMP_TYPE = b"application/rdf+xml"


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
    if len(ids) != 1:
        return None
    found = next((item for item in _items(inside[b"iloc"]) if item.id == ids[0]), None)
    is_whole = found is not None and found.method == _IN_FILE and len(found.parts) == 1 and found.parts[0][1] > 0
    return found.parts[0] if is_whole and found is not None else None


def xmp_items(meta: bytes) -> list[bytes | tuple[Extent, ...]]:
    """Find the XMP documents among the items of a HEIC or AVIF.

    Args:
        meta: Content of its box of that name.

    Returns:
        The bytes of each, or its parts in the file.
    """
    inside = dict(_boxes(meta[4:]))
    ids, content = _xmp_ids(inside.get(b"iinf", b"")), inside.get(b"idat", b"")
    found: list[bytes | tuple[Extent, ...]] = []
    for item in _items(inside.get(b"iloc", b"")) if ids else ():
        if item.id in ids and item.method == _IN_FILE:
            found.append(item.parts)
        elif item.id in ids and item.method == _IN_TABLE:
            found.append(b"".join(content[begin : begin + size] for begin, size in item.parts))
    return found


def _xmp_ids(iinf: bytes) -> set[int]:
    """The ids of the items that are XMP (ISO/IEC 14496-12, 8.11.6)."""
    found = set[int]()
    for kind, box in _boxes(iinf[4 + (2 if iinf[:1] == b"\0" else 4) :]):
        if kind != b"infe" or box[:1] not in (b"\2", b"\3"):
            continue
        numbers = _Numbers(box)
        numbers.take(4)
        item = numbers.take(2 if box[:1] == b"\2" else 4)
        numbers.take(2)
        rest = box[numbers.at :]
        names = rest[4:].split(b"\0")
        if rest[:4] == b"mime" and len(names) > 1 and names[1] == _XMP_TYPE:
            found.add(item)
    return found


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
        self._data, self.at = data, 0

    @property
    def are_left(self) -> bool:
        """Whether the end is not reached."""
        return self.at < len(self._data)

    def take(self, length: int) -> int:
        self.at += length
        return int.from_bytes(self._data[self.at - length : self.at], "big")


@dataclass(frozen=True, slots=True)
class _Item:
    """The location of the bytes of an item.

    Attributes:
        id: Its number.
        method: `_IN_FILE`, `_IN_TABLE` or another.
        parts: Its parts, with offsets there.
    """

    id: int
    method: int
    parts: tuple[Extent, ...]


def _items(iloc: bytes) -> Iterator[_Item]:
    """The items of a table, of a damaged one as many as it has."""
    numbers = _Numbers(iloc)
    version = numbers.take(1)
    numbers.take(3)
    sizes = numbers.take(1), numbers.take(1)
    offset_size, length_size, base_size, index_size = (size >> shift & 15 for size in sizes for shift in (4, 0))
    left = numbers.take(2 if version < 2 else 4)
    while left and numbers.are_left:
        left -= 1
        item = numbers.take(2 if version < 2 else 4)
        method = numbers.take(2) & 15 if version else _IN_FILE
        numbers.take(2)
        base, parts_left, parts = numbers.take(base_size), numbers.take(2), list[Extent]()
        while parts_left and (numbers.are_left or not parts):
            parts_left -= 1
            numbers.take(index_size if version else 0)
            parts.append((base + numbers.take(offset_size), numbers.take(length_size)))
        yield _Item(item, method, tuple(parts))
