"""Embed crops with the frozen network in torch, in batches and in the fastest precision of the device.

On a CPU `cpu.embedder` takes its place, unless the network is no ResNet or OpenVINO is not installed.

On the CPU a forward pass uses one thread: one pass per thread uses all cores and avoids the per-layer barrier of
intra-op parallelism. On CUDA the calls of several threads take turns.
"""

from __future__ import annotations

import threading
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowersorter.errors import DeviceUnavailable
from flowersorter.messages import text
from flowersorter.vision.backbone.build import build_network, enlarged, for_inference
from flowersorter.vision.backbone.check_crops import check_crops
from flowersorter.vision.backbone.device import CPU, CUDA, computes_bfloat16
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.backbone.resnet import is_resnet
from flowersorter.vision.torch_threads import one_torch_thread

#: Measured on two cores: 16 is 3 % faster and doubles the latency.
CPU_BATCH = 8
#: Crops of each decoding thread: together they keep the device busy, and the first predictions come soon.
CUDA_BATCH = 32


class Embedder:
    """Turns crops into embeddings.

    Args:
        entry: The backbone, for its preprocessing and its width.
        network: Normalised pixels (B, 3, S, S) -> features (B, D), in eval mode. A ResNet is replaced by a faster
            copy; any other network runs as is, in float32.
        device: "cpu" or "cuda".
        bfloat16: Compute in bfloat16; None: where the device does so at full speed. ResNets only.

    Attributes:
        batch_size: Crops that go through the network at once; halved when the device runs out of memory.
    """

    def __init__(
        self, entry: Backbone, network: nn.Module, device: str = "cpu", *, bfloat16: bool | None = None
    ) -> None:
        self.entry, self.device = entry, device
        self.batch_size = CUDA_BATCH if device == CUDA else CPU_BATCH
        self._dtype = torch.float32
        if is_resnet(network):
            if computes_bfloat16(device) if bfloat16 is None else bfloat16:
                self._dtype = torch.bfloat16
            network = for_inference(network, self._dtype)
        self._network = network.to(device)
        self._halving = threading.Lock()
        # Kept as (1, 3, 1, 1): the pixels are normalised exactly, before the network pads with zeros.
        self._mean = torch.tensor(entry.mean, device=device).reshape(1, 3, 1, 1)
        self._std = torch.tensor(entry.std, device=device).reshape(1, 3, 1, 1)

    @classmethod
    def open(cls, entry: Backbone, device: str) -> Self:
        """Load a backbone's weights into an embedder.

        Raises:
            WeightsMissing: the weights are not on this computer.
            ModelFileBad: the weights file is damaged or of another network.
        """
        return cls(entry, build_network(entry), device)

    @property
    def width(self) -> int:
        """D, the length of an embedding."""
        return self.entry.features

    def embed(self, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Compute the raw features of crops, neither normalised nor square-rooted.

        Args:
            crops: (B, S, S, 3) uint8, RGB, S the backbone's `crop_px`; any number.

        Returns:
            (B, D) float16, rows in the order of the crops.

        Raises:
            ValueError: the crops have the wrong shape or type.
            DeviceUnavailable: the device has too little memory even for one crop.
        """
        check_crops(self.entry, crops)
        if self.device == CPU:
            one_torch_thread()
        batches: list[Tensor] = []
        done = 0
        while done < len(crops):
            batch = crops[done : done + self.batch_size]
            features = self._try(batch)
            if features is None:
                self._halve_batch(len(batch))
                continue
            batches.append(features)
            done += len(batch)
        if not batches:
            return np.zeros((0, self.width), np.float16)
        embeddings: NDArray[np.float16] = torch.cat(batches).cpu().numpy()
        return embeddings

    def feature_maps(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the last feature maps of a crop; their mean over the places is its embedding.

        Args:
            crop: (S, S, 3) uint8, RGB, S the backbone's `crop_px`.

        Returns:
            (D, h, w) float32.

        Raises:
            UserError: the network is not a ResNet, so its features need not be the mean over the places of a photo.
        """
        self.entry.resnet(text("This network does not show where it looks in a photo"))
        if self.device == CPU:
            one_torch_thread()
        layers = [layer for name, layer in self._network.named_children() if name not in ("avgpool", "fc")]
        with torch.inference_mode():
            maps: NDArray[np.float32] = nn.Sequential(*layers)(self._pixels(crop[None]))[0].float().cpu().numpy()
        return maps

    def _try(self, crops: NDArray[np.uint8]) -> Tensor | None:
        """As `_forward`, or None when memory runs out."""
        try:
            return self._forward(crops)
        except torch.OutOfMemoryError:
            return None

    @torch.inference_mode()
    def _forward(self, crops: NDArray[np.uint8]) -> Tensor:
        """(B, S, S, 3) uint8 -> (B, D) float16 on the device."""
        features: Tensor = self._network(self._pixels(crops))
        return features.to(torch.float16)

    def _pixels(self, crops: NDArray[np.uint8]) -> Tensor:
        """(B, S, S, 3) uint8 -> (B, 3, S, S) normalised, on the device and in its precision."""
        # Seen as (B, 3, S, S) the bytes already lie channels-last; nothing is copied for that.
        bytes_ = torch.from_numpy(np.require(crops, requirements=["C", "W"])).permute(0, 3, 1, 2)
        if self.device == CUDA:
            bytes_ = bytes_.pin_memory().to(CUDA, non_blocking=True)
        return enlarged(bytes_, self.entry.seen_px).sub_(self._mean).div_(self._std).to(self._dtype)

    def _halve_batch(self, too_many: int) -> None:
        """Halve the batch size, unless another thread has done so.

        Called outside the `except` block, where the traceback would keep the failed batch's tensors alive.
        """
        if too_many == 1:
            raise DeviceUnavailable(
                text("The graphics card has too little memory"),
                text("not even one photo fits"),
                text("Use the device cpu"),
            )
        with self._halving:
            self.batch_size = min(self.batch_size, too_many // 2)
        torch.cuda.empty_cache()
