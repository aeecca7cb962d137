"""Quantise a ResNet to int8: the weights of each output channel by their own scale, the maps by measured ranges."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import shipped_folder

#: Seven bits and not eight: a processor without VNNI adds two products of a weight and a byte in 16 bits, which
#: 2 x 63 x 255 does not exceed. Every processor thus computes the same sums.
_PEAK = 63


def activation_ranges(entry: Backbone) -> Mapping[str, float] | None:
    """The largest input of each convolution, by the name of its input maps; None if not measured.

    `packaging/measure_ranges.py` measured them, for the weights that the program ships only.
    """
    if not entry.weights.shipped or entry.changes is not None:
        return None
    file = shipped_folder() / f"{entry.name}-int8.json"
    if not file.is_file():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    return dict(found["ranges"]) if found["weights_sha256"] == entry.weights.sha256 else None


def quantise_kernel(kernel: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round a kernel to seven bits a number; overwrites the kernel.

    Args:
        kernel: (outputs, inputs, side, side).

    Returns:
        The rounded numbers, (outputs, inputs, side, side), and their scale, (outputs, 1, 1, 1): not finite where a
        number of the channel is not.
    """
    rows = kernel.reshape(len(kernel), -1)
    peak = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    scale = np.maximum(peak / np.float32(_PEAK), np.float32(1e-30))
    rows *= (1 / scale)[:, None]
    return np.rint(rows, out=rows).astype(np.int8).reshape(kernel.shape), scale[:, None, None, None]
