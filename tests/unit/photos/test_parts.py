"""A picture that is converted in parts is the same picture."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from flowersorter.photos.decode import decode
from flowersorter.photos.decoding import parts
from tests.drawing import four_corners, textured

_SIZE = (211, 97)


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    multiple=st.integers(1, 40),
    part_pixels=st.integers(1, 20_000),
)
def test_the_boxes_cover_every_pixel_once(size: tuple[int, int], multiple: int, part_pixels: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "PART_PIXELS", part_pixels)
        boxes = list(parts.boxes(size, multiple))
    covered = np.zeros(size[::-1], int)
    for left, top, right, bottom in boxes:
        covered[top:bottom, left:right] += 1
        assert left % multiple == top % multiple == 0
        assert right % multiple == 0 or right == size[0]
        assert bottom % multiple == 0 or bottom == size[1]
        assert (right - left) * (bottom - top) <= max(part_pixels, multiple * multiple, multiple * part_pixels)

    assert (covered == 1).all()
    assert all(one[1] <= other[1] for one, other in pairwise(boxes))


def _saved(kind: str, mode: str, **save: Any) -> bytes:
    picture = textured(_SIZE, seed=4)
    if mode in ("LA", "RGBA"):
        picture.putalpha(four_corners(_SIZE, colours=((255,) * 3, (0,) * 3, (90,) * 3, (200,) * 3)).convert("L"))
    stored = picture.quantize(16) if mode == "P" else picture.convert(mode)
    file = io.BytesIO()
    stored.save(file, kind, **save)
    return file.getvalue()


@pytest.mark.parametrize("sides", [(16, 1), (60, 1), (1, 400)])
@pytest.mark.parametrize(
    "data",
    [
        _saved("PNG", "1"),
        _saved("PNG", "L"),
        _saved("PNG", "LA"),
        _saved("PNG", "RGB"),
        _saved("PNG", "RGB", transparency=(0, 0, 0)),
        _saved("PNG", "RGBA"),
        _saved("PNG", "P"),
        _saved("PNG", "P", transparency=3),
        _saved("PNG", "P", transparency=bytes(range(0, 256, 16))),
        _saved("PNG", "I;16"),
        _saved("GIF", "P", transparency=2),
        _saved("BMP", "RGB"),
        _saved("TIFF", "CMYK"),
        _saved("TIFF", "YCbCr"),
        _saved("TIFF", "LAB"),
        _saved("TIFF", "F"),
        _saved("TIFF", "I"),
        _saved("WEBP", "RGBA", lossless=True),
    ],
)
def test_parts_do_not_show(monkeypatch: pytest.MonkeyPatch, data: bytes, sides: tuple[int, int]) -> None:
    def decoded() -> Image.Image:
        return decode(data, short_side_px=sides[0], long_side_px=sides[1]).fitted(300)

    whole = decoded()
    monkeypatch.setattr(parts, "PART_PIXELS", 700)

    in_parts = decoded()

    assert in_parts.mode == whole.mode == "RGB"
    assert (np.asarray(in_parts) == np.asarray(whole)).all()
