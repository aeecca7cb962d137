"""Forward and backward passes of a partly frozen backbone, on any device and within its memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flowersorter.errors import DeviceUnavailable
from flowersorter.messages import text
from flowersorter.vision.backbone.build import enlarged
from flowersorter.vision.backbone.device import CPU, CUDA, computes_bfloat16
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.finetuning.partial_resnet import cut_in_two
from flowersorter.vision.parallel import ThreadPool, row_blocks

if TYPE_CHECKING:
    from torchvision.models.resnet import ResNet

Result = TypeVar("Result")

#: Photos of one forward and backward pass. On the CPU each core takes this many of a batch.
_CPU_AT_ONCE, _CUDA_AT_ONCE = 8, 64
#: Phrases of torch's CPU errors for exhausted memory, which have no exception type.
_NO_MEMORY = ("can't allocate memory", "not enough memory")


class GradientWorker:
    """A split backbone on a device.

    Args:
        entry: The backbone, for its preprocessing.
        network: Its ResNet in eval mode; the trainable stages are taken out of it.
        unfreeze: Number of last stages to train.
        head: Initial weight (C, D) and bias (C,) of the final layer.
        device: "cpu" or "cuda".
        pool: Threads that share the work on the CPU; made with `one_torch_thread`.

    Attributes:
        part: The trainable part.
        at_once: Photos of one pass; halved when memory runs out, which does not change the results.
    """

    def __init__(
        self,
        entry: Backbone,
        network: ResNet,
        unfreeze: int,
        head: tuple[NDArray[np.float32], NDArray[np.float32]],
        device: str,
        pool: ThreadPool,
    ) -> None:
        self._device, self._pool, self._seen_px = device, pool, entry.seen_px
        self._dtype = torch.bfloat16 if computes_bfloat16(device) else torch.float32
        frozen, part = cut_in_two(network, unfreeze, head, self._dtype)
        self._frozen, self.part = frozen.to(device), part.to(device)
        self.at_once = _CUDA_AT_ONCE if device == CUDA else _CPU_AT_ONCE
        self._mean = torch.tensor(entry.mean, device=device).reshape(1, 3, 1, 1)
        self._std = torch.tensor(entry.std, device=device).reshape(1, 3, 1, 1)

    def gradients(
        self, crops: NDArray[np.uint8], targets: NDArray[np.intp], weights: NDArray[np.float32], smoothing: float
    ) -> tuple[list[Tensor], float]:
        """Compute the weighted cross-entropy of a batch and its gradients.

        Args:
            crops: (B, S, S, 3) uint8, RGB.
            targets: (B,) class indices.
            weights: (B,) weight of each photo in the sum.
            smoothing: Label smoothing.

        Raises:
            DeviceUnavailable: there is too little memory even for one photo.
        """
        parameters = list(self.part.parameters())

        def differentiate(rows: slice) -> tuple[tuple[Tensor, ...], float]:
            logits = self._forward(crops[rows], crops.shape[1])
            truth = torch.from_numpy(targets[rows]).to(self._device)
            each = functional.cross_entropy(logits, truth, reduction="none", label_smoothing=smoothing)
            loss = (each * torch.from_numpy(weights[rows]).to(self._device)).sum()
            return torch.autograd.grad(loss, parameters), loss.item()

        parts = self._in_parts(len(crops), differentiate)
        total = list(parts[0][0])
        for gradients, _ in parts[1:]:
            for sum_, gradient in zip(total, gradients, strict=True):
                sum_.add_(gradient)
        return total, float(sum(loss for _, loss in parts))

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute logits without gradients: (B, S, S, 3) uint8, enlarged to the input size -> (B, C) float32.

        Raises:
            DeviceUnavailable: there is too little memory even for one photo.
        """

        def infer(rows: slice) -> NDArray[np.float32]:
            with torch.no_grad():
                return np.asarray(self._forward(crops[rows], self._seen_px).cpu().numpy(), np.float32)

        return np.concatenate(self._in_parts(len(crops), infer))

    def _forward(self, crops: NDArray[np.uint8], side_px: int) -> Tensor:
        """(B, S, S, 3) uint8, enlarged to this side -> logits (B, C) on the device."""
        # Seen as (B, 3, S, S) the bytes already lie channels-last.
        bytes_ = torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2)
        if self._device == CUDA:
            bytes_ = bytes_.pin_memory().to(CUDA, non_blocking=True)
        with torch.inference_mode():
            pixels = enlarged(bytes_, side_px).sub_(self._mean).div_(self._std)
            maps = self._frozen(pixels.to(self._dtype))
        # A graph takes no tensor of inference mode; its copy is an ordinary one.
        with torch.autocast(self._device, torch.bfloat16, enabled=self._dtype == torch.bfloat16):
            logits: Tensor = self.part(maps.clone())
        return logits

    def _in_parts(self, count: int, work: Callable[[slice], Result]) -> list[Result]:
        """Call `work` with parts of a batch, on the CPU one per core; retry with smaller parts when memory runs out."""
        while True:
            results = self._try(row_blocks(count, self.at_once), work)
            if results is not None:
                return results
            # Outside the `except` block, where the traceback would keep the failed batch alive.
            if self.at_once == 1:
                raise out_of_memory(self._device)
            self.at_once //= 2
            if self._device == CUDA:
                torch.cuda.empty_cache()

    def _try(self, parts: list[slice], work: Callable[[slice], Result]) -> list[Result] | None:
        try:
            if self._device == CPU:
                return self._pool.map(work, parts)
            return [work(rows) for rows in parts]
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                return None
            raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means exhausted memory, on any device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in _NO_MEMORY)


def out_of_memory(device: str) -> DeviceUnavailable:
    """Make the error for a device with too little memory for deep training."""
    if device == CUDA:
        return DeviceUnavailable(
            text("There is not enough memory for deep training"),
            text("the graphics card cannot hold the network and one photo"),
            text("Use the device cpu, or train only the final layer"),
        )
    return DeviceUnavailable(
        text("There is not enough memory for deep training"),
        text("the network and one photo do not fit into what is free"),
        text("Close other programs, or train only the final layer"),
    )
