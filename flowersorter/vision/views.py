"""Views: the square crops of one photo that the network sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CENTRE = "centre"
FLIP = "flip"


def cut(pixels: NDArray[np.uint8], view: str, size_px: int) -> NDArray[np.uint8]:
    """Cut one view out of a photo.

    Args:
        pixels: (H, W, 3) uint8, no side shorter than `size_px`.
        view: `CENTRE`, or `FLIP` for its mirror image.
        size_px: S, the side of the square.

    Returns:
        (S, S, 3) uint8, contiguous.

    Raises:
        ValueError: the view is unknown or the photo too small for it.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < size_px:
        raise ValueError(f"a photo of {width} x {height} has no square of {size_px}")
    # Rounded as torchvision's CenterCrop does it.
    top, left = round((height - size_px) / 2), round((width - size_px) / 2)
    square = pixels[top : top + size_px, left : left + size_px]
    if view == FLIP:
        square = square[:, ::-1]
    elif view != CENTRE:
        raise ValueError(f"unknown view {view!r}")
    return np.ascontiguousarray(square)
