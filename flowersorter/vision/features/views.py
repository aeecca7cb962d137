"""Views: square crops of a photo for the network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CENTRE = "centre"
#: The largest centred square, mirrored and scaled down. `train` learns from its average with the centre. Predictions
#: use the centre alone: averaged for uncertain photos, they were worse on photos of another place.
WIDE = "wide"
_VARIANT = "variant-"
#: Augmented views a head is fitted on. Eight measured no better.
VARIANTS = 4

#: Smallest area of a variant, as a fraction of the largest square of the photo.
_VARIANT_AREA = 0.4
MAX_TURN_DEGREES = 12.0


def variant(number: int) -> str:
    """Name an augmented view: a crop of its own size, position, rotation and aspect; even numbers are mirrored.

    Args:
        number: From 1; a number always gives the same crop.
    """
    return f"{_VARIANT}{number}"


def cut(pixels: NDArray[np.uint8], view: str, size_px: int) -> NDArray[np.uint8]:
    """Crop one view of a photo.

    Args:
        pixels: (H, W, 3) uint8, no side shorter than `size_px`.
        view: `CENTRE`, `WIDE`, or the name of a `variant`.
        size_px: S, the side of the square.

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
    if view == CENTRE:
        return np.ascontiguousarray(_centre(pixels, size_px))
    if view == WIDE:
        whole = Image.fromarray(_centre(pixels, min(height, width))[:, ::-1])
        return np.array(whole.resize((size_px, size_px), Image.Resampling.BICUBIC))
    raise ValueError(f"unknown view {view!r}")


def _centre(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Crop the centred square, rounded as by torchvision's CenterCrop."""
    height, width = pixels.shape[:2]
    top, left = round((height - side) / 2), round((width - side) / 2)
    return pixels[top : top + side, left : left + side]


def turned_crop(
    pixels: NDArray[np.uint8], random: np.random.Generator, size_px: int, min_area: float
) -> NDArray[np.uint8]:
    """Crop a random, slightly rotated and stretched rectangle and scale it to (S, S, 3) uint8.

    It covers at least `min_area` of the largest square, unless the photo is too small for the rotation.
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
