"""Checks the input of a network: crops as bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.backbone.registry import Backbone


def check_crops(entry: Backbone, crops: NDArray[np.uint8]) -> None:
    """Check that crops are (B, S, S, 3) uint8, S the backbone's `crop_px`.

    Raises:
        ValueError: they are not.
    """
    side = entry.crop_px
    if crops.dtype != np.uint8 or crops.shape[1:] != (side, side, 3):
        raise ValueError(f"crops must be (B, {side}, {side}, 3) uint8, not {crops.shape} {crops.dtype}")
