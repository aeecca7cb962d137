"""Previews in photo files: upright, without their bars, from the first 64 KB; none rather than an error."""

from __future__ import annotations

from io import FileIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowersorter.photos import file_bytes
from flowersorter.photos.embedded_preview import MOST_BYTES, read_preview
from tests.drawing import (
    CORNERS,
    assert_colours,
    assert_upright,
    camera_preview,
    corners_of,
    exif_with_preview,
    four_corners,
    textured,
    write_camera_photo,
    write_heic,
    write_jpeg,
    write_png,
)


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of bytes of each read from a photo file."""
    counts: list[int] = []

    class Counting(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size) or b""
            counts.append(len(data))
            return data

    monkeypatch.setattr(file_bytes, "FileIO", Counting)
    return counts


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 300), (420, 280), (280, 420), (480, 270)])
def test_a_preview_is_upright_and_without_bars(tmp_path: Path, size: tuple[int, int], orientation: int) -> None:
    path = write_camera_photo(tmp_path / "a.jpg", four_corners(size), orientation=orientation)
    pixels = read_preview(path, short_side_px=90)
    assert pixels is not None
    assert pixels.shape == (round(90 * size[1] / min(size)), round(90 * size[0] / min(size)), 3)
    assert_upright(pixels, 16)
    assert pixels[4:-4, 4:-4].max(axis=2).min() > 30  # no bar is left


def test_at_most_64_kb_of_a_file_are_read(tmp_path: Path, bytes_read: list[int]) -> None:
    path = write_camera_photo(tmp_path / "a.jpg", textured((1600, 1200)), preview=four_corners((1600, 1200)))
    assert path.stat().st_size > 3 * MOST_BYTES
    pixels = read_preview(path, short_side_px=120)
    assert pixels is not None
    assert_upright(pixels, 16)
    assert sum(bytes_read) <= MOST_BYTES == 65_536


def test_the_thumbnail_of_a_heic_is_decoded_without_its_photo(tmp_path: Path, bytes_read: list[int]) -> None:
    noise = np.random.default_rng(0).integers(0, 80, (270, 360, 3), np.uint8)
    photo = Image.fromarray(np.asarray(four_corners((360, 270))) // 2 + noise)
    path = write_heic(tmp_path / "a.heic", photo, orientation=6, thumbnails=[160])
    assert path.stat().st_size > MOST_BYTES
    pixels = read_preview(path, short_side_px=90)
    assert pixels is not None
    assert pixels.shape == (90, 120, 3)
    assert_colours(corners_of(pixels), [[level // 2 + 40 for level in colour] for colour in CORNERS], 16)
    assert sum(bytes_read) <= MOST_BYTES
    assert read_preview(write_heic(tmp_path / "without.heic"), short_side_px=90) is None


def test_a_file_without_a_whole_preview_of_its_photo_has_none(tmp_path: Path, bytes_read: list[int]) -> None:
    photo, preview = four_corners((1200, 900)), camera_preview(four_corners((1200, 900)))
    cut_off, no_picture = exif_with_preview(preview)[:-500], exif_with_preview(b"no picture at all" * 20)
    files = {
        "plain": write_jpeg(tmp_path / "plain.jpg", photo),
        "png": write_png(tmp_path / "a.jpg", photo),
        "cut off": write_jpeg(tmp_path / "cut.jpg", photo, exif=cut_off),
        "no picture": write_jpeg(tmp_path / "no.jpg", photo, exif=no_picture),
        "cropped since": write_jpeg(tmp_path / "strip.jpg", textured((900, 250)), exif=exif_with_preview(preview)),
        "folder": tmp_path,
        "missing": tmp_path / "missing.jpg",
    }
    files["empty"] = tmp_path / "empty.jpg"
    files["empty"].touch()
    assert {name for name, path in files.items() if read_preview(path, short_side_px=90) is not None} == set()
    assert max(bytes_read) <= MOST_BYTES


def test_a_damaged_file_has_a_preview_or_none_and_never_an_error(tmp_path: Path) -> None:
    jpeg = write_camera_photo(tmp_path / "a.jpg", four_corners((400, 300)))
    heic = write_heic(tmp_path / "a.heic", four_corners((400, 300)), thumbnails=[60])
    for path, header_bytes in ((jpeg, 110), (heic, 700)):
        whole = path.read_bytes()
        for at in range(2, header_bytes, 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            read_preview(path, short_side_px=60)
        for length in range(0, 4000, 397):
            path.write_bytes(whole[:length])
            read_preview(path, short_side_px=60)
