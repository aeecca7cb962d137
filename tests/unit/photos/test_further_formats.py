"""JPEG XL and JPEG 2000, and JPEGs with more behind their picture: gain maps, films."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowersorter.errors import PhotoUnreadable
from flowersorter.jobs import CancelToken
from flowersorter.photos import formats
from flowersorter.photos.formats import format_of
from flowersorter.photos.outdated_reasons import outdated_reasons
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import CUT_OFF, DAMAGED
from flowersorter.photos.scan import scan
from flowersorter.photos.thumbnail import load_large, quick_thumbnail
from tests.drawing import (
    as_stored,
    assert_upright,
    exif_of,
    film_bytes,
    four_corners,
    jpeg_bytes,
    textured,
    write_heic,
)

TAKEN = datetime(2024, 5, 5, 10, 0)
SIZE = (240, 160)


@pytest.fixture(autouse=True)
def nothing_is_written(capfd: pytest.CaptureFixture[str]) -> object:
    yield
    assert capfd.readouterr() == ("", "")


def jxl(picture: Image.Image) -> bytes:
    encoded: bytes = pytest.importorskip("pylibjxl").encode(np.ascontiguousarray(picture))
    return encoded


def jxl_of_a_jpeg(picture: Image.Image, *, orientation: int = 1) -> bytes:
    exif = exif_of(orientation=orientation, taken_at=TAKEN, camera="Maker Model")
    jpeg = jpeg_bytes(as_stored(picture, orientation), subsampling=0, exif=exif)
    encoded: bytes = pytest.importorskip("pylibjxl").jpeg_to_jxl(jpeg)
    return encoded


def jpeg_2000(picture: Image.Image, *, exif: bytes = b"", no_jp2: bool = False) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG2000", no_jp2=no_jp2)
    box = b"JpgTiffExif->JP2" + exif.removeprefix(b"Exif\0\0")
    return file.getvalue() + (struct.pack(">I", len(box) + 8) + b"uuid" + box if exif else b"")


def reason_of(data: bytes) -> str:
    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(data, short_side_px=64)
    return caught.value.why


@pytest.mark.parametrize("suffix", [".jxl", ".jp2", ".J2K", ".jpf", ".jpx"])
def test_they_are_found_and_read_at_every_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    picture = four_corners(SIZE)
    path.write_bytes(jxl(picture) if suffix == ".jxl" else jpeg_2000(picture, no_jp2=suffix == ".J2K"))

    assert [each.path for each in scan(tmp_path, CancelToken()).photos] == [path]
    read = read_photo(path, short_side_px=64)
    assert (read.metadata.width_px, read.metadata.height_px) == SIZE
    assert_upright(read.pixels)
    assert_upright(quick_thumbnail(path, 60))
    assert load_large(path, 2000).shape == (160, 240, 3)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "RGB", "I;16"])
@pytest.mark.parametrize("write", [jpeg_2000, jxl])
def test_every_kind_of_pixel_is_shown(mode: str, write: Callable[[Image.Image], bytes]) -> None:
    grey = textured(SIZE).convert("L")
    if write is jxl and mode in ("LA", "I;16"):
        pytest.skip("pylibjxl does not write it")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        picture = textured(SIZE).convert(mode)
    pixels = read_photo(write(picture), short_side_px=160).pixels
    expected = np.asarray(textured(SIZE).convert("L" if mode in ("L", "LA", "I;16") else "RGB").convert("RGB"))
    assert np.abs(pixels.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_that_became_a_jpeg_xl_is_upright_and_keeps_its_date(orientation: int) -> None:
    read = read_photo(jxl_of_a_jpeg(four_corners(SIZE), orientation=orientation), short_side_px=64)
    assert_upright(read.pixels)
    assert (read.metadata.width_px, read.metadata.height_px) == SIZE
    assert (read.metadata.taken_at, read.metadata.camera) == (TAKEN, "Maker Model")


def test_a_jpeg_2000_has_its_date_and_orientation_in_a_box() -> None:
    exif = exif_of(orientation=6, taken_at=TAKEN, camera="Maker Model").tobytes()
    read = read_photo(jpeg_2000(as_stored(four_corners(SIZE), 6), exif=exif), short_side_px=64)
    assert_upright(read.pixels)
    assert (read.metadata.width_px, read.metadata.height_px) == SIZE
    assert (read.metadata.taken_at, read.metadata.camera) == (TAKEN, "Maker Model")


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_cut_off_file_says_so(part: float) -> None:
    for data in (jpeg_2000(textured((300, 200))), jxl_of_a_jpeg(textured((300, 200)))):
        assert reason_of(data[: int(len(data) * part)]) == CUT_OFF
    bare = jxl(textured((300, 200)))
    assert format_of(bare) == "JXL"
    assert reason_of(bare[: int(len(bare) * part)]) in {CUT_OFF, DAMAGED}  # it does not say how long it is


def test_without_the_package_a_jpeg_xl_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jxl(four_corners(SIZE))
    monkeypatch.setitem(sys.modules, "pylibjxl", None)
    assert reason_of(data) == formats.NO_JXL
    assert "pip install pylibjxl" in formats.NO_JXL
    assert formats.NO_JXL not in outdated_reasons()
    monkeypatch.undo()
    assert formats.NO_JXL in outdated_reasons()


def ultra_hdr() -> bytes:
    """A JPEG with a gain map as a second picture, as Android writes it (MPF, and hdrgm in XMP)."""
    file = io.BytesIO()
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    )
    gain = four_corners((60, 40)).convert("L")
    four_corners(SIZE).save(file, "MPO", save_all=True, append_images=[gain], quality=92, subsampling=0, xmp=xmp)
    return file.getvalue()


def motion_photo() -> bytes:
    """A JPEG with its film behind it, as Google's camera writes it."""
    names = b'xmlns:x="adobe:ns:meta/" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
    xmp = b"<x:xmpmeta " + names + b' GCamera:MotionPhoto="1"/>'
    return jpeg_bytes(four_corners(SIZE), subsampling=0, xmp=xmp) + film_bytes(TAKEN)


def samsung_motion_photo() -> bytes:
    """The same in Samsung's way: a marker before the film, a directory behind it."""
    film = b"MotionPhoto_Data" + film_bytes(TAKEN)
    return jpeg_bytes(four_corners(SIZE), subsampling=0) + film + b"SEFH" + struct.pack("<II", 107, 0) + b"SEFT"


@pytest.mark.parametrize("make", [ultra_hdr, motion_photo, samsung_motion_photo])
def test_what_stands_behind_the_picture_of_a_jpeg_is_left_alone(make: Callable[[], bytes]) -> None:
    for data in (make(), make()[:-2]):
        read = read_photo(data, short_side_px=64)
        assert_upright(read.pixels)
        assert (read.metadata.width_px, read.metadata.height_px) == SIZE
        assert read.remark is None


def test_a_heic_with_its_film_in_a_box_is_read(tmp_path: Path) -> None:
    film = film_bytes(TAKEN)
    path = write_heic(tmp_path / "a.heic", size=SIZE)
    path.write_bytes(path.read_bytes() + struct.pack(">I", len(film) + 8) + b"mpvd" + film)
    assert_upright(read_photo(path, short_side_px=64).pixels)
