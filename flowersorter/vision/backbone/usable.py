"""Checks that a network computes usable features: weights with the right names and shapes can still give NaN."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import bad_file

_KNUTH = np.uint32(2_654_435_761)


class _Embeds(Protocol):
    entry: Backbone

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]: ...


def refuse_unusable(embedder: _Embeds, path: Path, count: int = 2) -> None:
    """Embed two test pictures, and refuse weights that give no usable features.

    Args:
        embedder: Of the weights.
        path: Where they are from.
        count: How many pictures there are, the two in turn: torch prepares a network for the size of its first batch.

    Raises:
        ModelFileBad: the features are not finite, or do not depend on the picture.
        DeviceUnavailable: the device has too little memory even for one crop.
    """
    features = embedder.embed(_test_pictures(count, embedder.entry.crop_px))
    if not np.isfinite(features).all():
        raise bad_file(path, text("with these weights the network computes values that are not numbers"))
    if (features == features[0]).all():
        raise bad_file(path, text("with these weights the network gives the same result for every photo"))


def _test_pictures(count: int, side_px: int) -> NDArray[np.uint8]:
    """(count, side_px, side_px, 3) uint8: a ramp from black to white and noise, in turn."""
    ramp = np.broadcast_to(np.linspace(0, 255, side_px).astype(np.uint8)[:, None, None], (side_px, side_px, 3))
    # Knuth's multiplicative hash of the place: NumPy's random numbers take longer to import than all of this.
    noise = (np.arange(ramp.size, dtype=np.uint32) * _KNUTH >> np.uint32(24)).astype(np.uint8).reshape(ramp.shape)
    return np.stack([noise if number % 2 else ramp for number in range(count)])
