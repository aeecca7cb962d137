"""Embed crops with a ResNet on the CPU without torch.

A forward pass takes one crop and one thread: several threads embed at a time, and an embedding does not depend on the
crops beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flowersorter.vision.backbone.check_crops import check_crops
from flowersorter.vision.backbone.load_weights import load_arrays
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.weights_files import find_weights

#: Photos that a thread decodes before it embeds them.
_BATCH = 8

#: (S, S, 3) uint8, RGB -> (h, w, D) float32, the last feature maps. Called from several threads at a time.
FeatureMaps = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class CpuEmbedder:
    """Turns crops into embeddings.

    Args:
        entry: The backbone, for its crop and its width.
        maps: Its network.

    Attributes:
        batch_size: Crops that a thread should embed with one call.
    """

    def __init__(self, entry: Backbone, maps: FeatureMaps) -> None:
        self.entry, self._maps = entry, maps
        self.batch_size = _BATCH

    @classmethod
    def open(cls, entry: Backbone) -> Self:
        """Load a backbone's weights into an embedder.

        Raises:
            WeightsMissing: the weights are not on this computer.
            ModelFileBad: the weights file is damaged or of another network.
        """
        state = load_arrays(entry)
        return cls.of(entry, state, entry.changes or find_weights(entry) or Path(entry.name))

    @classmethod
    def of(cls, entry: Backbone, state: Mapping[str, NDArray[Any]], path: Path) -> Self:
        """Make an embedder from weights.

        Args:
            entry: A ResNet.
            state: Its arrays by torchvision's name.
            path: Where they are from.

        Raises:
            ModelFileBad: with these weights the network computes values that are not numbers.
        """
        from flowersorter.vision.backbone.cpu.network import compile_network

        return cls(entry, compile_network(entry, state, path))

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Compute the raw features of crops, neither normalised nor square-rooted.

        Args:
            crops: (B, S, S, 3) uint8, RGB, S the backbone's `crop_px`; any number.

        Returns:
            (B, D) float16, rows in the order of the crops.

        Raises:
            ValueError: the crops have the wrong shape or type.
        """
        check_crops(self.entry, crops)
        embeddings = np.empty((len(crops), self.entry.features), np.float16)
        for crop, row in zip(crops, embeddings, strict=True):
            with np.errstate(over="ignore"):  # infinite features are found when the network is opened
                row[:] = self._maps(self._enlarged(crop)).mean(axis=(0, 1))
        return embeddings

    def feature_maps(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the last feature maps of a crop; their mean over the places is its embedding.

        Args:
            crop: (S, S, 3) uint8, RGB, S the backbone's `crop_px`.

        Returns:
            (D, h, w) float32.

        Raises:
            ValueError: the crop has the wrong shape or type.
        """
        check_crops(self.entry, crop[None])
        return np.ascontiguousarray(self._maps(self._enlarged(crop)).transpose(2, 0, 1))

    def _enlarged(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Upscale (S, S, 3) to the side of the network's input."""
        side = self.entry.seen_px
        if side == self.entry.crop_px:
            return crop
        return np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC))
