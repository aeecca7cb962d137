"""Every format and every kind of pixel comes out in the colours it stands for."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from flowersorter.photos.read import read_photo
from tests.drawing import CORNERS, assert_colours, assert_upright, corners_of, four_corners, write_heic

_SIZE = (96, 64)
_WHITE = (255, 255, 255)


def _corners(path: Path) -> tuple[tuple[int, int, int], ...]:
    return corners_of(read_photo(path, short_side_px=64).pixels)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_every_format_keeps_its_colours(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo"
    four_corners(_SIZE).save(path, kind, quality=95)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=10)


def test_heic_keeps_its_colours(tmp_path: Path) -> None:
    assert_upright(read_photo(write_heic(tmp_path / "a.heic"), short_side_px=64).pixels)


@pytest.mark.parametrize("brand", [b"mif1", b"heic"])
def test_heic_is_known_by_all_its_brands(tmp_path: Path, brand: bytes) -> None:
    path = write_heic(tmp_path / "a.heic")
    data = path.read_bytes()
    path.write_bytes(data[:8] + brand + data[12:])

    assert_upright(read_photo(path, short_side_px=64).pixels)


@pytest.mark.parametrize("save", [{"progressive": True}, {"subsampling": 2}, {"quality": 60}])
def test_kinds_of_jpeg(tmp_path: Path, save: dict[str, Any]) -> None:
    path = tmp_path / "photo.jpg"
    four_corners(_SIZE).save(path, **save)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=12)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_kinds_of_tiff(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "photo.tif"
    four_corners(_SIZE).save(path, compression=compression)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=16)


def test_first_picture_of_an_animation_counts(tmp_path: Path) -> None:
    other = Image.new("RGB", _SIZE, "black")
    for name in ("a.gif", "a.webp", "a.png", "a.tif", "a.avif"):
        path = tmp_path / name
        four_corners(_SIZE).save(path, save_all=True, append_images=[other], quality=95)

        assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=12)


def test_first_picture_of_a_multi_picture_jpeg_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    four_corners((800, 600)).save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (80, 60))])

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=12)


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_grey_bilevel_and_palette(tmp_path: Path, mode: str) -> None:
    picture = four_corners(_SIZE, colours=((0, 0, 0), _WHITE, _WHITE, (0, 0, 0))).convert(mode)
    for suffix in (".png", ".tif", ".bmp", ".gif"):
        path = tmp_path / f"photo{suffix}"
        picture.save(path)

        assert_colours(_corners(path), ((0, 0, 0), _WHITE, _WHITE, (0, 0, 0)), tolerance=1)


def test_colour_palette(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    four_corners(_SIZE).quantize(8).save(path)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=2)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_transparency_lies_on_white(tmp_path: Path, kind: str) -> None:
    picture = four_corners(_SIZE).convert("RGBA")
    alpha = four_corners(_SIZE, colours=((255, 255, 255), (0, 0, 0), (128, 128, 128), (255, 255, 255))).convert("L")
    picture.putalpha(alpha)
    path = tmp_path / "photo"
    picture.save(path, kind, quality=95)

    half_blue = tuple(round(channel * 128 / 255 + 127) for channel in CORNERS[2])
    assert_colours(_corners(path), (CORNERS[0], _WHITE, half_blue, CORNERS[3]), tolerance=10)


def test_colour_under_full_transparency_does_not_bleed(tmp_path: Path) -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[:, ::2] = (0, 255, 0, 0)
    pixels[:, 1::2] = (200, 0, 0, 255)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)

    middle = read_photo(path, short_side_px=40).pixels[10:-10, 10:-10].reshape(-1, 3).mean(axis=0)

    assert_colours([middle.tolist()], [(227, 127, 127)], tolerance=3)


def test_transparent_heic_lies_on_white(tmp_path: Path) -> None:
    picture = four_corners(_SIZE).convert("RGBA")
    picture.putalpha(four_corners(_SIZE, colours=(_WHITE, (0, 0, 0), _WHITE, _WHITE)).convert("L"))
    path = write_heic(tmp_path / "a.heic", picture)

    assert_colours(_corners(path), (CORNERS[0], _WHITE, CORNERS[2], CORNERS[3]), tolerance=10)


def test_grey_with_alpha(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    picture = Image.new("LA", _SIZE, (100, 0))
    picture.paste((100, 255), (0, 0, 48, 64))
    picture.save(path)

    grey = (100, 100, 100)
    assert_colours(_corners(path), (grey, _WHITE, grey, _WHITE), tolerance=2)


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_transparent_colour_key(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "photo.png"
    picture = four_corners(_SIZE, colours=((0, 0, 0), _WHITE, _WHITE, _WHITE)).convert(mode)
    key: Any = {"P": picture.getpixel((0, 0)), "RGB": (0, 0, 0)}.get(mode, 0)
    picture.save(path, transparency=key)

    assert_colours(_corners(path), (_WHITE, _WHITE, _WHITE, _WHITE), tolerance=1)


def test_palette_with_a_table_of_alphas(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    picture = four_corners(_SIZE).quantize(4)
    see_through = picture.getpixel((90, 5))
    picture.save(path, transparency=bytes(0 if index == see_through else 255 for index in range(4)))

    assert_colours(_corners(path), (CORNERS[0], _WHITE, CORNERS[2], CORNERS[3]), tolerance=3)


def test_transparent_gif(tmp_path: Path) -> None:
    path = tmp_path / "photo.gif"
    picture = four_corners(_SIZE).quantize(4)
    picture.save(path, transparency=picture.getpixel((0, 0)))

    assert_colours(_corners(path), (_WHITE, *CORNERS[1:]), tolerance=3)


def _ramp_16() -> np.ndarray[Any, np.dtype[np.uint16]]:
    return np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_is_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(_ramp_16()).save(path)

    pixels = read_photo(path, short_side_px=64).pixels

    expected = np.tile(np.linspace(0, 255, 256), (64, 1))
    assert np.abs(pixels.astype(float) - expected[..., None]).max() <= 2


def test_big_endian_16_bit_tiff(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    ramp = _ramp_16()
    Image.frombytes("I;16B", (256, 64), ramp.astype(">u2").tobytes()).save(path)

    pixels = read_photo(path, short_side_px=64).pixels

    assert np.abs(pixels[..., 0].astype(float) - ramp / 257).max() <= 2


def test_inverted_16_bit_tiff(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    Image.fromarray(_ramp_16()).save(path, tiffinfo={262: 0})
    data = bytearray(path.read_bytes())
    assert data.find(struct.pack("<HHLH", 262, 3, 1, 0)) > 0, "the drawing must say: white is zero"

    pixels = read_photo(path, short_side_px=64).pixels

    assert pixels[:, 0].min() > 250
    assert pixels[:, -1].max() < 5


def test_12_bit_tiff_is_scaled_by_its_own_white(tmp_path: Path) -> None:
    # Pillow reads 12-bit TIFFs but writes none: two pixels of value 2048 of 4095 in three bytes.
    entries = (
        (256, 4, 64), (257, 4, 64), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 1), (278, 4, 64),
        (279, 4, 64 * 96),
    )  # fmt: skip
    folder = struct.pack("<H", len(entries))
    for tag, kind, value in entries:
        folder += struct.pack("<HHLL", tag, kind, 1, value)
    path = tmp_path / "photo.tif"
    path.write_bytes((b"II*\0" + struct.pack("<L", 8) + folder).ljust(200, b"\0") + bytes((0x80, 0x08, 0x00)) * 2048)

    assert_colours(_corners(path), ((128, 128, 128),) * 4, tolerance=1)


def test_float_and_32_bit_tiff_use_their_range(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (64, 1))
    broken = ramp.copy() * 5000 - 100
    broken[0, 0], broken[0, 1] = np.nan, np.inf
    for number, values in enumerate((ramp, ramp * 1000, broken, (ramp * 1e9).astype(np.int32))):
        path = tmp_path / f"{number}.tif"
        Image.fromarray(values).save(path)

        pixels = read_photo(path, short_side_px=64).pixels[4:-4].astype(float)

        assert np.abs(pixels.mean(axis=(0, 2)) - np.linspace(0, 255, 256)).max() <= 2


def _png(colour_type: int, bits: int, rows: bytes, size: tuple[int, int], extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", *size, bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (6, 4), (4, 2)])
def test_16_bit_colour_png(tmp_path: Path, colour_type: int, channels: int) -> None:
    values = np.array([50000, 50000, 50000, 65535][-channels:] if channels != 3 else [50000, 20000, 1000], ">u2")
    row = b"\0" + np.tile(values, (48, 1)).tobytes()
    path = tmp_path / "photo.png"
    path.write_bytes(_png(colour_type, 16, row * 32, (48, 32)))

    expected = (195, 78, 4) if channels == 3 else (195, 195, 195)
    assert_colours(_corners(path), (expected,) * 4, tolerance=2)


@pytest.mark.parametrize(("colour_type", "key"), [(0, (1000,)), (2, (1000, 1000, 1000))])
def test_16_bit_png_with_a_transparent_colour(tmp_path: Path, colour_type: int, key: tuple[int, ...]) -> None:
    body = struct.pack(f">{len(key)}H", *key)
    chunk = struct.pack(">L", len(body)) + b"tRNS" + body + struct.pack(">L", zlib.crc32(b"tRNS" + body))
    row = b"\0" + np.full((48, len(key)), 50000, ">u2").tobytes()
    path = tmp_path / "photo.png"
    path.write_bytes(_png(colour_type, 16, row * 32, (48, 32), chunk))

    assert_colours(_corners(path), ((195, 195, 195),) * 4, tolerance=2)


def test_cmyk(tmp_path: Path) -> None:
    picture = four_corners(_SIZE).convert("CMYK")
    for suffix in (".jpg", ".tif"):
        path = tmp_path / f"photo{suffix}"
        picture.save(path, quality=95)

        assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=10)


def test_adobe_inverted_cmyk_jpeg(tmp_path: Path) -> None:
    # Photoshop stores the inks inverted and says so in an APP14 marker, which Pillow writes as well.
    file = io.BytesIO()
    four_corners((960, 640)).convert("CMYK").save(file, "JPEG", quality=95)
    assert b"Adobe" in file.getvalue()
    path = tmp_path / "photo.jpg"
    path.write_bytes(file.getvalue())

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=10)


def test_lab_tiff(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(four_corners(_SIZE), to_lab)
    assert lab is not None
    lab.save(path)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=12)


def _swapped_profile(*, named_srgb: bool = False) -> bytes:
    """Return an RGB profile in which red means green and green means red: impossible to overlook."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    names = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    red, green = names[b"rXYZ"], names[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    if named_srgb:
        return bytes(profile)
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")


def test_embedded_profile_is_applied(tmp_path: Path) -> None:
    expected = [(colour[1], colour[0], colour[2]) for colour in CORNERS]
    for suffix in (".jpg", ".png", ".tif", ".webp"):
        path = tmp_path / f"photo{suffix}"
        four_corners((960, 640)).save(path, quality=95, icc_profile=_swapped_profile())

        assert_colours(_corners(path), expected, tolerance=12)


@pytest.mark.parametrize(
    "profile", [b"nonsense", b"\0" * 200, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()]
)
def test_broken_or_foreign_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    path = tmp_path / "photo.jpg"
    four_corners(_SIZE).save(path, quality=95, icc_profile=profile)

    assert_upright(read_photo(path, short_side_px=64).pixels, tolerance=10)


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    plain, tagged = tmp_path / "plain.png", tmp_path / "tagged.png"
    picture = ImageOps.posterize(four_corners(_SIZE), 5)
    picture.save(plain)
    picture.save(tagged, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())

    np.testing.assert_array_equal(
        read_photo(plain, short_side_px=64).pixels, read_photo(tagged, short_side_px=64).pixels
    )


def _linear_profile_named_srgb() -> bytes:
    """Return sRGB's own profile, its name untouched, with a curve that is a straight line."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * profile[131], 12):
        if bytes(profile[at : at + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(profile[at + 4 : at + 8], "big")
            # ICC.1, 10.6: a curve without entries is the identity.
            profile[offset : offset + 12] = b"curv" + bytes(8)
    return bytes(profile)


@pytest.mark.parametrize("profile", [_swapped_profile(named_srgb=True), _linear_profile_named_srgb()])
def test_a_profile_is_srgb_by_its_colours_not_by_its_name(tmp_path: Path, profile: bytes) -> None:
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    path = tmp_path / "photo.png"
    Image.new("RGB", (300, 300), (60, 120, 30)).save(path, icc_profile=profile)

    red, green, _ = read_photo(path, short_side_px=64).pixels[32, 32].tolist()

    assert (red, green) != (60, 120)
