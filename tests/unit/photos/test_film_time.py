"""A film says when it was taken: with the photo of its name, or on another day."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flowersorter.photos.film_time import taken_at_another_time
from tests.drawing import film_bytes

PHOTO = datetime(2024, 5, 5, 10, 0, 0)


def another(tmp_path: Path, data: bytes) -> bool:
    film = tmp_path / "IMG_0001.MOV"
    film.write_bytes(data)
    return taken_at_another_time(film, PHOTO)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("zone_hours", [0, 2, -9.5, 5.75, 14, -12])
def test_a_film_of_the_same_moment_in_any_zone(tmp_path: Path, zone_hours: float, wide: bool) -> None:
    utc = PHOTO - timedelta(hours=zone_hours)
    for off_s in (-12, -1, 0, 2, 12):
        assert not another(tmp_path, film_bytes(utc + timedelta(seconds=off_s), wide=wide))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    "away",
    [timedelta(days=-365), timedelta(days=1), timedelta(days=1000), timedelta(hours=3, minutes=5), timedelta(hours=15)],
)
def test_a_film_of_another_moment(tmp_path: Path, away: timedelta, wide: bool) -> None:
    assert another(tmp_path, film_bytes(PHOTO + away, wide=wide))


def test_a_photo_may_be_taken_while_the_film_is(tmp_path: Path) -> None:
    """Cameras write the beginning of a film or its end."""
    for off_s in (-200, 200):
        assert not another(tmp_path, film_bytes(PHOTO + timedelta(seconds=off_s), seconds=240))
        assert another(tmp_path, film_bytes(PHOTO + timedelta(seconds=off_s), seconds=60))


def test_the_clock_on_the_wall_counts_where_a_program_wrote_the_film_again(tmp_path: Path) -> None:
    later = PHOTO + timedelta(days=90)
    assert not another(tmp_path, film_bytes(later, wall_clock="2024-05-05T10:00:01+0200"))
    assert not another(tmp_path, film_bytes(later, wall_clock="2024-05-05T09:59:58-09:30"))
    assert another(tmp_path, film_bytes(later, wall_clock="2023-05-05T10:00:00+0200"))
    assert another(tmp_path, film_bytes(later, wall_clock="2024-99-99T10:00:00+0200"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a film at all",
        b"RIFF\x10\0\0\0AVI LIST",
        bytes(100),
        film_bytes(None),
        film_bytes(datetime(1970, 1, 1)),
        film_bytes(PHOTO - timedelta(days=9))[:-150],
        struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 2**63) + bytes(100),
        struct.pack(">I", 8) + b"free",
        struct.pack(">I", 0) + b"mdat" + bytes(100),
    ],
)
def test_a_film_that_does_not_say_so_goes_by_its_name(tmp_path: Path, data: bytes) -> None:
    assert not another(tmp_path, data)


def test_a_large_film_is_not_read(tmp_path: Path) -> None:
    """The description stands behind the pictures, whose box may have a size of 64 bits."""
    small = film_bytes(PHOTO - timedelta(days=9))
    description = small[small.index(b"moov") - 4 :]
    film = tmp_path / "film.mp4"
    with film.open("wb") as stream:
        stream.write(struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 6_000_000_000))
        stream.seek(6_000_000_000)
        stream.write(description)
    assert taken_at_another_time(film, PHOTO)
    assert not taken_at_another_time(film, PHOTO - timedelta(days=9))


def test_a_missing_film_goes_by_its_name(tmp_path: Path) -> None:
    assert not taken_at_another_time(tmp_path / "gone.mov", PHOTO)
