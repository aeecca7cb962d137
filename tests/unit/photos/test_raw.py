"""RAW files: their preview where it is large enough, else the pixels of the sensor, the right way up."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
from PIL import Image

from flowersorter import predict_image
from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.decoding import memory, raw_file
from flowersorter.photos.decoding.raw_file import RawFile
from flowersorter.photos.decoding.raw_kinds import as_tiff, has_all_colours, is_raw
from flowersorter.photos.formats import format_of
from flowersorter.photos.outdated_reasons import outdated_reasons
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import CUT_OFF, DAMAGED, END_MISSING
from flowersorter.photos.thumbnail import load_large, quick_thumbnail
from tests.drawing import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    as_stored,
    assert_colours,
    assert_upright,
    camera_preview,
    corners_of,
    dng_bytes,
    exif_of,
    four_corners,
    jpeg_bytes,
    textured,
    write_dng,
)

#: LibRaw brightens what it develops: the colours are those that were drawn, some levels off.
DEVELOPED, SHOWN = 40, 8
SMALL, LARGE = (240, 160), (960, 640)
TAKEN = datetime(2024, 5, 5, 10, 0)


@pytest.fixture(autouse=True)
def nothing_is_written(capfd: pytest.CaptureFixture[str]) -> object:
    """LibRaw writes to the terminal of damaged files, where it is asked to decode them."""
    yield
    assert capfd.readouterr() == ("", "")


def reason_of(data: bytes) -> str:
    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(data, short_side_px=64)
    return caught.value.why


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("preview", [None, (160, 106), LARGE])
def test_it_is_upright_at_every_size(tmp_path: Path, orientation: int, preview: tuple[int, int] | None) -> None:
    small = None if preview is None else four_corners(preview)
    path = write_dng(tmp_path / "a.dng", four_corners(SMALL), orientation=orientation, preview=small)

    read = read_photo(path, short_side_px=64)

    tolerance = SHOWN if preview == LARGE else DEVELOPED
    assert (read.metadata.width_px, read.metadata.height_px) == SMALL
    assert_upright(read.pixels, tolerance)
    assert_upright(np.array(Image.open(io.BytesIO(read.small))), tolerance)
    assert_upright(quick_thumbnail(path, 60), tolerance)
    assert_upright(load_large(path, 2000), tolerance)


def test_the_size_of_the_network_comes_out_of_a_small_sensor_too() -> None:
    assert read_photo(dng_bytes(four_corners(SMALL)), short_side_px=224).pixels.shape == (224, 336, 3)


def test_the_preview_is_shown_where_it_is_large_enough() -> None:
    """The camera developed it as the person saw it."""
    others = (BLUE, YELLOW, RED, GREEN)
    for size, colours, tolerance in ((LARGE, others, SHOWN), ((700, 500), (RED, GREEN, BLUE, YELLOW), DEVELOPED)):
        data = dng_bytes(four_corners(SMALL), preview=four_corners(size, others))
        assert_colours(corners_of(read_photo(data, short_side_px=64).pixels), colours, tolerance)


def test_a_large_view_is_developed_where_the_preview_has_much_fewer_pixels(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", four_corners((4000, 2000)), preview=four_corners((1100, 550), [BLUE] * 4))

    assert load_large(path, 1500).shape == (550, 1100, 3)
    assert_colours(corners_of(load_large(path, 1500)), [BLUE] * 4)
    assert load_large(path, 12_000).shape == (1000, 2000, 3)
    assert_upright(load_large(path, 12_000), DEVELOPED)


def test_the_orientation_counts_once_where_the_preview_repeats_it() -> None:
    turned = as_stored(four_corners(LARGE), 6)
    inside = jpeg_bytes(turned, exif=exif_of(orientation=6))
    assert_upright(read_photo(dng_bytes(four_corners(SMALL), orientation=6, preview=inside), short_side_px=64).pixels)


def test_a_preview_that_is_upright_already_stays_so() -> None:
    inside = jpeg_bytes(four_corners(LARGE))
    for orientation in (5, 6, 7, 8):
        read = read_photo(dng_bytes(four_corners(SMALL), orientation=orientation, preview=inside), short_side_px=64)
        assert_upright(read.pixels)
        assert (read.metadata.width_px, read.metadata.height_px) == SMALL


def test_the_size_has_the_shape_of_what_is_shown() -> None:
    """Cameras crop to 16:9 in the preview only."""
    data = dng_bytes(four_corners((600, 400)), orientation=8, preview=four_corners((1600, 900)))

    metadata = read_photo(data, short_side_px=64).metadata

    assert (metadata.width_px, metadata.height_px) == (600, 338)


def test_date_and_camera_are_those_of_the_file() -> None:
    data = dng_bytes(taken_at=TAKEN, camera="NIKON NIKON D90", preview=four_corners(LARGE))
    metadata = read_photo(data, short_side_px=64).metadata
    assert (metadata.taken_at, metadata.camera) == (TAKEN, "NIKON D90")


def test_date_and_camera_may_stand_in_the_preview_alone() -> None:
    raw = RawFile(b"FUJIFILMCCD-RAW " + bytes(200), (6000, 4000), 1)
    assert (raw.taken_at, raw.camera) == (None, None)
    inside = jpeg_bytes(four_corners(LARGE), exif=exif_of(taken_at=TAKEN, camera="Maker Model"))
    without_jfif = inside[:2] + inside[20:]  # as cameras write them
    metadata = read_photo(dng_bytes(preview=without_jfif, camera=""), short_side_px=64).metadata
    assert (metadata.taken_at, metadata.camera) == (TAKEN, "Maker Model")


def test_the_year_1970_that_libraw_writes_into_a_preview_without_a_date_is_none() -> None:
    assert read_photo(dng_bytes(preview=four_corners(LARGE)), short_side_px=64).metadata.taken_at is None


def test_date_and_camera_of_a_cr3_stand_in_boxes_of_their_own() -> None:
    first = exif_of(camera="Canon Canon EOS R5").tobytes().removeprefix(b"Exif\0\0")
    inner = Image.Exif()
    inner[0x9003] = "2024:05:05 10:00:00"
    second = inner.tobytes().removeprefix(b"Exif\0\0")
    boxes = [struct.pack(">I", len(body) + 8) + kind + body for kind, body in ((b"CMT1", first), (b"CMT2", second))]
    raw = RawFile(b"\0\0\0\x18ftypcrx " + bytes(12) + b"".join(boxes), (8192, 5464), 1)

    assert (raw.taken_at, raw.camera) == (TAKEN, "Canon EOS R5")


@pytest.mark.parametrize(
    ("head", "tiff"),
    [
        (b"II\x2a\0\x10\0\0\0CR\x02\0", True),  # Canon CR2
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", False),  # CR3
        (b"II\x1a\0\0\0HEAPCCDR\2\0\1\0", False),  # CRW
        (b"FUJIFILMCCD-RAW 0201", False),
        (b"IIRO\x08\0\0\0", True),  # Olympus
        (b"IIRS\x08\0\0\0", True),
        (b"MMOR\0\0\0\x08", True),
        (b"IIU\0\x08\0\0\0", True),  # Panasonic, Leica
        (b"FOVb\1\0\2\0", False),  # Sigma
        (b"\0MRM\0\1\2\3", False),  # Minolta
        (b"II*\0\x88\0\0\0IIIITcwaR", True),  # Phase One
    ],
)
def test_the_files_of_cameras_are_known_by_their_first_bytes(head: bytes, tiff: bool) -> None:
    data = head + bytes(300)
    assert is_raw(data)
    assert format_of(data) == "RAW"
    assert (as_tiff(data)[:4] in (b"II*\0", b"MM\0*")) == tiff
    assert as_tiff(data)[4:] == data[4:]
    assert reason_of(data) in {raw_file.UNKNOWN_CAMERA, CUT_OFF, DAMAGED}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("photometric", "depth", "raw"), [(32803, 0, True), (34892, 2, True), (2, 1, False)])
def test_a_tiff_is_a_raw_where_a_folder_holds_the_pixels_of_a_sensor(
    order: str, photometric: int, depth: int, raw: bool
) -> None:
    """NEF, ARW, PEF, SRW...: the first picture is small, the sensor's is in a folder below or behind it."""
    data = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8)
    for level in range(3):
        tag, value = (262, photometric << (16 if order == ">" else 0)) if level == depth else (254, 1 << 16)
        below = len(data) + 2 + 24 + 4
        entries = [(tag, 3, 1, value), (330, 4, 1, below if level < 2 else 0)]
        data += (
            struct.pack(order + "H", 2) + b"".join(struct.pack(order + "HHII", *entry) for entry in entries) + bytes(4)
        )
    assert is_raw(data + bytes(100)) == raw
    assert has_all_colours(data) == (photometric == 34892)


def test_ordinary_pictures_and_broken_tables_are_no_raw_files() -> None:
    for kind in ("TIFF", "JPEG", "PNG", "HEIF", "AVIF"):
        file = io.BytesIO()
        textured().save(file, kind)
        assert not is_raw(file.getvalue())
    loop = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 330, 4, 1, 8, 8)
    for broken in (b"II*\0", b"II*\0\xff\xff\xff\xff", loop, loop[:12], b"II*\0\x08\0\0\0\xff\xff" + bytes(40)):
        assert not is_raw(broken)


def test_proraw_whose_pixels_libraw_cannot_open_shows_its_preview() -> None:
    """Apple compresses them as JPEG XL; the preview is all there is, also a small one."""
    for size in (LARGE, (300, 200)):
        data = dng_bytes(four_corners(SMALL), preview=four_corners(size), compression=52546)
        assert_upright(read_photo(data, short_side_px=64).pixels)
    assert reason_of(dng_bytes(four_corners(SMALL), compression=52546))


def test_a_damaged_preview_leaves_the_pixels_of_the_sensor() -> None:
    whole = jpeg_bytes(four_corners(LARGE))
    for preview in (whole[: len(whole) // 2], b"\xff\xd8\xff\xe0 no picture", camera_preview(four_corners(SMALL))[:60]):
        data = dng_bytes(four_corners(SMALL), preview=preview)
        assert_upright(read_photo(data, short_side_px=64).pixels, DEVELOPED)


def test_a_cut_off_file_shows_its_preview_and_says_so() -> None:
    data = dng_bytes(four_corners(SMALL), preview=four_corners(LARGE))
    read = read_photo(data[: len(data) - SMALL[0] * SMALL[1]], short_side_px=64)
    assert_upright(read.pixels)
    assert read.remark == END_MISSING
    assert read_photo(data, short_side_px=64).remark is None


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_cut_off_file_without_a_preview_says_so(part: float) -> None:
    data = dng_bytes(four_corners(SMALL))
    assert reason_of(data[: int(len(data) * part)]) == CUT_OFF


def test_without_libraw_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    assert reason_of(dng_bytes()) == raw_file.NO_LIBRAW
    assert "pip install rawpy" in raw_file.NO_LIBRAW
    assert raw_file.NO_LIBRAW not in outdated_reasons()
    monkeypatch.undo()
    assert raw_file.NO_LIBRAW in outdated_reasons()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (rawpy.LibRawFileUnsupportedError, raw_file.UNKNOWN_CAMERA),
        (rawpy.LibRawTooBigError, "there is not enough memory to open it"),
        (rawpy.LibRawIOError, CUT_OFF),
        (rawpy.LibRawDataError, DAMAGED),
    ],
)
def test_each_refusal_of_libraw_has_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], reason: str
) -> None:
    class Refusing(rawpy.RawPy):
        def postprocess(self, *_args: Any, **_options: Any) -> Any:
            raise error

    monkeypatch.setattr(rawpy, "RawPy", Refusing)
    assert reason_of(dng_bytes()) == reason


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = dng_bytes(four_corners(SMALL))
    monkeypatch.setattr(memory, "_BYTES", 8 * SMALL[0] * SMALL[1] - 1)
    monkeypatch.setattr(memory, "_BYTES_OF_A_FILE_BYTE", 1)
    assert "too large to read: 240 x 160 pixels" in reason_of(data)
    huge = bytearray(data)
    for tag in (256, 257):
        at = huge.index(struct.pack("<HHI", tag, 4, 1))
        huge[at + 8 : at + 12] = struct.pack("<I", 60_000)
    assert reason_of(bytes(huge)) in {"the image is too large: 60000 x 60000 pixels, the limit is 250 million", CUT_OFF}


def test_pixels_of_other_kinds_of_previews_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.asarray(four_corners(LARGE))

    class WithBitmap(rawpy.RawPy):
        def extract_thumb(self) -> Any:
            return rawpy.Thumbnail(rawpy.ThumbFormat.BITMAP, pixels)

    class WithStrange(rawpy.RawPy):
        def extract_thumb(self) -> Any:
            raise NotImplementedError

    for kind, tolerance in ((WithBitmap, SHOWN), (WithStrange, DEVELOPED)):
        monkeypatch.setattr(rawpy, "RawPy", kind)
        assert_upright(read_photo(dng_bytes(four_corners(SMALL)), short_side_px=64).pixels, tolerance)


@pytest.mark.parametrize("load", [Path, Path.read_bytes])
def test_one_photo_is_suggested_like_any_other(tmp_path: Path, load: Callable[[Path], Path | bytes]) -> None:
    path = write_dng(tmp_path / "daisy.dng", textured((960, 640)), preview=textured((960, 640)))
    raw, jpeg = predict_image(load(path)), predict_image(textured((960, 640)))
    assert raw.class_name == jpeg.class_name
    assert raw.confidence == pytest.approx(jpeg.confidence, abs=0.1)
