"""Detects a file that decodes although its end is missing, because no pixel is stored there."""

from __future__ import annotations

from flowersorter.photos.decoding.jpeg_scans import END_OF_IMAGE, START_OF_SCAN, markers
from flowersorter.photos.decoding.raw_kinds import RAW, lacks_raw_end

#: The last chunk of a PNG, always with the same checksum (PNG specification, 11.2.5).
_PNG_END = b"IEND\xae\x42\x60\x82"

# GIF89a, sections 17 to 27.
_GIF_IMAGE, _GIF_END = 0x2C, 0x3B
_GIF_HEADER_BYTES, _GIF_IMAGE_BYTES, _GIF_EXTENSION_BYTES = 13, 10, 2


def lacks_end(data: bytes, kind: str) -> bool:
    """Whether the end of a JPEG, PNG, GIF or RAW that decodes is missing; other formats do not decode without it.

    Args:
        data: The file.
        kind: The name of its format, as `format_of` gives it.
    """
    if kind == RAW:
        return lacks_raw_end(data)
    if kind == "JPEG":
        # Coded data holds no marker by chance, so an end behind the last scan is the picture's.
        ended = data.rfind(END_OF_IMAGE) > data.rfind(START_OF_SCAN)
        return not ended and END_OF_IMAGE not in markers(data)
    if kind == "PNG":
        return _PNG_END not in data
    return kind == "GIF" and not data.endswith(bytes([_GIF_END])) and not _gif_has_end(data)


def _gif_has_end(data: bytes) -> bool:
    """Whether the blocks of a GIF lead to its trailer."""
    position = _GIF_HEADER_BYTES + _colour_table_bytes(data, _GIF_HEADER_BYTES - 3)
    while position < len(data) and data[position] != _GIF_END:
        if data[position] == _GIF_IMAGE:
            # The smallest code size follows the colour table.
            position += _GIF_IMAGE_BYTES + _colour_table_bytes(data, position + _GIF_IMAGE_BYTES - 1) + 1
        else:
            position += _GIF_EXTENSION_BYTES
        while position < len(data) and data[position]:
            position += data[position] + 1
        position += 1
    return position < len(data)


def _colour_table_bytes(data: bytes, flags_at: int) -> int:
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
