"""Decodes photos for display, small or large, with the loader of the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.photos.decode import QUICK, decode
from flowersorter.photos.file_bytes import read_file
from flowersorter.photos.read_errors import decoder_boundary


def quick_thumbnail(path: Path, size_px: int) -> NDArray[np.uint8]:
    """Return (H, W, 3) RGB, upright, no side longer than ``size_px``, for the tile of a photo that was not read yet.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    return _fitted(path, size_px, preview=True)


def load_large(path: Path, max_side_px: int) -> NDArray[np.uint8]:
    """Return (H, W, 3) RGB, upright, no side longer than ``max_side_px``, for a preview; never enlarged.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    return _fitted(path, max_side_px, preview=False)


def _fitted(path: Path, longest_side_px: int, *, preview: bool) -> NDArray[np.uint8]:
    file = read_file(path)
    with decoder_boundary(path):
        decoded = decode(file.data, short_side_px=1, long_side_px=longest_side_px, margin=QUICK, preview=preview)
        return np.array(decoded.fitted(longest_side_px))
