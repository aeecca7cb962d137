"""Bursts: similar photos taken within seconds, which must not be split between training and test photos.

Several shots of one blossom need not be near-duplicates (the hand moves, the wind blows) and still leak into a test
set. The clock alone is no proof: scans and exported photos may all carry the time of their export, and a walk along a
flower bed shows another blossom every second. So the photos of a burst must also be similar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.features.mapped_memory import let_go
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Largest interval in seconds between photos of a burst.
GAP_S = 3
#: Cosine of features from which two photos of one moment belong to a burst. Of two photos of a class taken at random
#: 2 % are as similar (1,500 flowers; 7 % of the daisies, 1 % of the tulips), of a photo and its mirror image all.
ALIKE = 0.8
#: Longest burst in seconds and in photos. A longer series (every casting on the line) is cut into bursts: as one group
#: of its class it could not be held out.
MOST_S = 10
MOST_PHOTOS = 20
_BLOCK_ROWS = 256
#: Blocks after which features in a mapped file are let go: of photos in no order, each row brings pages of others.
_BLOCKS_IN_MEMORY = 8


def find_bursts(
    features: Features, targets: NDArray[np.intp], taken: NDArray[np.datetime64], cameras: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Number the bursts within each class.

    Args:
        features: Of N photos.
        targets: (N,) class indices.
        taken: (N,) datetime64[s] time by the camera's clock; NaT if unknown.
        cameras: (N,) number of the camera.

    Returns:
        (N,) burst of each photo: one of its rows. A photo outside any burst has its own row.
    """
    bursts = np.arange(len(targets))
    known = np.flatnonzero(~np.isnat(taken))
    order = known[np.lexsort((known, taken[known], cameras[known], targets[known]))]
    seconds = taken[order].astype("datetime64[s]").astype(np.int64)
    one, other = order[:-1], order[1:]
    linked = (targets[one] == targets[other]) & (cameras[one] == cameras[other]) & (np.diff(seconds) <= GAP_S)
    close = np.flatnonzero(linked)

    def look(block: slice) -> None:
        at = close[block]
        # Most are compared with the one before and the one after: each is unpacked once, and none is copied again.
        shown = np.union1d(at, at + 1)
        rows = features.take(order[shown]).unpack()
        alike = np.einsum("nd,nd->n", rows[:-1], rows[1:]) >= ALIKE
        linked[at] = alike[np.searchsorted(shown, at)]

    blocks = row_blocks(len(close), _BLOCK_ROWS)
    with ThreadPool() as pool:
        for start in range(0, len(blocks), _BLOCKS_IN_MEMORY):
            pool.map(look, blocks[start : start + _BLOCKS_IN_MEMORY])
            let_go(features.quantised)
    first = 0
    for each in np.flatnonzero(linked).tolist():
        if each == 0 or not linked[each - 1]:
            first = each
        if seconds[each + 1] - seconds[first] > MOST_S or each + 1 - first >= MOST_PHOTOS:
            first = each + 1
        bursts[order[each + 1]] = order[first]
    return bursts
