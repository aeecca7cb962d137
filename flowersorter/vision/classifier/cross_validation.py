"""The heads of all folds and of all photos together, solved at once, with the penalty that held-out photos prefer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature
from flowersorter.vision.classifier.lda import fit_lda
from flowersorter.vision.classifier.penalty_search import choose_penalty
from flowersorter.vision.classifier.training_state import TrainingState
from flowersorter.vision.parallel import ThreadPool

_PENALTY_FOR_FEW = 3e-4
#: With a prior. Too few photos are held out of a network's training to choose by. Measured on six splits of 1,500
#: flowers, held-out accuracy and loss: 0.1: 93.8 % and 0.179, 3e-3: 93.8 % and 0.178, 1e-3: 93.8 % and 0.178,
#: 3e-4: 93.6 % and 0.177, 1e-4: 93.6 % and 0.177, 1e-5: 93.4 % and 0.181; chosen by held-out photos: 93.7 %.
_PENALTY_WITH_PRIOR = 1e-3
#: From the discriminant it is never far. 1e-3 to 3e-5, or the best of some, measured the same within 0.2 points.
_PENALTY_OF_DISCRIMINANT = 1e-4
#: Share of the loss that is left to gain when penalties are compared, and in the end: with `_MANY` photos, and less
#: in proportion with fewer, where steps cost little.
_ROUGHLY, _CLOSELY, _MANY = 1e-3, 1e-4, 10_000
#: Share of the photos from which on a change is worth choosing the penalty again.
_WORTH_CHOOSING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidatedHeads:
    """One head for each fold, which has not seen it, and the one that has seen everything.

    Attributes:
        folds: (P,) the folds; those without which a class has no photo left are not among them.
        penalty: Weight decay.
        chosen_after: `TrainingState.changed` when the penalty was chosen.
        weights: (P + 1, C, R + 1) float64 in principal axes: weights, then the bias. The last head is of all photos.
        prior: (P + 1, C, R + 1) what they are held near to; None: zeros.
    """

    folds: NDArray[np.intp]
    penalty: float
    chosen_after: int
    weights: Weights
    prior: Weights | None


def fit_heads(
    ground: TrainingState,
    classes: int,
    last: CrossValidatedHeads | None,
    lanes: ThreadPool,
    cancel: CancelToken,
    prior: Weights | None = None,
    *,
    discriminant: bool = True,
) -> CrossValidatedHeads:
    """Fit the head of every fold and the one of all photos, with the penalty that held-out photos prefer.

    Args:
        ground: The photos.
        classes: C.
        last: Heads of nearly the same photos on the same axes, if any. Few steps are left from there, and the penalty
            stays while little has changed.
        lanes: Share the work.
        cancel: Looked at in every step.
        prior: (C, R + 1) head that all of them are held near to, in the axes of `ground`. None: each is held near to
            the linear discriminant of its photos, or to zero where held-out photos clearly prefer that.
        discriminant: Whether that is tried.

    Raises:
        Cancelled: asked to stop.
    """
    folds = _usable_folds(ground, classes)
    if last is not None and not np.array_equal(last.folds, folds):
        last = None
    fits = _fits(ground, folds, classes)
    size = min(1.0, len(ground.ids) / _MANY)
    roughly, closely = _ROUGHLY * size, _CLOSELY * size
    start = None if last is None else last.weights
    solver = Solver(fits, lanes, cancel)
    if prior is not None or not len(folds):
        near = None if prior is None else np.broadcast_to(prior, (len(fits.seen), *prior.shape))
        penalty = _PENALTY_FOR_FEW if prior is None else _PENALTY_WITH_PRIOR
        return CrossValidatedHeads(folds, penalty, ground.changed, solver.solve(penalty, closely, start, near), near)
    if last is not None and ground.changed - last.chosen_after <= _WORTH_CHOOSING * len(ground.ids):
        return replace(last, weights=solver.solve(last.penalty, closely, start, last.prior))

    near = _nearest(ground, folds, fits, lanes) if discriminant else None
    penalty, found, near = _choose(ground, folds, solver, near, last, roughly, lanes)
    mean = found.mean(axis=0, keepdims=True)
    start = np.concatenate([found, mean if last is None else last.weights[-1:]])
    return CrossValidatedHeads(folds, penalty, ground.changed, solver.solve(penalty, closely, start, near), near)


def _fits(ground: TrainingState, folds: NDArray[np.intp], classes: int) -> FitBatch:
    """A fit without each fold and one of everything; a photo and its variants are one photo together."""
    inside, rows = ground.coordinates.inside, np.arange(len(ground.folds))
    if ground.variants is not None:
        inside, rows = np.vstack([inside, ground.variants.inside]), np.concatenate([rows, ground.variants.rows])
    seen = np.vstack([ground.folds != folds[:, None], np.ones(len(ground.folds), np.bool_)])
    shares = (1 / np.bincount(rows)).astype(np.float32)
    return FitBatch(inside, ground.targets[rows], classes, seen[:, rows], shares[rows])


def _nearest(ground: TrainingState, folds: NDArray[np.intp], fits: FitBatch, lanes: ThreadPool) -> Weights | None:
    """The discriminants, with unlabelled photos unless held-out ones clearly prefer those of labelled photos alone."""
    near = fit_lda(fits, lanes)
    if near is None or ground.unlabelled is None or not len(ground.unlabelled):
        return near
    wider = fit_lda(fits, lanes, ground.unlabelled)
    assert wider is not None
    alone, together = (_held_out_losses(ground, folds, each[:-1], lanes) for each in (near, wider))
    return near if _clearly_less(alone, together) else wider


def _choose(
    ground: TrainingState,
    folds: NDArray[np.intp],
    solver: Solver,
    near: Weights | None,
    last: CrossValidatedHeads | None,
    tolerance: float,
    lanes: ThreadPool,
) -> tuple[float, Weights, Weights | None]:
    """Choose the penalty, and between what the heads could be held near to and zero.

    Returns:
        The penalty, the heads of the folds, and what they are held near to.
    """
    start = None if last is None else last.weights[:-1]

    def losses(weights: Weights) -> NDArray[np.float64]:
        return _held_out_losses(ground, folds, weights, lanes)

    def loss(penalty: float, start: Weights | None) -> tuple[float, Weights]:
        weights = solver.solve(penalty, tolerance, start, fits=len(folds))
        return float(losses(weights).mean()), weights

    if near is None:
        return (*choose_penalty(loss, start), None)
    held = solver.solve(_PENALTY_OF_DISCRIMINANT, tolerance, start, near, fits=len(folds))
    held_losses = losses(held)
    if loss(_PENALTY_OF_DISCRIMINANT, held)[0] >= held_losses.mean():
        return _PENALTY_OF_DISCRIMINANT, held, near  # so it is in most collections: the search can be saved
    penalty, free = choose_penalty(loss, start)
    if _clearly_less(losses(free), held_losses):
        return penalty, free, None
    return _PENALTY_OF_DISCRIMINANT, held, near


def _usable_folds(ground: TrainingState, classes: int) -> NDArray[np.intp]:
    """The folds without which photos of every class are left to learn from; none while they are of one class only."""
    counts = np.bincount(ground.targets)
    spread = np.zeros((ground.folds.max() + 1, classes), np.int64)
    dealt = ground.folds >= 0
    np.add.at(spread, (ground.folds[dealt], ground.targets[dealt]), 1)
    if np.count_nonzero(spread.any(axis=0)) < 2:
        return np.empty(0, np.intp)
    return np.flatnonzero((spread.sum(axis=1) > 0) & (counts > spread).all(axis=1))


def held_out_logits(
    ground: TrainingState, folds: NDArray[np.intp], weights: Weights, lanes: ThreadPool
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Score every photo with the head that has not seen it.

    Args:
        ground: The photos.
        folds: (P,) folds that have a head.
        weights: (P, C, R + 1) the heads.
        lanes: Share the work.

    Returns:
        (M,) rows of the photos of these folds, and their (M, C) float32 scores.
    """
    logits = np.empty((len(ground.folds), weights.shape[1]), np.float32)

    def score(fold: int, head: NDArray[np.float32]) -> None:
        out = np.flatnonzero(ground.folds == fold)
        logits[out] = ground.coordinates.inside[out] @ head.T

    lanes.map(lambda each: score(*each), zip(folds.tolist(), weights.astype(np.float32), strict=True))
    rows = np.flatnonzero(np.isin(ground.folds, folds))
    return rows, logits[rows]


def _held_out_losses(
    ground: TrainingState, folds: NDArray[np.intp], weights: Weights, lanes: ThreadPool
) -> NDArray[np.float64]:
    """(M,) losses of held-out photos at the best temperature, weighted so that classes count alike in their mean."""
    rows, logits = held_out_logits(ground, folds, weights, lanes)
    targets = ground.targets[rows]
    loss, counts = HeldOutLoss(logits, targets), np.bincount(targets)
    balance = len(rows) / (np.count_nonzero(counts) * counts[targets])
    return np.asarray(loss.at(fit_temperature(loss)) * balance, np.float64)


def _clearly_less(some: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether losses of the same photos are less in one way than in another, by twice the error of the difference."""
    less = others - some
    return bool(less.mean() > 2 * less.std() / len(less) ** 0.5)
