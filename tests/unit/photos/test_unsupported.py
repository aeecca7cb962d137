"""An intact file that cannot be decoded is named as the kind it is, a damaged one is called damaged, all in silence."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.read import read_photo
from tests.drawing import assert_upright, four_corners, jpeg_bytes, textured
from tests.unit.photos.sample_files import png_chunk, png_of, tiff_of

_WAY_OUT = "which FlowerSorter cannot open; save it as JPEG or PNG"


@pytest.fixture(autouse=True)
def nothing_leaks(capfd: pytest.CaptureFixture[str]) -> object:
    """Neither Pillow nor a C library may write to the terminal."""
    yield
    assert capfd.readouterr() == ("", "")


def _reason(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(path, short_side_px=64)
    return caught.value.why


def _bmp(bits: int, compression: int, masks: tuple[int, ...] = ()) -> bytes:
    header = struct.pack("<LllHHLLllLL", 40, 8, 8, 1, bits, compression, 0, 0, 0, 0, 0) + struct.pack(
        f"<{len(masks)}L", *masks
    )
    pixels = bytes(8 * 8 * max(8, bits) // 8)
    return b"BM" + struct.pack("<LLL", 14 + len(header) + len(pixels), 0, 14 + len(header)) + header + pixels


def _12_bit_jpeg() -> bytes:
    data = bytearray(jpeg_bytes())
    data[data.find(b"\xff\xc0") + 4] = 12
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (tiff_of(np.ones((8, 8, 3), np.float32)), "a TIFF of 3 channels of 32 bits, floating-point"),
        (tiff_of(np.ones((8, 8, 3), np.uint32), compressed=True), "a TIFF of 3 channels of 32 bits"),
        (tiff_of(np.ones((8, 8, 1), np.float64), order=">"), "a TIFF of 1 channel of 64 bits, floating-point"),
        (tiff_of(np.ones((8, 8, 1), np.float16)), "a TIFF of 1 channel of 16 bits, floating-point"),
        (tiff_of(np.ones((8, 8, 3), np.int16)), "a TIFF of 3 channels of 16 bits with a sign"),
        (tiff_of(np.ones((8, 8, 1), np.uint8), tags={259: (3, [34712])}), "a TIFF in compression 34712"),
        (_bmp(64, 0), "a BMP of pixel depth 64"),
        (_bmp(24, 5), "a BMP of compression 5"),
        (_bmp(32, 3, (0x3FF00000, 0xFFC00, 0x3FF)), "a BMP of an unusual order of colours"),
        (_12_bit_jpeg(), "a JPEG of 12 bits"),
        (b"\xff\xd8\xff\xf7\0\x0b\x08\0\x08\0\x08\1\1\x11\0" + bytes(50), "a JPEG-LS image"),
    ],
)
def test_a_kind_that_cannot_be_decoded_is_named(tmp_path: Path, data: bytes, kind: str) -> None:
    assert _reason(tmp_path / "photo", data) == f"it is {kind}, {_WAY_OUT}"


@pytest.mark.parametrize(
    "data",
    [
        tiff_of(np.ones((8, 8, 1), np.uint8), tags={258: (3, [77])}),
        tiff_of(np.ones((8, 8, 1), np.uint8), tags={259: (3, [4321])}),
        tiff_of(np.ones((8, 8, 3), np.float32), tags={262: (3, [999])}),
        _bmp(77, 0),
        _bmp(24, 99),
        b"BM" + struct.pack("<LLLL", 100, 0, 54, 9999) + bytes(80),
    ],
)
def test_values_that_no_program_writes_are_damage(tmp_path: Path, data: bytes) -> None:
    assert _reason(tmp_path / "photo", data) in ("the image is damaged", "the file is incomplete")


def _broken_tiff(seed: int = 0) -> bytes:
    data = bytearray(tiff_of(np.asarray(textured((60, 50), seed=seed)), compressed=True))
    data[-3] ^= 0xFF  # in the checksum of the last strip
    return bytes(data)


@pytest.mark.skipif(sys.platform == "win32", reason="libtiff is a part of Pillow's own library there")
def test_a_message_of_libtiff_is_part_of_the_reason(tmp_path: Path) -> None:
    assert _reason(tmp_path / "photo.tif", _broken_tiff()).startswith(
        "the image is damaged (Decoding error at scanline"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="libtiff is a part of Pillow's own library there")
def test_threads_keep_their_messages_apart(tmp_path: Path) -> None:
    cut = tiff_of(np.asarray(textured((60, 50))), compressed=True, rows_per_strip=10)[:-1500]
    kinds = [(_broken_tiff(), "the image is damaged (Decoding error"), (cut, "the file is incomplete")] * 20

    with ThreadPoolExecutor(6) as pool:
        reasons = pool.map(lambda number: _reason(tmp_path / str(number), kinds[number][0]), range(len(kinds)))

    assert [reason.startswith(kind) for reason, (_, kind) in zip(reasons, kinds, strict=True)] == [True] * len(kinds)


@pytest.mark.skipif(sys.platform == "win32", reason="libtiff is a part of Pillow's own library there")
def test_a_fax_with_broken_rows_is_read_in_silence(tmp_path: Path) -> None:
    file = io.BytesIO()
    textured((200, 400)).convert("1").save(file, "TIFF", compression="group4")
    data = bytearray(file.getvalue())
    data[len(data) // 2 : len(data) // 2 + 8] = b"\xaa" * 8
    path = tmp_path / "photo.tif"
    path.write_bytes(data)

    read_photo(path, short_side_px=64)


def _with_chunks(png: bytes, *chunks: bytes, at_the_end: bool) -> bytes:
    place = len(png) - 12 if at_the_end else 33  # before IEND, or behind IHDR
    return png[:place] + b"".join(chunks) + png[place:]


_TEXT = zlib.compress(b"text " * 8_000_000)
_TEXTS: dict[str, list[bytes]] = {
    "compressed": [png_chunk(b"zTXt", b"Comment\0\0" + _TEXT)],
    "international": [png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + _TEXT)],
    "plain": [png_chunk(b"tEXt", b"Comment\0" + b"text " * 4_000_000)],
    "many": [png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"text " * 200_000))] * 30,
}


@pytest.mark.parametrize("at_the_end", [False, True])
@pytest.mark.parametrize("kind", _TEXTS)
def test_a_png_with_a_large_text_is_read(tmp_path: Path, kind: str, at_the_end: bool) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(_with_chunks(png_of(np.asarray(four_corners())), *_TEXTS[kind], at_the_end=at_the_end))

    assert_upright(read_photo(path, short_side_px=64).pixels)


def test_a_png_with_a_large_colour_profile_is_read(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(3_000_000)
    path = tmp_path / "photo.png"
    four_corners().save(path, icc_profile=profile)

    assert_upright(read_photo(path, short_side_px=64).pixels)
