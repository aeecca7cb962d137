"""Deep training: a loop over augmented photos for the final layer and the last stages of a ResNet.

On the CPU each core runs forward and backward passes of parts of a batch, and gradients are added in a fixed order: a
seed always gives the same network.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowersorter.domain.figures import Epoch
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.jobs.worker_threads import WorkerPool
from flowersorter.messages import text
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.vision.finetuning.augment import augmented
from flowersorter.vision.finetuning.config import FinetuneConfig, Finetuned, Recipe, Snapshot
from flowersorter.vision.finetuning.gradient_worker import GradientWorker
from flowersorter.vision.finetuning.partial_resnet import PartialResNet
from flowersorter.vision.parallel import ThreadPool, worker_count
from flowersorter.vision.torch_threads import one_torch_thread, torch_threads

if TYPE_CHECKING:
    from torchvision.models.resnet import ResNet

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Times the least training loss of the earlier epochs from which an epoch has diverged. Each shows other crops.
_DIVERGED = 1.1
#: Held-out photos prepared together.
_VALIDATION_BATCH = 64


def fine_tune(
    entry: Backbone,
    network: ResNet,
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    config: FinetuneConfig,
    recipe: Recipe,
    device: str,
    report: Report,
    cancel: CancelToken,
) -> Finetuned:
    """Train, and keep the last epoch that did not diverge. Reports `Progress` and `Epoch`.

    The held-out photos only measure: the epoch that does best on them would do better there than on other photos. The
    last epoch is the likeliest to be the best, as the learning rates end at 0.

    The final layer starts as a head fitted on the frozen features: a random one would distort the pretrained stages
    first (Kumar et al., 2022, "LP-FT").

    Args:
        entry: The backbone, for its preprocessing; held-out photos use its crop.
        network: Its ResNet in eval mode; the trainable stages are taken out of it and changed.
        head: Initial weight (C, D) and bias (C,), fitted without the held-out photos.
        config: The photos.
        recipe: Hyperparameters.
        device: "cpu" or "cuda".
        report: Receives `Progress` and `Epoch`.
        cancel: After the first epoch, stops and keeps the last one that did not diverge.

    Raises:
        Cancelled: a stop was requested during the first epoch.
        DeviceUnavailable: there is too little memory even for one photo.
    """
    started = time.perf_counter()
    # The gradients are added up, and the steps taken, in this thread.
    with ThreadPool(one_torch_thread) as pool, torch_threads(worker_count()):
        worker = GradientWorker(entry, network, recipe.unfreeze, head, device, pool)
        optimiser = make_optimiser(worker.part, recipe)
        epochs: list[Epoch] = []
        losses: list[float] = []
        best: Snapshot | None = None
        try:
            for number in range(recipe.epochs + 1):
                loss = math.nan  # epoch 0 measures the initial state
                if number > 0:
                    loss = train_one_epoch(worker, optimiser, config, recipe, number, pool, report, cancel)
                rows, logits = validate(worker, config, entry.crop_px, pool, cancel)
                kept = number > 0 and is_kept(loss, losses[1:])
                losses.append(loss)
                if kept:
                    best = _snapshot(worker.part, number, rows, logits)
                seconds = time.perf_counter() - started
                epochs.append(_epoch(number, recipe.epochs, loss, logits, config.targets[rows], kept, seconds))
                report(epochs[-1])
        except Cancelled:
            if best is None:
                raise
    assert best is not None  # the first epoch is kept until another is
    return Finetuned(best, tuple(epochs), stopped=len(epochs) <= recipe.epochs)


def _epoch(
    number: int,
    of: int,
    loss: float,
    logits: NDArray[np.float32],
    targets: NDArray[np.intp],
    kept: bool,
    seconds: float,
) -> Epoch:
    """Measure an epoch on the held-out photos."""
    held_out = HeldOutLoss(logits, targets)
    return Epoch(
        number=number,
        of=of,
        loss=loss,
        # At the best temperature: confidence is calibrated afterwards.
        held_out_loss=float(held_out.at(fit_temperature(held_out)).mean()),
        held_out_right=int((logits.argmax(axis=1) == targets).sum()),
        held_out=len(targets),
        best=kept,
        seconds=seconds,
    )


def make_optimiser(part: PartialResNet, recipe: Recipe) -> torch.optim.SGD:
    """Make SGD with Nesterov momentum and layer-wise decaying learning rates."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for depth, _, parameter in part.by_depth():
        rate = recipe.head_rate if depth == 0 else recipe.stage_rate * recipe.stage_decay ** (depth - 1)
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.SGD(
        [
            {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        lr=recipe.head_rate,
        momentum=recipe.momentum,
        nesterov=True,
    )


def train_one_epoch(
    worker: GradientWorker,
    optimiser: torch.optim.SGD,
    config: FinetuneConfig,
    recipe: Recipe,
    number: int,
    pool: ThreadPool,
    report: Report,
    cancel: CancelToken,
) -> float:
    """Train on every photo once, each with an augmentation of its own; return the mean loss.

    Args:
        worker: The network; changed in place.
        optimiser: Optimiser of the trainable part.
        config: The photos.
        recipe: Hyperparameters.
        number: Number of the epoch, from 1.
        pool: Threads that prepare the photos.
        report: Receives `Progress`.
        cancel: Checked before every step.

    Raises:
        Cancelled: a stop was requested.
        DeviceUnavailable: there is too little memory even for one photo.
    """
    balance = len(config.train) / np.bincount(config.targets[config.train], minlength=config.classes) / config.classes
    order = np.random.default_rng((recipe.seed, number)).permutation(config.train)
    batches = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]

    def show(row: int) -> NDArray[np.uint8] | None:
        pixels = config.pictures(row)
        random = np.random.default_rng((recipe.seed, number, row))
        return None if pixels is None else augmented(pixels, random, recipe.crop_px)

    losses, shown = 0.0, 0
    for at, (rows, crops) in enumerate(one_ahead(lambda batch: _prepared(batch, show, pool, cancel), batches)):
        cancel.check()
        report(
            Progress(
                text("Deep training, epoch {number} of {epochs}", number=number, epochs=recipe.epochs),
                at * recipe.batch,
                len(order),
            )
        )
        if not len(rows):
            continue
        targets = config.targets[rows]
        weights = (balance[targets] / len(rows)).astype(np.float32)
        gradients, loss = worker.gradients(crops, targets, weights, recipe.smoothing)
        share = ((number - 1) * len(batches) + at + 1) / (recipe.epochs * len(batches))
        _step(optimiser, worker.part, gradients, rate_at(share, recipe.warm_up))
        losses, shown = losses + loss * len(rows), shown + len(rows)
    return losses / max(shown, 1)


def rate_at(share: float, warm_up: float) -> float:
    """Factor of the learning rates after this fraction of the steps: linear warm-up, then a cosine to 0."""
    if share < warm_up:
        return share / warm_up
    return 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up)))


def _step(optimiser: torch.optim.SGD, part: PartialResNet, gradients: Sequence[Tensor], factor: float) -> None:
    for parameter, gradient in zip(part.parameters(), gradients, strict=True):
        parameter.grad = gradient
    for group in optimiser.param_groups:
        group["lr"] = group["initial_lr"] * factor
    optimiser.step()
    optimiser.zero_grad()


def validate(
    worker: GradientWorker, config: FinetuneConfig, crop_px: int, pool: ThreadPool, cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Predict the held-out photos in the centre crop; (V,) readable rows and their (V, C) logits.

    Raises:
        Cancelled: a stop was requested.
        DeviceUnavailable: there is too little memory even for one photo.
    """

    def show(row: int) -> NDArray[np.uint8] | None:
        pixels = config.pictures(row)
        return None if pixels is None else cut(pixels, CENTRE, crop_px)

    starts = range(0, len(config.held_out), _VALIDATION_BATCH)
    blocks = [config.held_out[start : start + _VALIDATION_BATCH] for start in starts]
    seen, logits = [np.zeros(0, np.intp)], [np.zeros((0, config.classes), np.float32)]
    for rows, crops in one_ahead(lambda block: _prepared(block, show, pool, cancel), blocks):
        cancel.check()
        if len(rows):
            seen.append(rows)
            logits.append(worker.logits(crops))
    return np.concatenate(seen), np.concatenate(logits)


def _prepared(
    rows: NDArray[np.intp], show: Callable[[int], NDArray[np.uint8] | None], pool: ThreadPool, cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Load crops; readable rows and their (B, S, S, 3) crops."""
    crops = pool.map(show, rows.tolist(), cancel)
    loaded = [crop for crop in crops if crop is not None]
    readable = np.array([crop is not None for crop in crops], np.bool_)
    return rows[readable], np.stack(loaded) if loaded else np.zeros((0, 1, 1, 3), np.uint8)


def one_ahead(make: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Prefetch: compute the next result while the caller uses the last one."""
    pool = WorkerPool(1)
    try:
        waiting = None
        for item in items:
            coming = pool.submit(make, item)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()
    finally:
        pool.close()


def is_kept(loss: float, before: Sequence[float]) -> bool:
    """Whether an epoch is kept: it is the first one, or its training loss has not risen as that of one that diverges.

    Args:
        loss: Its mean training loss; NaN where numbers became too large.
        before: Losses of the earlier epochs.
    """
    return not before or loss <= _DIVERGED * min(before)


def _snapshot(part: PartialResNet, epoch: int, rows: NDArray[np.intp], logits: NDArray[np.float32]) -> Snapshot:
    weight, bias = (tensor.detach().cpu().numpy().copy() for tensor in (part.head.weight, part.head.bias))
    return Snapshot(epoch, part.changed(), weight, bias, rows, logits)
