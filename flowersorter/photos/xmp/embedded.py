"""Finds the XMP inside a photo file, and the IPTC data in a JPEG or TIFF; RAW files are mostly TIFFs.

Only the headers are read, and the data themselves. A damaged file has none.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.decoding.raw_kinds import as_tiff
from flowersorter.photos.file_bytes import open_regular
from flowersorter.photos.xmp.boxes import box_packets, has_boxes
from flowersorter.photos.xmp.document import MAX_BYTES

#: XMP specification part 3: 1.1.3 (JPEG), 1.1.4 (PNG), 1.1.5 (TIFF).
_JPEG_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_MARK = b"XML:com.adobe.xmp\0"
_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF_TAG = 700
#: IPTC data, and Photoshop's image resources, which have them too.
_IPTC_TAGS = (33723, 34377)
_LONG = 4
_TIFF_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_PHOTOSHOP_MARK = b"Photoshop 3.0\0"
_APP1, _APP13, _START_OF_SCAN, _STAND_ALONE = 0xE1, 0xED, 0xDA, frozenset((0x01, *range(0xD0, 0xD9)))
#: More parts of a file than any program writes before its pixels.
_MOST_PARTS = 10_000
_MOST_ENTRIES = 1000


def embedded_packets(path: Path) -> list[bytes]:
    """Return the XMP documents inside a photo, mostly one or none; none for a file that cannot be read."""
    try:
        with open_regular(path) as stream:
            head = stream.read(16) or b""
            return [packet for packet in _packets(stream, head) if len(packet) <= MAX_BYTES]
    except (PhotoUnreadable, OSError, ValueError, struct.error, zlib.error):
        return []


def _packets(stream: FileIO, head: bytes) -> Iterator[bytes]:
    if head.startswith(b"\xff\xd8\xff"):
        yield from _of_jpeg(stream)
    elif head.startswith(_PNG):
        yield from _of_png(stream)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        yield from _of_webp(stream)
    elif has_boxes(head):
        yield from box_packets(stream, head)
    else:
        order = _TIFF_ORDERS.get(as_tiff(head)[:4])
        if order is not None:
            yield from _of_tiff(stream, order, _TIFF_TAG)


def iptc_blocks(path: Path) -> list[bytes]:
    """Return the IPTC data inside a JPEG or TIFF, where programs stored keywords before XMP; none for another file."""
    try:
        with open_regular(path) as stream:
            head = stream.read(16) or b""
            if head.startswith(b"\xff\xd8\xff"):
                return list(_segments(stream, _APP13, _PHOTOSHOP_MARK))
            order = _TIFF_ORDERS.get(as_tiff(head)[:4])
            found = (block for tag in _IPTC_TAGS for block in _of_tiff(stream, order, tag)) if order else ()
            return [block for block in found if len(block) <= MAX_BYTES]
    except (PhotoUnreadable, OSError, ValueError, struct.error):
        return []


def _of_jpeg(stream: FileIO) -> Iterator[bytes]:
    return _segments(stream, _APP1, _JPEG_MARK)


def _segments(stream: FileIO, marker: int, mark: bytes) -> Iterator[bytes]:
    """The segments of a JPEG with a marker that begin with these bytes, without them (ITU T.81, B.1)."""
    at = 2
    for _ in range(_MOST_PARTS):
        header = _read(stream, at, 4)
        if len(header) < 4 or header[0] != 0xFF or header[1] == _START_OF_SCAN:
            return
        if header[1] == 0xFF or header[1] in _STAND_ALONE:  # padding, or a marker without a length
            at += 1 if header[1] == 0xFF else 2
            continue
        size = int.from_bytes(header[2:], "big")
        if header[1] == marker and _read(stream, at + 4, len(mark)) == mark:
            yield _read(stream, at + 4 + len(mark), size - 2 - len(mark))
        at += 2 + size


def _of_png(stream: FileIO) -> Iterator[bytes]:
    at = len(_PNG)
    for _ in range(_MOST_PARTS):
        header = _read(stream, at, 8)
        if len(header) < 8 or header[4:] == b"IEND":
            return
        size = int.from_bytes(header[:4], "big")
        if header[4:] == b"iTXt" and size <= MAX_BYTES:
            yield from _of_text_chunk(_read(stream, at + 8, size))
        at += 12 + size


def _of_text_chunk(chunk: bytes) -> Iterator[bytes]:
    """The text of an iTXt chunk (PNG 3, 11.3.3.4), which may be compressed."""
    if not chunk.startswith(_PNG_MARK):
        return
    compressed, rest = chunk[len(_PNG_MARK)], chunk[len(_PNG_MARK) + 2 :]
    parts = rest.split(b"\0", 2)
    if len(parts) == 3:
        yield zlib.decompressobj().decompress(parts[2], MAX_BYTES + 1) if compressed else parts[2]


def _of_webp(stream: FileIO) -> Iterator[bytes]:
    at = 12
    for _ in range(_MOST_PARTS):
        header = _read(stream, at, 8)
        if len(header) < 8:
            return
        size = int.from_bytes(header[4:], "little")
        if header[:4] == b"XMP ":
            yield _read(stream, at + 8, size)
        at += 8 + size + size % 2


def _of_tiff(stream: FileIO, order: str, wanted: int) -> Iterator[bytes]:
    """The values of a tag in the first folder: single bytes, which some programs call numbers of four."""
    (at,) = struct.unpack(order + "I", _read(stream, 4, 4))
    (count,) = struct.unpack(order + "H", _read(stream, at, 2))
    for number in range(min(count, _MOST_ENTRIES)):
        entry = at + 2 + 12 * number
        tag, kind, size, where = struct.unpack(order + "HHII", _read(stream, entry, 12))
        if tag == wanted:
            size *= 4 if kind == _LONG else 1
            yield _read(stream, entry + 8 if size <= 4 else where, size)


def _read(stream: FileIO, at: int, size: int) -> bytes:
    stream.seek(at)
    return stream.read(max(0, min(size, MAX_BYTES + 1))) or b""
