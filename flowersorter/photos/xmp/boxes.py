"""Finds the XMP in files made of boxes: HEIC and AVIF, JPEG XL, Canon's CR3, JPEG 2000.

Boxes are those of ISO/IEC 14496-12, 23008-12 and 18181-2.

Only the boxes that may have it are read, from where they are; films of the same kind are not looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from io import FileIO

from flowersorter.photos.decoding.heif_items import Extent, xmp_items
from flowersorter.photos.xmp.document import MAX_BYTES

_JXL = b"\0\0\0\x0cJXL \r\n\x87\n"
_JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
#: XMP specification part 3, 1.2.7.1: of a box with a kind of its own.
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
#: More boxes at the top of a file than any program writes before its pixels.
_MOST_BOXES = 1000
#: Of an XMP packet that JPEG XL keeps compressed.
_MOST_COMPRESSED = 1 << 20


def has_boxes(head: bytes) -> bool:
    """Whether a file begins like one that is read here."""
    return head.startswith((_JXL, _JP2)) or head[4:8] == b"ftyp"


def box_packets(stream: FileIO, head: bytes) -> Iterator[bytes]:
    """Yield the XMP documents in a file; nothing of a damaged one.

    Args:
        stream: The file.
        head: Its first 12 bytes at least.
    """
    is_jxl = head.startswith(_JXL)
    for kind, begin, end in _boxes(stream):
        size = min(end - begin, MAX_BYTES + 1)
        if kind == b"uuid" and _read(stream, begin, 16) == _XMP_UUID:
            yield _read(stream, begin + 16, size - 16)
        elif kind == b"meta":
            meta = _read(stream, begin, size)
            yield from (_item(stream, parts) for parts in xmp_items(meta))
        elif is_jxl and kind == b"xml ":
            yield _read(stream, begin, size)
        elif is_jxl and kind == b"brob" and size <= _MOST_COMPRESSED and _read(stream, begin, 4) == b"xml ":
            yield _decompressed(_read(stream, begin, size))


def _boxes(stream: FileIO) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each box at the top of a file, and the offsets of its content's begin and end."""
    at, whole = 0, stream.seek(0, 2)
    for _ in range(_MOST_BOXES):
        header = _read(stream, at, 16)
        if len(header) < 8:
            return
        size, begin = int.from_bytes(header[:4], "big"), at + 8
        if size == 1:  # the real size follows, in 64 bits
            size, begin = int.from_bytes(header[8:16], "big"), at + 16
        end = whole if size == 0 else at + size
        if end < begin or end > whole:
            return
        yield header[4:8], begin, end
        at = end


def _item(stream: FileIO, item: bytes | tuple[Extent, ...]) -> bytes:
    """The bytes of an item: those in the table itself, or its parts in the file."""
    if isinstance(item, bytes):
        return item
    left, parts = MAX_BYTES + 1, []
    for begin, size in item:
        parts.append(_read(stream, begin, min(size, left)))
        left -= len(parts[-1])
    return b"".join(parts)


def _decompressed(content: bytes) -> bytes:
    """The content of a compressed box. The package decompresses it in a file with a picture of one pixel around it."""
    try:
        import pylibjxl
    except ImportError:
        return b""
    box = (8 + len(content)).to_bytes(4, "big") + b"brob" + content
    kind = b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
    picture = _one_pixel()
    codestream = (8 + len(picture)).to_bytes(4, "big") + b"jxlc" + picture
    try:
        _, metadata = pylibjxl.decode(_JXL + kind + box + codestream, metadata=True)
    except (RuntimeError, ValueError, MemoryError):
        return b""
    found = metadata.get("xmp", b"")
    return found if isinstance(found, bytes) and found != content else b""


@cache
def _one_pixel() -> bytes:
    import numpy as np
    import pylibjxl

    encoded: bytes = pylibjxl.encode(np.zeros((1, 1, 3), np.uint8))
    return encoded


def _read(stream: FileIO, at: int, size: int) -> bytes:
    stream.seek(at)
    return stream.read(max(0, size)) or b""
