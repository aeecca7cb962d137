"""Dates and cameras from EXIF, and EXIF that is broken in any way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from flowersorter.photos.read import read_photo
from tests.drawing import assert_upright, exif_of, jpeg_bytes, write_jpeg, write_png


def _with_exif(path: Path, block: bytes) -> Path:
    data = jpeg_bytes()
    segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
    path.write_bytes(data[:2] + segment + data[2:])
    return path


def test_missing_exif_says_nothing(tmp_path: Path) -> None:
    for path in (write_jpeg(tmp_path / "a.jpg"), write_png(tmp_path / "a.png")):
        metadata = read_photo(path, short_side_px=64).metadata

        assert (metadata.taken_at, metadata.camera) == (None, None)


def test_first_good_date_counts(tmp_path: Path) -> None:
    exif = Image.Exif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = "0000:00:00 00:00:00"
    inner[ExifTags.Base.DateTimeDigitized] = "2021:02:03 04:05:06"
    exif[ExifTags.Base.DateTime] = "2022:01:01 00:00:00"
    path = write_jpeg(tmp_path / "a.jpg", exif=exif)

    assert read_photo(path, short_side_px=64).metadata.taken_at == datetime(2021, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("date", ["", "yesterday", "2024:13:45 99:00:00", "2024-01-01", "\0", "    :  :     :  :  "])
def test_nonsense_date_is_none(tmp_path: Path, date: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = date

    assert read_photo(write_jpeg(tmp_path / "a.jpg", exif=exif), short_side_px=64).metadata.taken_at is None


@pytest.mark.parametrize(
    "date",
    [
        "2024:05:05 10:00:00",
        "2024-05-05 10:00:00",
        "2024-05-05T10:00:00+02:00",
        "2024/05/05 10:00:00.25",
        "2024.05.05 10:00",
        "2024:05:05 10:00",
        "2024:5:5 10:00:00",
    ],
)
def test_dates_of_other_programs_are_read(tmp_path: Path, date: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = date

    taken_at = read_photo(write_jpeg(tmp_path / "a.jpg", exif=exif), short_side_px=64).metadata.taken_at
    assert taken_at == datetime(2024, 5, 5, 10, 0, 0)


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 80D", "Canon EOS 80D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("Apple\0\0\0", " iPhone\n15 ", "Apple iPhone 15"),
        ("", "X100", "X100"),
        ("Leica", "", "Leica"),
        ("", "", None),
        ("x" * 500, "", "x" * 100),
    ],
)
def test_camera(tmp_path: Path, make: str, model: str, camera: str | None) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = make, model

    assert read_photo(write_jpeg(tmp_path / "a.jpg", exif=exif), short_side_px=64).metadata.camera == camera


@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0",
        b"Exif\0\0nonsense",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 60,
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\0",  # its inner folder is itself
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0",  # orientation "abc"
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x05\0\0\0\x01\0\0\0\x00\0\0\0\0",  # orientation a fraction
    ],
)
def test_broken_exif_never_fails_a_photo(tmp_path: Path, block: bytes) -> None:
    photo = read_photo(_with_exif(tmp_path / "a.jpg", block), short_side_px=64)

    assert_upright(photo.pixels)
    assert photo.metadata.taken_at is None


def test_broken_date_keeps_the_orientation(tmp_path: Path) -> None:
    exif = exif_of(orientation=6)
    exif[ExifTags.Base.DateTime] = "nonsense"
    path = write_jpeg(tmp_path / "a.jpg", orientation=6, exif=exif)

    assert_upright(read_photo(path, short_side_px=64).pixels)
