"""Pictures for the eye: same loader, same orientation, never enlarged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.read import read_photo
from flowersorter.photos.thumbnail import load_large, quick_thumbnail
from tests.drawing import assert_upright, four_corners, write_heic, write_jpeg

_LOADERS = (quick_thumbnail, load_large)


@pytest.mark.parametrize("load", _LOADERS)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("write", [write_jpeg, write_heic])
def test_upright_and_fitted(
    tmp_path: Path, load: Callable[[Path, int], NDArray[Any]], orientation: int, write: Callable[..., Path]
) -> None:
    pixels = load(write(tmp_path / "photo", size=(700, 500), orientation=orientation), 140)

    assert pixels.shape == (100, 140, 3)
    assert pixels.flags.c_contiguous
    assert_upright(pixels)


@pytest.mark.parametrize("load", _LOADERS)
def test_never_enlarged(tmp_path: Path, load: Callable[[Path, int], NDArray[Any]]) -> None:
    assert load(write_jpeg(tmp_path / "photo.jpg", size=(90, 60)), 500).shape == (60, 90, 3)


@pytest.mark.parametrize("load", _LOADERS)
def test_extreme_shape_keeps_one_pixel(tmp_path: Path, load: Callable[[Path, int], NDArray[Any]]) -> None:
    assert load(write_jpeg(tmp_path / "photo.jpg", size=(9000, 2)), 100).shape == (1, 100, 3)


@pytest.mark.parametrize("load", _LOADERS)
def test_a_very_long_picture_keeps_its_colours_along_its_length(
    tmp_path: Path, load: Callable[[Path, int], NDArray[Any]]
) -> None:
    ramp = np.linspace(0, 255, 60_000).round().astype(np.uint8)
    for mode, picture in (
        ("L", ramp[None, :]),
        ("RGBA", np.stack([ramp, ramp, ramp, np.full_like(ramp, 255)], -1)[None]),
    ):
        path = tmp_path / f"{mode}.png"
        Image.fromarray(picture).save(path)

        pixels = load(path, 100)

        assert pixels.shape == (1, 100, 3)
        assert np.abs(pixels[0, :, 0].astype(float) - np.linspace(1, 254, 100)).max() < 3


@pytest.mark.parametrize("load", _LOADERS)
def test_unreadable(tmp_path: Path, load: Callable[[Path, int], NDArray[Any]]) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no photo")

    with pytest.raises(PhotoUnreadable, match="it is not an image"):
        load(tmp_path / "photo.jpg", 100)


@pytest.mark.parametrize("orientation", [1, 6, 3])
def test_quick_tile_of_a_heic_uses_its_preview_and_reading_never_does(tmp_path: Path, orientation: int) -> None:
    path = write_heic(tmp_path / "a.heic", four_corners((1200, 800)), orientation=orientation, thumbnails=[240])

    assert_upright(quick_thumbnail(path, 150))
    assert quick_thumbnail(path, 150).shape == (100, 150, 3)
    assert load_large(path, 600).shape == (400, 600, 3)
    assert quick_thumbnail(path, 600).shape == (400, 600, 3)
    photo = read_photo(path, short_side_px=100)
    assert (photo.metadata.width_px, photo.metadata.height_px) == (1200, 800)
    assert_upright(photo.pixels)


def test_view_and_network_agree(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "photo.jpg", size=(800, 600), orientation=5)

    seen = load_large(path, 200).astype(int)
    learnt = read_photo(path, short_side_px=150).pixels.astype(int)

    assert seen.shape == learnt.shape
    assert np.abs(seen - learnt).mean() < 1
