from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.transforms.functional import center_crop

from flowersorter.vision.features.views import CENTRE, WIDE, cut, variant


@given(st.integers(8, 40), st.integers(8, 40), st.integers(1, 8))
def test_the_centre_is_torchvisions(height: int, width: int, size_px: int) -> None:
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    theirs = center_crop(torch.from_numpy(pixels).permute(2, 0, 1), [size_px, size_px])
    ours = cut(pixels, CENTRE, size_px)
    assert np.array_equal(ours, theirs.permute(1, 2, 0).numpy())


@given(st.integers(8, 40), st.integers(8, 40))
def test_the_wide_view_is_the_mirrored_largest_square(height: int, width: int) -> None:
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    side = min(height, width)
    assert np.array_equal(cut(pixels, WIDE, side), cut(pixels, CENTRE, side)[:, ::-1])


def test_the_wide_view_is_shrunk_to_the_size_of_the_others() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3)).copy()
    ramp[:128] = 0
    crop = cut(ramp, WIDE, 224)
    assert crop.shape == (224, 224, 3)
    assert crop[:110].max() == 0
    assert np.abs(crop[115:] - np.linspace(255, 0, 224)[None, :, None]).max() <= 2


@pytest.mark.parametrize("view", [CENTRE, WIDE, variant(1)])
def test_a_crop_is_contiguous_and_leaves_the_photo_alone(view: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 44, 3), np.uint8)
    before = pixels.copy()
    crop = cut(pixels, view, 24)
    crop[:] = 0
    assert crop.flags.c_contiguous
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("number", range(1, 40))
@pytest.mark.parametrize("shape", [(256, 256), (256, 640), (900, 256)])
def test_a_variant_never_reaches_over_the_photos_edge(number: int, shape: tuple[int, int]) -> None:
    white = np.full((*shape, 3), 255, np.uint8)
    assert cut(white, variant(number), 224).min() == 255


def test_variants_differ_and_repeat() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (256, 300, 3), np.uint8)
    crops = [cut(pixels, variant(number), 224) for number in range(1, 7)]
    for number, crop in enumerate(crops, start=1):
        assert np.array_equal(crop, cut(pixels, variant(number), 224))
        assert sum(np.array_equal(crop, other) for other in crops) == 1


def test_every_other_variant_is_mirrored() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3)).copy()
    for number in range(1, 9):
        crop = cut(ramp, variant(number), 224).astype(int)
        rises = crop[:, -1].mean() > crop[:, 0].mean()
        assert rises == (number % 2 == 1)


@pytest.mark.parametrize("view", ["", "variant-", "variant--1", "Centre"])
def test_an_unknown_view_is_an_error(view: str) -> None:
    with pytest.raises(ValueError, match="unknown view"):
        cut(np.zeros((9, 9, 3), np.uint8), view, 8)


def test_a_photo_too_small_is_an_error() -> None:
    with pytest.raises(ValueError, match="20 x 7"):
        cut(np.zeros((7, 20, 3), np.uint8), CENTRE, 8)
