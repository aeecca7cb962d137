"""Inputs and results of deep training; loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.figures import Epoch

if TYPE_CHECKING:
    from torch import Tensor

#: Loads the small picture of a photo by its row, (H, W, 3) uint8, or None if unreadable; called in several threads.
Pictures = Callable[[int], NDArray[np.uint8] | None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters of a training.

    Attributes:
        unfreeze: Stages of the backbone trained beside the final layer: 0, 1 or 2.
        epochs: Passes over the photos.
        crop_px: Side of the augmented crops.
        batch: Photos of a step.
        head_rate: Learning rate of the final layer.
        stage_rate: Learning rate of the last stage.
        stage_decay: Factor of the learning rate for each earlier stage.
        momentum: Nesterov momentum.
        weight_decay: Of weights; not of biases and batch norms.
        smoothing: Label smoothing.
        warm_up: Fraction of the steps with rising learning rates; afterwards they fall along a cosine.
        seed: Seed of order and augmentation.
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
    """Training and held-out photos.

    Attributes:
        pictures: Loads their small pictures.
        targets: (N,) class indices.
        classes: C, number of classes.
        train: Rows of the training photos.
        held_out: Rows of the held-out photos; no near-duplicates of the others.
    """

    pictures: Pictures
    targets: NDArray[np.intp]
    classes: int
    train: NDArray[np.intp]
    held_out: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Trained tensors and held-out predictions after one epoch.

    Attributes:
        epoch: Number of the epoch.
        changed: Tensors of the trained stages by torchvision's names; empty if only the final layer was trained.
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
class Finetuned:
    """Result of a training.

    Attributes:
        best: Snapshot of the epoch that is kept.
        epochs: Finished epochs, number 0 first.
        stopped: Whether it was stopped before the last epoch.
    """

    best: Snapshot
    epochs: tuple[Epoch, ...]
    stopped: bool
