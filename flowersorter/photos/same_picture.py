"""Compares small pictures: the same picture again after another program wrote into its file, or another one."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE_PX = 32
#: Correlation of two brightness patterns from which they are one picture. Measured on 300 flower photos and 8,850
#: pairs of one class: re-encoded, resized and turned at least 0.990, contrast x 1.5 at least 0.971; other photos at
#: most 0.857. Crops reach 0.8 at the median and do not count as the same.
SAME_PICTURE = 0.95
#: Contrast, of 255, below which a picture has no pattern to compare.
_FLAT = 2.0
#: Greatest difference of the mean colour, brightness left aside, of 255: white balance moves it by less.
_TINT = 48.0


def same_picture(one: bytes, other: bytes) -> bool:
    """Whether two JPEG thumbnails show the same picture, also turned or mirrored."""
    (pattern, tint), (other_pattern, other_tint) = _pattern(one), _pattern(other)
    if np.abs(tint - other_tint).max() > _TINT:
        return False
    lengths = np.linalg.norm(pattern), np.linalg.norm(other_pattern)
    flat = [length < _FLAT * _SIDE_PX for length in lengths]
    if any(flat):
        return all(flat)
    best = max(float((turned * other_pattern).sum()) for turned in _turns(pattern))
    return bool(best >= SAME_PICTURE * lengths[0] * lengths[1])


def _pattern(jpeg: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(S, S) float32 brightness without its mean; (3,) float32 mean colour without the mean brightness."""
    with Image.open(io.BytesIO(jpeg)) as image:
        small = image.convert("RGB").resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX)
    pixels = np.asarray(small, np.float32)
    grey = np.asarray(small.convert("L"), np.float32)
    colour = pixels.mean(axis=(0, 1))
    return grey - grey.mean(), colour - colour.mean()


def _turns(pattern: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The eight orientations that EXIF knows."""
    for quarter_turns in range(4):
        turned = np.rot90(pattern, quarter_turns)
        yield turned
        yield turned[:, ::-1]
