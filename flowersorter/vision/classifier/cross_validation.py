"""Cross-validation: fit the heads of all folds and of all photos at once, with the penalty of least held-out loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batched_lbfgs import FitBatch, Solver, Weights
from flowersorter.vision.classifier.calibration import WEAK_PRIOR, HeldOutLoss, TemperaturePrior, fit_temperature
from flowersorter.vision.classifier.lda import discriminant_again, fit_lda
from flowersorter.vision.classifier.training_state import TrainingState
from flowersorter.vision.parallel import ThreadPool

Solution = TypeVar("Solution")

#: Strongest first: each is a warm start for the next one. Very small classes make the losses uneven, so all are tried:
#: stopping at the first rise measured 2 points worse with five photos in one class.
PENALTIES = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
_PENALTY_FOR_FEW = 3e-4
#: With a prior. Finetuning holds out too few photos for a choice. Measured on six splits of 1,500
#: flowers, held-out accuracy and loss: 0.1: 93.8 % and 0.179, 3e-3: 93.8 % and 0.178, 1e-3: 93.8 % and 0.178,
#: 3e-4: 93.6 % and 0.177, 1e-4: 93.6 % and 0.177, 1e-5: 93.4 % and 0.181; chosen by held-out photos: 93.7 %.
_PENALTY_WITH_PRIOR = 1e-3
#: With the discriminant. 1e-3 to 3e-5, or the best of several, measured the same within 0.2 points.
_PENALTY_OF_DISCRIMINANT = 1e-4
#: Tolerance while penalties are compared, and of the final fit: with `_MANY` photos, and proportionally less with
#: fewer, where steps are cheap. With `_LARGE` scores (photos times classes) or more a step takes seconds: the tolerance
#: is larger by as much, up to a factor, and penalties are compared on one fold, which has hundreds of photos.
_ROUGHLY, _CLOSELY, _MANY = 1e-3, 1e-4, 10_000
_LARGE, _MOST_LOOSENED = 2_000_000, 5.0
#: Labelled photos of each class from which the discriminant is tried: the mean of one or two is far off, and no
#: held-out photo of the class shows it. Twelve classes of things labelled in groups and one by one, three draws: of the
#: others 66.3 instead of 63.4 % are right on average over the way, and one more label takes at most 6 points of them
#: instead of 34; from 2, 4 or 6 photos on 66.1, 66.4 and 66.4 %. Five flowers: 64.1 instead of 63.9 %, and 6 instead of
#: 23 points; from 4 and 6 photos on 63.6 and 63.0 %.
_LEAST_FOR_DISCRIMINANT = 3
#: Most steps without the discriminant before it is kept: on the way there the held-out loss has not become less.
_STEPS_WITHOUT = 30
#: Held-out loss of the discriminant below which no other head is tried.
_NEXT_TO_NOTHING = 1e-2
#: Fraction of changed photos from which the penalty is chosen again.
_WORTH_CHOOSING = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidatedHeads:
    """One head per fold, fitted without it, and one of all photos.

    Attributes:
        folds: (P,) folds that leave training photos of every class.
        penalty: Weight decay.
        chosen_after: `TrainingState.changed` when the penalty was chosen.
        weights: (P + 1, C, R + 1) float64 in principal axes: weights, then the bias. The last head is of all photos.
        prior: (P + 1, C, R + 1) heads the penalty pulls towards; None: zeros.
        temperature: Prior of the temperature of their scores.
        divisor: Temperature of the linear discriminants that are the prior; None where it is another one, or none.
    """

    folds: NDArray[np.intp]
    penalty: float
    chosen_after: int
    weights: Weights
    prior: Weights | None
    temperature: TemperaturePrior = WEAK_PRIOR
    divisor: float | None = None


def fit_heads(
    state: TrainingState,
    classes: int,
    last: CrossValidatedHeads | None,
    pool: ThreadPool,
    cancel: CancelToken,
    prior: Weights | None = None,
    *,
    discriminant: bool = True,
) -> CrossValidatedHeads:
    """Fit the head of every fold and the one of all photos, with the penalty of least held-out loss.

    Args:
        state: The photos.
        classes: C.
        last: Warm start: heads of nearly the same photos on the same axes. The penalty stays while few photos have
            changed.
        pool: Threads that share the work.
        cancel: Checked in every step.
        prior: (C, R + 1) head the penalty pulls all of them towards, in the axes of `state`. None: the linear
            discriminant of their photos, or zero where that has clearly less held-out loss.
        discriminant: Whether the discriminant is tried, where every class has photos enough.

    Raises:
        Cancelled: a stop was requested.
    """
    folds = _usable_folds(state, classes)
    if last is not None and not np.array_equal(last.folds, folds):
        last = None
    fits = _fits(state, folds, classes)
    size = _loosened(len(state.ids), classes)
    roughly, closely = _ROUGHLY * size, _CLOSELY * size
    start = None if last is None else last.weights
    solver = Solver(fits, pool, cancel)
    if prior is not None or not len(folds):
        near = None if prior is None else np.broadcast_to(prior, (len(fits.seen), *prior.shape))
        penalty = _PENALTY_FOR_FEW if prior is None else _PENALTY_WITH_PRIOR
        return CrossValidatedHeads(folds, penalty, state.changed, solver.solve(penalty, closely, start, near), near)
    if last is not None and state.changed - last.chosen_after <= _WORTH_CHOOSING * len(state.ids):
        return replace(last, weights=solver.solve(last.penalty, closely, start, last.prior))

    tried = discriminant and np.bincount(state.targets, minlength=classes).min() >= _LEAST_FOR_DISCRIMINANT
    discriminants = fit_lda(fits, pool) if tried else None
    near = None if discriminants is None else discriminants.weights
    compared = folds if len(state.ids) * classes < _LARGE else folds[:1]
    penalty, found, near = _choose(state, compared, solver, near, last, roughly, pool)
    start = _start(found, near, last, len(fits.seen))
    temperature = WEAK_PRIOR if discriminants is None else discriminants.temperature
    weights = solver.solve(penalty, closely, start, near)
    divisor = None if discriminants is None or near is None else discriminants.divisor
    return CrossValidatedHeads(folds, penalty, state.changed, weights, near, temperature, divisor)


def refit_last(
    state: TrainingState, last: CrossValidatedHeads, pool: ThreadPool, cancel: CancelToken
) -> NDArray[np.float64]:
    """Fit the (C, R + 1) head of all photos alone, from where it was and with the penalty that was chosen.

    Where it is pulled towards the discriminant, that follows the labels too: the former one beside a photo that it gets
    wrong takes up to an eighth of the right suggestions of 345 photos away.
    """
    classes = last.weights.shape[1]
    fits = _fits(state, np.empty(0, np.intp), classes)
    prior = None if last.prior is None else last.prior[-1:]
    if last.divisor is not None and (again := discriminant_again(fits, last.divisor)) is not None:
        prior = again
    tolerance = _CLOSELY * _loosened(len(state.ids), classes)
    (head,) = Solver(fits, pool, cancel).solve(last.penalty, tolerance, last.weights[-1:], prior)
    return np.asarray(head, np.float64)


def _loosened(photos: int, classes: int) -> float:
    """Factor of the tolerances: less with few photos, more where a step takes long."""
    return min(1.0, photos / _MANY) * float(np.clip(photos * classes / _LARGE, 1, _MOST_LOOSENED))


def _start(found: Weights, near: Weights | None, last: CrossValidatedHeads | None, fits: int) -> Weights:
    """Put together the warm start of all fits from the heads of the folds that were compared.

    A head of another fold would be no start: it knows the photos that are held out.
    """
    others = last.weights if last is not None else near
    if others is None:
        others = np.zeros((fits, *found.shape[1:]))
    start = others.copy()
    start[: len(found)] = found
    if last is None and len(found) == fits - 1:
        start[-1] = found.mean(axis=0)
    return start


def _fits(state: TrainingState, folds: NDArray[np.intp], classes: int) -> FitBatch:
    """Set up a fit without each fold and one of all photos; a photo and its variants have the weight of one photo."""
    projection, rows = state.coordinates.projection, np.arange(len(state.folds))
    if state.variants is not None:
        projection, rows = (
            np.vstack([projection, state.variants.projection]),
            np.concatenate([rows, state.variants.rows]),
        )
    seen = np.vstack([state.folds != folds[:, None], np.ones(len(state.folds), np.bool_)])
    sample_weight = (1 / np.bincount(rows)).astype(np.float32)
    return FitBatch(projection, state.targets[rows], classes, seen[:, rows], sample_weight[rows])


def _choose(
    state: TrainingState,
    folds: NDArray[np.intp],
    solver: Solver,
    near: Weights | None,
    last: CrossValidatedHeads | None,
    tolerance: float,
    pool: ThreadPool,
) -> tuple[float, Weights, Weights | None]:
    """Choose the penalty, and whether it pulls towards the discriminants or zero.

    Returns:
        The penalty, the heads of the folds, and the heads the penalty pulls towards.
    """
    start = None if last is None else last.weights[: len(folds)]

    def losses(weights: Weights) -> NDArray[np.float64]:
        return _held_out_losses(state, folds, weights, pool)

    def loss(penalty: float, start: Weights | None) -> tuple[float, Weights]:
        weights = solver.solve(penalty, tolerance, start, fits=len(folds))
        return float(losses(weights).mean()), weights

    if near is None:
        return (*choose_penalty(loss, start), None)
    held = solver.solve(_PENALTY_OF_DISCRIMINANT, tolerance, start, near, fits=len(folds))
    held_losses = losses(held)
    if held_losses.mean() < _NEXT_TO_NOTHING:
        return _PENALTY_OF_DISCRIMINANT, held, near
    free = solver.solve(_PENALTY_OF_DISCRIMINANT, tolerance, held, fits=len(folds), steps=_STEPS_WITHOUT)
    if losses(free).mean() >= held_losses.mean():
        return _PENALTY_OF_DISCRIMINANT, held, near  # true of most collections: the search is skipped
    penalty, free = choose_penalty(loss, start)
    if _clearly_less(losses(free), held_losses):
        return penalty, free, None
    return _PENALTY_OF_DISCRIMINANT, held, near


def _usable_folds(state: TrainingState, classes: int) -> NDArray[np.intp]:
    """Folds that can be held out while every class keeps training photos; none if only one class has any."""
    counts = np.bincount(state.targets)
    spread = np.zeros((state.folds.max() + 1, classes), np.int64)
    dealt = state.folds >= 0
    np.add.at(spread, (state.folds[dealt], state.targets[dealt]), 1)
    if np.count_nonzero(spread.any(axis=0)) < 2:
        return np.empty(0, np.intp)
    return np.flatnonzero((spread.sum(axis=1) > 0) & (counts > spread).all(axis=1))


def held_out_logits(
    state: TrainingState, folds: NDArray[np.intp], weights: Weights, pool: ThreadPool
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Score every photo with the head of its fold.

    Args:
        state: The photos.
        folds: (P,) folds with a head.
        weights: (P, C, R + 1) the heads.
        pool: Threads that share the work.

    Returns:
        (M,) rows of the photos of these folds, and their (M, C) float32 scores.
    """
    logits = np.empty((len(state.folds), weights.shape[1]), np.float32)

    def score(fold: int, head: NDArray[np.float32]) -> None:
        out = np.flatnonzero(state.folds == fold)
        logits[out] = state.coordinates.projection[out] @ head.T

    pool.map(lambda each: score(*each), zip(folds.tolist(), weights.astype(np.float32), strict=True))
    rows = np.flatnonzero(np.isin(state.folds, folds))
    return rows, logits[rows]


def _held_out_losses(
    state: TrainingState, folds: NDArray[np.intp], weights: Weights, pool: ThreadPool
) -> NDArray[np.float64]:
    """(M,) losses of held-out photos at the best temperature, weighted by inverse class frequency."""
    rows, logits = held_out_logits(state, folds, weights, pool)
    targets = state.targets[rows]
    loss, counts = HeldOutLoss(logits, targets), np.bincount(targets)
    balance = len(rows) / (np.count_nonzero(counts) * counts[targets])
    return np.asarray(loss.at(fit_temperature(loss)) * balance, np.float64)


def _clearly_less(some: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether paired losses are less by twice the standard error of the difference."""
    less = others - some
    return bool(less.mean() > 2 * less.std() / len(less) ** 0.5)


def choose_penalty(
    loss: Callable[[float, Solution | None], tuple[float, Solution]], start: Solution | None
) -> tuple[float, Solution]:
    """Try all penalties, and interpolate between the best one and its neighbours.

    Args:
        loss: Maps a penalty and a warm start to the held-out loss and the solution.
        start: Warm start of the first penalty, if any.

    Returns:
        The penalty, and the solution of the closest one tried.
    """
    losses: list[float] = []
    found: list[Solution] = []
    for penalty in PENALTIES:
        held_out_loss, start = loss(penalty, start)
        losses.append(held_out_loss)
        found.append(start)
    best = int(np.argmin(losses))
    return _lowest_point(losses, best), found[best]


def _lowest_point(losses: Sequence[float], best: int) -> float:
    """Minimum of the parabola through the best penalty and its neighbours, in the logarithm of the penalty.

    Without it a handful of photos could move the choice by a whole step, and many predictions with it.
    """
    if not 0 < best < len(PENALTIES) - 1:
        return PENALTIES[best]
    around = slice(best - 1, best + 2)
    steps = np.log(PENALTIES[around]) - np.log(PENALTIES[best])
    curve, slope, _ = np.polyfit(steps, losses[around], 2)
    if curve <= 0:  # all three alike
        return PENALTIES[best]
    return float(PENALTIES[best] * np.exp(-slope / (2 * curve)))
