"""A picture of 10, 12 or 14 bits in samples of 16 is as bright as the same picture of 8; a dark one stays dark."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ImageCms

from flowersorter.photos.decoding import parts
from flowersorter.photos.read import read_photo
from flowersorter.photos.thumbnail import load_large, quick_thumbnail
from tests.unit.photos.sample_files import png_chunk, png_of, tiff_of

Pixels = NDArray[np.uint8]

_LOADERS: tuple[Callable[[Path], Pixels], ...] = (
    lambda path: read_photo(path, short_side_px=64).pixels,
    lambda path: quick_thumbnail(path, 256),
    lambda path: load_large(path, 256),
)
_WRITERS: dict[str, Callable[..., bytes]] = {
    "png": png_of,
    "tiff": tiff_of,
    "big-endian tiff": partial(tiff_of, order=">"),
    "compressed tiff": partial(tiff_of, compressed=True, rows_per_strip=7),
}
_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _ramp(bits: int, channels: int = 1, container: type[np.generic] = np.uint16) -> NDArray[Any]:
    """Return (64, 256, C) samples from black on the left to the white of so many bits on the right; alpha is white."""
    white = 2**bits - 1
    row = np.linspace(0, white, 256)
    samples = np.tile(row[None, :, None], (64, 1, channels))
    if channels in (2, 4):
        samples[..., -1] = white
    return samples.astype(container)


def _shown(tmp_path: Path, data: bytes) -> list[Pixels]:
    path = tmp_path / "photo"
    path.write_bytes(data)
    return [load(path) for load in _LOADERS]


def _assert_ramp(pixels: Pixels, brightest: float = 255, tolerance: float = 2) -> None:
    expected = np.linspace(0, brightest, 256)[None, :, None]
    assert np.abs(pixels.astype(float) - expected).max() <= tolerance


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("writer", _WRITERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_range_that_is_used_decides(tmp_path: Path, writer: str, channels: int, bits: int) -> None:
    for pixels in _shown(tmp_path, _WRITERS[writer](_ramp(bits, channels))):
        _assert_ramp(pixels)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_grey_with_alpha(tmp_path: Path, bits: int) -> None:
    for pixels in _shown(tmp_path, png_of(_ramp(bits, 2))):
        _assert_ramp(pixels)


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("rows_per_strip", [None, 5])
def test_separate_planes(tmp_path: Path, order: Any, bits: int, rows_per_strip: int | None) -> None:
    samples = _ramp(bits, 3)
    samples[..., 1] = 0
    data = tiff_of(samples, order=order, separate_planes=True, rows_per_strip=rows_per_strip)

    for pixels in _shown(tmp_path, data):
        _assert_ramp(pixels[..., ::2])
        assert pixels[..., 1].max() <= 1


@pytest.mark.parametrize("writer", [png_of, tiff_of])
def test_an_alpha_of_16_bits_beside_colours_of_12(tmp_path: Path, writer: Callable[..., bytes]) -> None:
    samples = _ramp(12, 4)
    samples[..., 3] = 0xFFFF

    for pixels in _shown(tmp_path, writer(samples)):
        _assert_ramp(pixels)


def _dark(channels: int) -> NDArray[Any]:
    """Return samples of 16 bits, none brighter than 4095."""
    return _ramp(12, channels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "write",
    [
        partial(png_of, significant_bits=16),
        partial(tiff_of, tags={281: (3, [0xFFFF])}),
        partial(tiff_of, tags={34675: (7, _PROFILE)}),
    ],
)
def test_a_dark_picture_of_16_bits_stays_dark_where_its_writer_says_so(
    tmp_path: Path, write: Callable[..., bytes], channels: int
) -> None:
    for pixels in _shown(tmp_path, write(_dark(channels))):
        _assert_ramp(pixels, brightest=4095 / 257)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("writer", _WRITERS)
@pytest.mark.parametrize("factor", [256, 257])
def test_a_dark_picture_of_8_bits_stays_dark_in_16(tmp_path: Path, writer: str, channels: int, factor: int) -> None:
    for pixels in _shown(tmp_path, _WRITERS[writer](_ramp(8, channels) // 5 * factor)):
        _assert_ramp(pixels, brightest=255 / 5)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("writer", _WRITERS)
def test_a_few_round_levels_of_12_bits_are_no_sign_of_8(tmp_path: Path, writer: str, channels: int) -> None:
    samples = np.full((64, 256, channels), 0x0100, np.uint16)
    samples[:, 128:] = 0x0F00

    for pixels in _shown(tmp_path, _WRITERS[writer](samples)):
        assert abs(int(pixels[32, 30, 0]) - 0x10) <= 1
        assert abs(int(pixels[32, 220, 0]) - 0xF0) <= 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("write", [partial(png_of, significant_bits=12), partial(tiff_of, tags={281: (3, [4095])})])
def test_a_dark_picture_is_scaled_by_the_bits_that_its_writer_names(
    tmp_path: Path, write: Callable[..., bytes], channels: int
) -> None:
    for pixels in _shown(tmp_path, write(_ramp(9, channels))):
        _assert_ramp(pixels, brightest=255 / 8)


@pytest.mark.parametrize("channels", [1, 3])
def test_significant_bits_of_a_png_that_was_scaled_to_16(tmp_path: Path, channels: int) -> None:
    # PNG, 3rd edition, 11.3.2.4: an encoder scales the samples up and names the bits that they had.
    samples = _ramp(12, channels) << 4
    for pixels in _shown(tmp_path, png_of(samples, significant_bits=12)):
        _assert_ramp(pixels)
    for pixels in _shown(tmp_path, png_of(samples // 8, significant_bits=12)):
        _assert_ramp(pixels, brightest=255 / 8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_range_that_cannot_be_meant_does_not_count(tmp_path: Path, channels: int) -> None:
    for tag in ((3, [255]), (3, [0]), (7, b"\xff\xff\xff\xff")):
        for pixels in _shown(tmp_path, tiff_of(_ramp(12, channels), tags={281: tag})):
            _assert_ramp(pixels)


@pytest.mark.parametrize("container", [np.int16, np.int32, np.uint32])
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_integers_of_a_tiff(tmp_path: Path, container: type[np.generic], bits: int) -> None:
    for pixels in _shown(tmp_path, tiff_of(_ramp(bits, container=container))):
        _assert_ramp(pixels)


def test_32_bits_without_a_sign(tmp_path: Path) -> None:
    for pixels in _shown(tmp_path, tiff_of(_ramp(32, container=np.uint32))):
        _assert_ramp(pixels)


def test_numbers_are_scaled_by_the_range_that_the_file_names(tmp_path: Path) -> None:
    samples = np.tile(np.linspace(0, 50, 256, dtype=np.float32)[None, :, None], (64, 1, 1))

    for pixels in _shown(tmp_path, tiff_of(samples, tags={340: (11, [0.0]), 341: (11, [100.0])})):
        _assert_ramp(pixels, brightest=127.5)


def test_numbers_whose_white_is_zero(tmp_path: Path) -> None:
    samples = np.tile(np.linspace(1, 0, 256, dtype=np.float32)[None, :, None], (64, 1, 1))

    for pixels in _shown(tmp_path, tiff_of(samples, tags={262: (3, [0])})):
        _assert_ramp(pixels)


def test_numbers_of_the_largest_range(tmp_path: Path) -> None:
    samples = np.tile(np.linspace(-3e38, 3e38, 256).astype(np.float32)[None, :, None], (64, 1, 1))

    for pixels in _shown(tmp_path, tiff_of(samples)):
        _assert_ramp(pixels)


def test_numbers_that_are_none_do_not_matter(tmp_path: Path) -> None:
    samples = np.tile(np.linspace(100, 300, 256, dtype=np.float32)[None, :, None], (64, 1, 1))
    samples[0, 0], samples[0, 1], samples[0, 2] = np.nan, np.inf, -np.inf

    for pixels in _shown(tmp_path, tiff_of(samples)):
        _assert_ramp(pixels[4:])
    for pixels in _shown(tmp_path, tiff_of(np.full((64, 256, 1), np.nan, np.float32))):
        assert pixels.max() == 0


def test_a_transparent_value_of_12_bits(tmp_path: Path) -> None:
    samples = _ramp(12)
    samples[:, :128] = 100
    for pixels in _shown(tmp_path, png_of(samples, chunks=[png_chunk(b"tRNS", (100).to_bytes(2, "big"))])):
        assert pixels[:, :100].min() == 255
        assert 120 < pixels[:, 140].max() < 150


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    writer=st.sampled_from(sorted(_WRITERS)),
    channels=st.sampled_from([1, 3]),
    size=st.tuples(st.integers(1, 40), st.integers(1, 300)),
    part_pixels=st.integers(1, 5000),
    seed=st.integers(0, 99),
)
def test_every_depth_equals_the_picture_of_8_bits(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bits: int,
    writer: str,
    channels: int,
    size: tuple[int, int],
    part_pixels: int,
    seed: int,
) -> None:
    monkeypatch.setattr(parts, "PART_PIXELS", part_pixels)
    samples = np.random.default_rng(seed).integers(0, 2**bits, (*size, channels)).astype(np.uint16)
    samples[0, 0] = 2**bits - 1
    deep, plain = tmp_path / "deep", tmp_path / "plain"
    deep.write_bytes(_WRITERS[writer](samples))
    plain.write_bytes(png_of((samples >> (bits - 8)).astype(np.uint8)))

    assert (read_photo(deep, short_side_px=16).pixels == read_photo(plain, short_side_px=16).pixels).all()
    assert (quick_thumbnail(deep, 9) == quick_thumbnail(plain, 9)).all()
