"""Tells a film that was taken together with a photo from one of another day with the same name.

Cameras begin again at IMG_0001, so a name alone does not say that the two belong together.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

#: A photo and its film differ by this much at most, besides the length of the film.
_TOLERANCE_S = 10.0
#: MP4 and QuickTime say when a film was taken in UTC, or by the camera's clock, as a photo does. The zone is not known:
#: the two differ by any number of quarter hours, up to 14 hours.
_ZONE_S, _MOST_ZONE_S = 900, 14 * 3600

# ISO/IEC 14496-12, 4.2 and 8.2.2.
_EPOCH = datetime(1904, 1, 1)
_MOVIE, _MOVIE_HEADER = b"moov", b"mvhd"
_HEADER_BYTES = 8
_MOST_BOXES, _MOST_BYTES = 1000, 4 << 20
#: Earlier ones are of a clock that was never set, or of a program that counts from another year.
_EARLIEST = datetime(1990, 1, 1)
#: As phones write it into the metadata of a QuickTime film: by the clock on the wall, with its zone.
_WALL_CLOCK = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:?\d\d")


def taken_at_another_time(film: Path, taken_at: datetime) -> bool:
    """Whether a film states a time of recording, and a different one from a photo's; reads a few kilobytes of it.

    Args:
        film: An MP4 or QuickTime film; other kinds state no time.
        taken_at: When the photo was taken, by the camera's clock.
    """
    try:
        with film.open("rb") as stream:
            movie = _movie(stream)
    except OSError:
        return False
    header = _movie_header(movie)
    if header is None:
        return False
    began, length_s = header
    zoned = abs((taken_at - began).total_seconds())
    from_zone = abs(zoned - _ZONE_S * round(zoned / _ZONE_S)) if zoned < _MOST_ZONE_S + _ZONE_S / 2 else zoned
    differences = (from_zone, *(abs((taken_at - date).total_seconds()) for date in _wall_clocks(movie)))
    return min(differences) > _TOLERANCE_S + length_s


def _movie(stream: BinaryIO) -> bytes:
    """Return the contents of the box that describes the film, however far behind the pictures; empty without one."""
    for _ in range(_MOST_BOXES):
        header = stream.read(_HEADER_BYTES)
        size, read = int.from_bytes(header[:4], "big"), _HEADER_BYTES
        if size == 1:
            size, read = int.from_bytes(stream.read(_HEADER_BYTES), "big"), 2 * _HEADER_BYTES
        if header[4:] == _MOVIE:
            return stream.read(min(size - read, _MOST_BYTES) if size else _MOST_BYTES)
        if size < read:  # the last box, or no box at all
            break
        stream.seek(size - read, 1)
    return b""


def _movie_header(movie: bytes) -> tuple[datetime, float] | None:
    """Return when a film was taken and its length in seconds; None where it does not say so."""
    start = movie.find(_MOVIE_HEADER) + len(_MOVIE_HEADER)
    if start < len(_MOVIE_HEADER) or len(movie) < start + 32:
        return None
    # Version and flags, time of creation, time of change, units in a second, length.
    layout = ">4xQ8xIQ" if movie[start] == 1 else ">4xI4xII"
    created, scale, length = struct.unpack_from(layout, movie, start)
    try:
        date = _EPOCH + timedelta(seconds=created)
    except OverflowError:
        return None
    return None if date < _EARLIEST else (date, length / (scale or 1))


def _wall_clocks(movie: bytes) -> Iterator[datetime]:
    for found in _WALL_CLOCK.findall(movie):
        try:
            yield datetime.fromisoformat(found.decode()).replace(tzinfo=None)
        except ValueError:
            continue
