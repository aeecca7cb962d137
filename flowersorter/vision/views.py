"""Views: the square crops of one photo that the network sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from flowersorter.vision.backbones import Backbone

CENTRE = "centre"
#: The mirror image of all there is in a square, not of a crop of it. Where the centre left a doubt, both are averaged:
#: 93.1 % right (twenty splits of 1,500 flowers), with the mirror image of the centre 92.8; the loss is 5 % less.
WIDE = "wide"
_VARIANT = "variant-"
#: Variants that a head learns from. Eight measured no better.
VARIANTS = 4

#: A variant shows between this share and all of the largest square of the photo.
_VARIANT_AREA = 0.4
MAX_TURN_DEGREES = 12.0


def variant(number: int) -> str:
    """The name of a view for training: a crop of its own size, place, turn and shape; every other is flipped.

    Args:
        number: From 1; the same number always means the same crop.
    """
    return f"{_VARIANT}{number}"


def side_px(view: str, backbone: Backbone) -> int:
    """The side of the square that is cut out of a photo for a view."""
    return backbone.short_side_px if view == WIDE else backbone.crop_px


def cut(pixels: NDArray[np.uint8], view: str, size_px: int) -> NDArray[np.uint8]:
    """Cut one view out of a photo.

    Args:
        pixels: (H, W, 3) uint8, no side shorter than `size_px`.
        view: `CENTRE`, `WIDE`, or the name of a `variant`.
        size_px: S, the side of the square: see `side_px`.

    Returns:
        (S, S, 3) uint8, contiguous.

    Raises:
        ValueError: the view is unknown or the photo too small for it.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < size_px:
        raise ValueError(f"a photo of {width} x {height} has no square of {size_px}")
    number = view.removeprefix(_VARIANT)
    if number != view and number.isdecimal():
        square = turned_crop(pixels, np.random.default_rng(int(number)), size_px, _VARIANT_AREA)
        return np.ascontiguousarray(square[:, ::-1] if int(number) % 2 == 0 else square)
    if view not in (CENTRE, WIDE):
        raise ValueError(f"unknown view {view!r}")
    # Rounded as torchvision's CenterCrop does it.
    top, left = round((height - size_px) / 2), round((width - size_px) / 2)
    square = pixels[top : top + size_px, left : left + size_px]
    return np.ascontiguousarray(square[:, ::-1] if view == WIDE else square)


def turned_crop(
    pixels: NDArray[np.uint8], random: np.random.Generator, size_px: int, min_area: float
) -> NDArray[np.uint8]:
    """A random, slightly turned and stretched rectangle inside the photo, scaled to (S, S, 3) uint8.

    It covers between `min_area` and all of the area of the largest square, unless the photo is too small for its turn.
    """
    height, width = pixels.shape[:2]
    side = min(height, width) * math.sqrt(random.uniform(min_area, 1.0))
    stretch = math.exp(random.uniform(-0.15, 0.15))
    turn = math.radians(random.uniform(-MAX_TURN_DEGREES, MAX_TURN_DEGREES))
    right = np.array([math.cos(turn), math.sin(turn)]) * side * stretch / 2
    down = np.array([-math.sin(turn), math.cos(turn)]) * side / stretch / 2
    reach = np.abs(right) + np.abs(down)  # from the centre to the sides of the upright rectangle around it
    shrink = min(1.0, width / 2 / reach[0], height / 2 / reach[1])
    right, down, reach = right * shrink, down * shrink, reach * shrink
    centre = reach + random.uniform(size=2) * (np.array([width, height]) - 2 * reach)
    corners = [centre - right - down, centre - right + down, centre + right + down, centre + right - down]
    quad = tuple(float(number) for corner in corners for number in corner)
    image = Image.fromarray(pixels).transform((size_px, size_px), Image.Transform.QUAD, quad, Image.Resampling.BILINEAR)
    return np.array(image)
