"""A network that takes no time: for measuring all of labelling but the network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.backbone.registry import Backbone

WIDTH = 2048
#: Every so manieth pixel of a crop of 224: 28 x 28 x 3 numbers, of which `WIDTH` are taken.
_STEP = 8


class NoNetwork:
    """Takes a few pixels of a crop for its embedding."""

    batch_size = 8

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """(B, S, S, 3) uint8 -> (B, 2048) float16, non-negative."""
        few = crops[:, ::_STEP, ::_STEP].reshape(len(crops), -1)[:, :WIDTH]
        return few.astype(np.float16) / np.float16(64)


def open_no_network(backbone: Backbone, device: str) -> NoNetwork:
    """Stand in for `workflows.predicting.network_loader.open_embedder`."""
    del backbone, device
    return NoNetwork()
