"""Deep training: the tutorial's own loop over augmented photos, for the final layer and the last stages of a backbone.

Plain functions that take everything as arguments. On the CPU each core runs parts of a batch alone, forwards and
backwards, and gradients are added in a fixed order: a seed gives the same network again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.models.resnet import ResNet

from flowersorter.domain.figures import Epoch
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.vision.backbone.registry import Backbone
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature
from flowersorter.vision.features.views import CENTRE, cut
from flowersorter.vision.finetuning.augment import augmented
from flowersorter.vision.finetuning.config import FinetuneConfig, Recipe, Snapshot, Tuned
from flowersorter.vision.finetuning.gradient_worker import GradientWorker
from flowersorter.vision.finetuning.partial_resnet import PartialResNet
from flowersorter.vision.parallel import ThreadPool, worker_count
from flowersorter.vision.torch_threads import one_torch_thread, torch_threads

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Held-out photos prepared together.
_LOOKED_AT = 64


def fine_tune(
    entry: Backbone,
    network: ResNet,
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    lesson: FinetuneConfig,
    recipe: Recipe,
    device: str,
    report: Report,
    cancel: CancelToken,
) -> Tuned:
    """Train, and keep the last epoch that no other one was clearly better than. Reports `Progress` and `Epoch`.

    The last epoch is the likeliest to be the best, as the learning rates end at 0; a hundred held-out photos tell two
    good ones apart by chance only.

    The final layer begins as a head fitted on the frozen features: the stages would else first learn to make up for a
    random one, and lose much of what they know (Kumar et al., 2022, "LP-FT").

    Args:
        entry: The backbone, for its preprocessing; held-out photos are seen in its crop.
        network: Its ResNet in eval mode; the stages that learn are taken out of it and changed.
        head: Weight (C, D) and bias (C,) to begin with, of a head that has not seen the held-out photos.
        lesson: The photos.
        recipe: How to train.
        device: "cpu" or "cuda".
        report: Gets the news.
        cancel: After the first epoch, stops and keeps the best one so far.

    Raises:
        Cancelled: asked to stop before the first epoch was over.
        DeviceUnavailable: there is too little memory even for one photo.
    """
    started = time.perf_counter()
    # The gradients are added up, and the steps taken, in this thread.
    with ThreadPool(one_torch_thread) as lanes, torch_threads(worker_count()):
        learner = GradientWorker(entry, network, recipe.unfreeze, head, device, lanes)
        optimiser = make_optimiser(learner.part, recipe)
        epochs: list[Epoch] = []
        losses: list[NDArray[np.float32]] = []
        best: Snapshot | None = None
        try:
            for number in range(recipe.epochs + 1):
                loss = math.nan  # epoch 0 only tells how things stand before the first
                if number > 0:
                    loss = train_one_epoch(learner, optimiser, lesson, recipe, number, lanes, report, cancel)
                rows, logits = validate(learner, lesson, entry.crop_px, lanes, cancel)
                held_out = HeldOutLoss(logits, lesson.targets[rows])
                # At the best temperature: how confident it is gets put right afterwards, and should not decide.
                losses.append(held_out.at(fit_temperature(held_out)))
                epoch = Epoch(
                    number=number,
                    of=recipe.epochs,
                    loss=loss,
                    held_out_loss=float(losses[-1].mean()),
                    held_out_right=int((logits.argmax(axis=1) == lesson.targets[rows]).sum()),
                    held_out=len(rows),
                    best=number > 0 and is_best(losses[-1], losses[1:-1]),
                    seconds=time.perf_counter() - started,
                )
                if epoch.best:
                    best = _snapshot(learner.part, number, rows, logits)
                epochs.append(epoch)
                report(epoch)
        except Cancelled:
            if best is None:
                raise
    assert best is not None  # the first epoch is the best so far
    return Tuned(best, tuple(epochs), stopped=len(epochs) <= recipe.epochs)


def make_optimiser(part: PartialResNet, recipe: Recipe) -> torch.optim.SGD:
    """SGD with Nesterov's momentum; the further a stage is from the end, the smaller its steps."""
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
    learner: GradientWorker,
    optimiser: torch.optim.SGD,
    lesson: FinetuneConfig,
    recipe: Recipe,
    number: int,
    lanes: ThreadPool,
    report: Report,
    cancel: CancelToken,
) -> float:
    """Show every photo once, each augmented in a way of its own; returns the mean loss.

    Args:
        learner: Changed by it.
        optimiser: Of the learner's part.
        lesson: The photos.
        recipe: How to train.
        number: Of the epoch, from 1.
        lanes: Prepare the photos.
        report: Gets `Progress`.
        cancel: Looked at before every step.

    Raises:
        Cancelled: asked to stop.
        DeviceUnavailable: there is too little memory even for one photo.
    """
    balance = len(lesson.train) / np.bincount(lesson.targets[lesson.train], minlength=lesson.classes) / lesson.classes
    order = np.random.default_rng((recipe.seed, number)).permutation(lesson.train)
    batches = [order[start : start + recipe.batch] for start in range(0, len(order), recipe.batch)]

    def show(row: int) -> NDArray[np.uint8] | None:
        pixels = lesson.pictures(row)
        random = np.random.default_rng((recipe.seed, number, row))
        return None if pixels is None else augmented(pixels, random, recipe.crop_px)

    losses, shown = 0.0, 0
    for at, (rows, crops) in enumerate(one_ahead(lambda batch: _prepared(batch, show, lanes), batches)):
        cancel.check()
        report(Progress(f"Deep training, epoch {number} of {recipe.epochs}", at * recipe.batch, len(order)))
        if not len(rows):
            continue
        targets = lesson.targets[rows]
        weights = (balance[targets] / len(rows)).astype(np.float32)
        gradients, loss = learner.gradients(crops, targets, weights, recipe.smoothing)
        share = ((number - 1) * len(batches) + at + 1) / (recipe.epochs * len(batches))
        _step(optimiser, learner.part, gradients, rate_at(share, recipe.warm_up))
        losses, shown = losses + loss * len(rows), shown + len(rows)
    return losses / max(shown, 1)


def rate_at(share: float, warm_up: float) -> float:
    """Factor of the learning rates after this share of all steps: rises in a line, then falls along a cosine to 0."""
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
    learner: GradientWorker, lesson: FinetuneConfig, crop_px: int, lanes: ThreadPool, cancel: CancelToken
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Held-out rows that can be read, (V,), and their logits, (V, C), each seen once as labelling would see it.

    Raises:
        Cancelled: asked to stop.
        DeviceUnavailable: there is too little memory even for one photo.
    """

    def show(row: int) -> NDArray[np.uint8] | None:
        pixels = lesson.pictures(row)
        return None if pixels is None else cut(pixels, CENTRE, crop_px)

    blocks = [lesson.held_out[start : start + _LOOKED_AT] for start in range(0, len(lesson.held_out), _LOOKED_AT)]
    seen, logits = [np.zeros(0, np.intp)], [np.zeros((0, lesson.classes), np.float32)]
    for rows, crops in one_ahead(lambda block: _prepared(block, show, lanes), blocks):
        cancel.check()
        if len(rows):
            seen.append(rows)
            logits.append(learner.logits(crops))
    return np.concatenate(seen), np.concatenate(logits)


def _prepared(
    rows: NDArray[np.intp], show: Callable[[int], NDArray[np.uint8] | None], lanes: ThreadPool
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Those of the rows that can be read, and their crops (B, S, S, 3)."""
    crops = lanes.map(show, rows.tolist())
    there = [crop for crop in crops if crop is not None]
    readable = np.array([crop is not None for crop in crops], np.bool_)
    return rows[readable], np.stack(there) if there else np.zeros((0, 1, 1, 3), np.uint8)


def one_ahead(make: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Make something of every item, the next one while the caller uses the last."""
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as pool:
        waiting = None
        for item in items:
            coming = pool.submit(make, item)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


def is_best(losses: NDArray[np.float32], before: Sequence[NDArray[np.float32]]) -> bool:
    """Whether no epoch before was better by more than the error of the difference.

    Args:
        losses: (V,) of held-out photos after an epoch.
        before: (V,) after each epoch before.
    """
    if not before:
        return True
    least = min(before, key=lambda each: float(each.mean()))
    if len(least) != len(losses):  # a photo cannot be read any more
        return bool(losses.mean() <= least.mean())
    more = losses - least
    return bool(more.mean() <= more.std() / len(more) ** 0.5)


def _snapshot(part: PartialResNet, epoch: int, rows: NDArray[np.intp], logits: NDArray[np.float32]) -> Snapshot:
    weight, bias = (tensor.detach().cpu().numpy().copy() for tensor in (part.head.weight, part.head.bias))
    return Snapshot(epoch, part.changed(), weight, bias, rows, logits)
