"""Writes pictures with more than 8 bits a sample, which Pillow reads but cannot write: as PNG and as TIFF."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_PNG_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_SHORT, _LONG, _BYTES, _FLOAT = 3, 4, 7, 11
_FORMATS = {"u": 1, "i": 2, "f": 3}


def png_of(samples: NDArray[Any], *, significant_bits: int | None = None, chunks: Sequence[bytes] = ()) -> bytes:
    """Return a PNG of (H, W, C) uint8 or uint16 samples: grey, grey and alpha, colour, colour and alpha."""
    height, width, channels = samples.shape
    bits = 8 * samples.itemsize
    rows = b"".join(b"\0" + row.astype(f">u{samples.itemsize}").tobytes() for row in samples)
    header = struct.pack(">LLBBBBB", width, height, bits, _PNG_COLOUR_TYPES[channels], 0, 0, 0)
    significant = b"" if significant_bits is None else png_chunk(b"sBIT", bytes([significant_bits] * channels))
    middle = significant + b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + middle + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def tiff_of(
    samples: NDArray[Any],
    *,
    order: Literal["<", ">"] = "<",
    separate_planes: bool = False,
    compressed: bool = False,
    rows_per_strip: int | None = None,
    tags: dict[int, tuple[int, Any]] | None = None,
) -> bytes:
    """Return a TIFF of (H, W, C) samples of any type: 1 channel is grey, 3 are colours, a fourth is alpha.

    Args:
        samples: Its pixels.
        order: Byte order.
        separate_planes: One plane a channel instead of one pixel after the other.
        compressed: By deflate.
        rows_per_strip: All by default.
        tags: Type and values of further tags, by number; they replace those of the picture.
    """
    height, width, channels = samples.shape
    rows = rows_per_strip or height
    planes = np.split(samples, channels, axis=2) if separate_planes else [samples]
    kind = samples.dtype.newbyteorder(order)
    strips = [plane[top : top + rows].astype(kind).tobytes() for plane in planes for top in range(0, height, rows)]
    strips = [zlib.compress(strip) for strip in strips] if compressed else strips
    picture: dict[int, tuple[int, Any]] = {
        258: (_SHORT, [8 * samples.itemsize] * channels),
        259: (_SHORT, [8 if compressed else 1]),
        262: (_SHORT, [2 if channels > 2 else 1]),
        277: (_SHORT, [channels]),
        284: (_SHORT, [2 if separate_planes else 1]),
        339: (_SHORT, [_FORMATS[samples.dtype.kind]] * channels),
        **({338: (_SHORT, [2])} if channels in (2, 4) else {}),
    }
    return tiff_of_strips(strips, (width, height), rows, picture | (tags or {}), order)


def tiff_of_strips(
    strips: Sequence[bytes],
    size: tuple[int, int],
    rows_per_strip: int,
    tags: dict[int, tuple[int, Any]],
    order: str = "<",
) -> bytes:
    """Return a TIFF of strips as they stand in the file.

    Args:
        strips: From the top.
        size: (width, height).
        rows_per_strip: Of each strip but the last.
        tags: Type and values of all other tags, by number.
        order: Byte order.
    """
    entries = {
        256: (_LONG, [size[0]]),
        257: (_LONG, [size[1]]),
        273: (_LONG, [0] * len(strips)),
        278: (_LONG, [rows_per_strip]),
        279: (_LONG, [len(strip) for strip in strips]),
        **tags,
    }
    letters = {_SHORT: "H", _LONG: "L", _BYTES: "B", _FLOAT: "f"}
    bodies_at = 8 + 2 + 12 * len(entries) + 4
    sizes = [len(values) * struct.calcsize(order + letters[kind]) for kind, values in entries.values()]
    strips_at = bodies_at + sum(size for size in sizes if size > 4)
    starts = [strips_at, *(strips_at + end for end in accumulate(map(len, strips)))][:-1]
    entries[273] = (_LONG, starts)
    folder, bodies = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        body = struct.pack(f"{order}{len(values)}{letters[kind]}", *values)
        if len(body) > 4:
            place, bodies = struct.pack(order + "L", bodies_at + len(bodies)), bodies + body
        else:
            place = body.ljust(4, b"\0")
        folder += struct.pack(order + "HHL", tag, kind, len(values)) + place
    signature = b"II*\0" if order == "<" else b"MM\0*"
    return signature + struct.pack(order + "L", 8) + folder + bytes(4) + bodies + b"".join(strips)
