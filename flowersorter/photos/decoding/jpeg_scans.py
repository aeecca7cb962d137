"""Counts the scans of a JPEG before it is decoded: each costs a pass over the whole picture, and takes a few bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Encoders write about ten; a file of 1.5 MB can hold thousands, which take hours.
MAX_SCANS = 500

START_OF_SCAN, END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
#: A marker among the coded data (ITU T.81, B.1.1.2): neither a stuffed zero, nor a restart marker, nor a fill byte.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


def too_many_scans(data: bytes) -> bool:
    """Whether the first picture of a JPEG file has more than `MAX_SCANS` scans."""
    # The two bytes also occur by chance in data that cameras append, such as a video; counting them all is quick.
    return data.count(START_OF_SCAN) > MAX_SCANS and _scans(data) > MAX_SCANS


def _scans(data: bytes) -> int:
    """Count the scans up to the end of the first picture, and no further than the limit is passed."""
    scans = 0
    for marker in markers(data):
        scans += marker == START_OF_SCAN
        if scans > MAX_SCANS:
            break
    return scans


def markers(data: bytes) -> Iterator[bytes]:
    """Return the markers of the first picture of a JPEG file after its first one, up to its end if that is there."""
    position = 2
    while (marker := _MARKER.search(data, position)) is not None:
        yield marker[0]
        if marker[0] == END_OF_IMAGE:
            return
        position = marker.end()
        position += int.from_bytes(data[position : position + 2], "big")  # its header, which may hold any bytes
