"""What deep training is given, and what it gives back; loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Epoch

if TYPE_CHECKING:
    from torch import Tensor

#: Gives the small picture of a photo, (H, W, 3) uint8, or None where it cannot be read; called in several threads.
Pictures = Callable[[int], NDArray[np.uint8] | None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train.

    Attributes:
        unfreeze: Stages of the backbone that learn beside the final layer: 0, 1 or 2.
        epochs: Times every photo is shown.
        crop_px: Side of the augmented crops.
        batch: Photos between two steps.
        head_rate: Learning rate of the final layer.
        stage_rate: Of the last stage.
        stage_decay: Factor for each stage further from the end.
        momentum: Nesterov's.
        weight_decay: Of weights; not of biases and batch norms.
        smoothing: Share of the truth that goes to all classes alike.
        warm_up: Share of the steps in which the rates rise; then they fall along a cosine.
        seed: Fixes order and augmentation.
    """

    unfreeze: int = 1
    epochs: int = 12
    crop_px: int = 224
    batch: int = 32
    head_rate: float = 0.02
    stage_rate: float = 0.02
    stage_decay: float = 0.3
    momentum: float = 0.9
    weight_decay: float = 1e-4
    smoothing: float = 0.1
    warm_up: float = 0.1
    seed: int = 42


@dataclass(frozen=True, slots=True, eq=False)
class FinetuneConfig:
    """The photos to learn from and to measure with.

    Attributes:
        pictures: Their small pictures, by row.
        targets: (N,) class indices.
        classes: C, how many classes there are.
        train: Rows to learn from.
        held_out: Rows to measure with; no near-copies of the others.
    """

    pictures: Pictures
    targets: NDArray[np.intp]
    classes: int
    train: NDArray[np.intp]
    held_out: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The network as it was after one epoch.

    Attributes:
        epoch: Its number.
        changed: Tensors of the stages that learned, by torchvision's names; empty where only the final layer did.
        weight: (C, D) float32 of the final layer, on features.
        bias: (C,) float32.
        rows: Held-out rows that could be read.
        logits: (V, C) float32 of these.
    """

    epoch: int
    changed: dict[str, Tensor]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    rows: NDArray[np.intp]
    logits: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What a training left.

    Attributes:
        best: After the best epoch.
        epochs: All that were finished, number 0 first.
        stopped: Whether it was asked to stop before the last one was.
    """

    best: Snapshot
    epochs: tuple[Epoch, ...]
    stopped: bool
