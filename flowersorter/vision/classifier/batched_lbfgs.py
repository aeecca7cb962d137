"""Class-balanced multinomial logistic regression: L-BFGS for several fits on the same photos at once.

All fits (one per fold, and one on all photos) share two matrix products a step. Preconditioned with the curvature of
the loss at equal class probabilities, L-BFGS takes eight to fifteen steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.parallel import ThreadPool, row_blocks

#: Rows whose scores fit the cache of a core between the two products.
_BLOCK_ROWS = 1024
#: Weights of the fits that are solved together; L-BFGS keeps twenty arrays of them. More share no product worth it.
_TOGETHER = 500_000
MOST_STEPS = 100
_REMEMBERED = 10
#: Fraction of the expected decrease that a step must reach (Armijo's rule).
_ENOUGH = 1e-4
_SMALLEST_STEP = 1e-3
#: The tolerance is relative to the loss, but at least to this one.
_NEXT_TO_NOTHING = 1e-2

#: (P, C, R + 1) weights and biases of P fits.
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FitBatch:
    """Several fits on different subsets of the same photos.

    Attributes:
        projection: (N, R + 1) float32 coordinates and a one, as in `Coordinates`.
        targets: (N,) class indices.
        classes: C.
        seen: (P, N) bool; training photos of each fit, some of every class.
        sample_weight: (N,) float32, sample weight of each row: the views of a photo add up to 1.
    """

    projection: NDArray[np.float32]
    targets: NDArray[np.intp]
    classes: int
    seen: NDArray[np.bool_]
    sample_weight: NDArray[np.float32]

    def weights(self) -> NDArray[np.float32]:
        """Compute (P, N) weights of the photos: equal for all classes of a fit, with a sum of 1."""
        result = np.zeros(self.seen.shape, np.float32)
        for weight, seen in zip(result, self.seen, strict=True):
            targets, sample_weight = self.targets[seen], self.sample_weight[seen]
            counts = np.bincount(targets, sample_weight, minlength=self.classes)
            weight[seen] = (sample_weight / (self.classes * counts[targets])).astype(np.float32)
        return result


class Solver:
    """Solves several fits for one penalty after another.

    Args:
        fits: The fits.
        pool: Threads that share the products.
        cancel: Checked in every step.
    """

    def __init__(self, fits: FitBatch, pool: ThreadPool, cancel: CancelToken) -> None:
        self._projection, self._pool, self._cancel = fits.projection, pool, cancel
        self._weights = fits.weights()
        self._blocks = row_blocks(len(fits.projection), _BLOCK_ROWS)
        self._shape = (len(fits.seen), fits.classes, fits.projection.shape[1])
        # The part of the loss that is linear in the head, and the mean square of each coordinate.
        self._pull: Weights = np.zeros(self._shape)
        self._squares: NDArray[np.float64] = np.zeros((self._shape[0], self._shape[2]))
        order = np.argsort(fits.targets, kind="stable")
        blocks = [order[block] for block in self._blocks]
        for rows, (pull, squares) in zip(
            blocks, pool.map(lambda rows: self._moments(rows, fits.targets[rows]), blocks), strict=True
        ):
            first = fits.targets[rows[0]]
            self._pull[:, first : first + pull.shape[1]] += pull
            self._squares += squares

    def _moments(
        self, rows: NDArray[np.intp], targets: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sum some photos, ordered by class, so that a block has photos of few classes.

        Returns:
            (P, K, R + 1) weighted sums of the K classes from the first to the last one, and (P, R + 1) weighted sums of
            squares.
        """
        projection, weights = self._projection[rows], self._weights[:, rows]
        wanted = np.arange(targets[0], targets[-1] + 1)[:, None] == targets
        pull = (weights[:, None] * wanted).reshape(-1, len(rows)).astype(np.float64) @ projection
        return pull.reshape(len(weights), len(wanted), -1), weights @ np.square(projection)

    def solve(
        self,
        penalty: float,
        tolerance: float,
        start: Weights | None,
        prior: Weights | None = None,
        fits: int | None = None,
        steps: int = MOST_STEPS,
    ) -> Weights:
        """Minimise class-balanced cross-entropy plus half the penalty times the squared distance from the prior.

        Args:
            penalty: Weight decay; the bias is free.
            tolerance: Stop a fit when its loss can fall by about this fraction only.
            start: Warm start (P, C, R + 1), or None: the prior.
            prior: (P, C, R + 1) heads the penalty pulls towards; None: zeros.
            fits: Number of fits to solve, from the first; None: all.
            steps: Most steps of a fit.

        Returns:
            (P, C, R + 1) float64: weights, then the bias.

        Raises:
            Cancelled: a stop was requested.
        """
        together = max(1, _TOGETHER // (self._shape[1] * self._shape[2]))
        parts = row_blocks(self._shape[0] if fits is None else fits, together)
        return np.concatenate([self._solve(part, penalty, tolerance, start, prior, steps) for part in parts])

    def _solve(
        self,
        fits: slice,
        penalty: float,
        tolerance: float,
        start: Weights | None,
        prior: Weights | None,
        steps: int,
    ) -> Weights:
        """Solve some fits together, as `solve` does."""
        decay = np.append(np.full(self._shape[2] - 1, penalty), 0.0)
        squares = self._squares[fits]
        active: NDArray[np.intp] = np.arange(len(squares))
        equally_likely = (self._shape[1] - 1) / self._shape[1] ** 2  # p (1 - p) for p = 1 / C
        scale = 1 / np.sqrt(squares * equally_likely + decay)[:, None, :]
        near = np.zeros((len(active), *self._shape[1:])) if prior is None else prior[fits]
        found: Weights = (near if start is None else start[fits]) / scale

        def loss(heads: Weights) -> tuple[NDArray[np.float64], Weights]:
            values, slopes = self._loss(active + fits.start, heads * scale[active], near[active], decay)
            return values, slopes * scale[active]

        memory, point, stuck = _Memory(), found.copy(), np.zeros(len(active), np.bool_)
        value, slope = loss(point)
        for _ in range(steps):
            step = memory.direction(slope)
            gain = _dot(step, slope)  # negative; the quadratic model expects half of it
            going = ~stuck & (-gain / 2 > tolerance * np.maximum(value, _NEXT_TO_NOTHING))
            if not going.all():
                found[active[~going]] = point[~going]
                active, value, gain = active[going], value[going], gain[going]
                point, slope, step = point[going], slope[going], step[going]
                memory.keep(going)
            if not len(active):
                break
            reached, value, new_slope, stuck = _search(loss, point, value, step, gain)
            memory.add(reached - point, new_slope - slope)
            point, slope = reached, new_slope
        found[active] = point
        return np.asarray(found * scale, np.float64)

    def _loss(
        self, active: NDArray[np.intp], heads: Weights, near: Weights, decay: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], Weights]:
        """Compute values (A,) and gradients (A, C, R + 1) of the losses of some fits on unscaled heads."""
        self._cancel.check()
        columns = heads.astype(np.float32).reshape(-1, heads.shape[2])
        weights = self._weights[active] if len(active) < len(self._weights) else self._weights

        def sums(rows: slice) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
            """Sum one block; classes before photos, so that sums over classes read memory in order."""
            projection, weight = self._projection[rows], weights[:, rows]
            scores = (columns @ projection.T).reshape(len(active), -1, len(projection))
            top = scores.max(axis=1)
            scores -= top[:, None]
            np.exp(scores, out=scores)
            total = scores.sum(axis=1)
            value = np.einsum("pn,pn->p", weight, top + np.log(total), dtype=np.float64)
            scores *= (weight / total)[:, None]
            return np.asarray(value, np.float64), np.asarray(scores.reshape(len(columns), -1) @ projection, np.float32)

        parts = self._pool.map(sums, self._blocks)
        pull, moved = self._pull[active], heads - near
        value = np.sum([part[0] for part in parts], axis=0) + _dot(moved * decay, moved) / 2 - _dot(heads, pull)
        slope = np.sum([part[1] for part in parts], axis=0, dtype=np.float64).reshape(heads.shape)
        return np.asarray(value, np.float64), slope + moved * decay - pull


def _search(
    loss: Callable[[Weights], tuple[NDArray[np.float64], Weights]],
    point: Weights,
    value: NDArray[np.float64],
    step: Weights,
    gain: NDArray[np.float64],
) -> tuple[Weights, NDArray[np.float64], Weights, NDArray[np.bool_]]:
    """Backtracking line search for each fit: the whole step, else a half, a quarter...

    Returns:
        Points, values and gradients, and which fits are stuck: rounding hides any further decrease.
    """
    size = np.ones(len(point))
    while True:
        reached = point + size[:, None, None] * step
        new_value, new_slope = loss(reached)
        good = new_value <= value + _ENOUGH * size * gain
        stuck = ~good & (size <= _SMALLEST_STEP)
        if (good | stuck).all():
            return reached, new_value, new_slope, stuck
        size[~good] /= 2


class _Memory:
    """The last steps of L-BFGS for several fits (Nocedal and Wright, 2006, algorithm 7.4)."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Weights, Weights, NDArray[np.float64]]] = deque(maxlen=_REMEMBERED)

    def add(self, step: Weights, change: Weights) -> None:
        """Store a step and the change of the gradient; ignore it for a fit without positive curvature."""
        along = _dot(step, change)
        usable = along > 1e-12 * _dot(change, change)
        self._steps.append((step, change, np.where(usable, 1 / np.where(usable, along, 1), 0)))

    def keep(self, fits: NDArray[np.bool_]) -> None:
        """Drop the fits that have converged."""
        kept = [(step[fits], change[fits], inverse[fits]) for step, change, inverse in self._steps]
        self._steps.clear()
        self._steps.extend(kept)

    def direction(self, slope: Weights) -> Weights:
        """Compute the descent direction at a point with this gradient."""
        result = -slope
        factors = []
        for step, change, inverse in reversed(self._steps):
            factor = inverse * _dot(step, result)
            result = result - factor[:, None, None] * change
            factors.append(factor)
        if self._steps:
            step, change, inverse = self._steps[-1]
            length = _dot(change, change)
            ratio = np.where((inverse > 0) & (length > 0), _dot(step, change) / np.where(length > 0, length, 1), 1)
            result = result * ratio[:, None, None]
        for (step, change, inverse), factor in zip(self._steps, reversed(factors), strict=True):
            result = result + (factor - inverse * _dot(change, result))[:, None, None] * step
        return result


def _dot(a: Weights, b: Weights) -> NDArray[np.float64]:
    """(P,) inner products of (P, C, R + 1) arrays."""
    return np.asarray(np.einsum("pcr,pcr->p", a, b), np.float64)
