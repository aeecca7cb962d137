"""Fitting the head: class-balanced multinomial logistic regression, measured out of fold.

The features are rotated into their principal axes first (exact while photos are fewer than `RANK`), and every
axis is scaled by the curvature the loss can have along it. L-BFGS then needs some twenty steps instead of
hundreds, which is what makes Retrain feel instant. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from flowersorter.errors import TooFewPhotos
from flowersorter.job import CancelToken
from flowersorter.vision.calibrate import fit_temperature, fit_thresholds, log_softmax, softmax
from flowersorter.vision.folds import assign_folds, near_copy_groups
from flowersorter.vision.model import Model, TrainingRecord
from flowersorter.vision.novelty import Novelty, familiarity, pick_references, threshold_from
from flowersorter.vision.threads import one_blas_thread

#: Principal axes kept: 512 measured no better, 128 no faster to wait for.
RANK = 256
#: Weight decays tried, strongest first; the held-out likelihood chooses.
PENALTIES = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5)
_PENALTY_FOR_FEW = 3e-4
_MAX_STEPS = 60
_OVERSAMPLED = 32
#: Photos of the smallest class from which every fold still has photos of all classes to learn from.
_MIN_PER_CLASS_FOR_FOLDS = 3
#: Held-out photos below which an accuracy would say nothing.
_ENOUGH_TO_MEASURE = 10


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled photos as the head learns from them.

    Attributes:
        features: (N, D) float32, rows of length 1.
        targets: (N,) class indices.
        own: (N,) bool; the person's photos, on which accuracy is measured (starter photos are not).
    """

    features: NDArray[np.float32]
    targets: NDArray[np.intp]
    own: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Predictions of photos by models that never saw them, nor a near-copy.

    Attributes:
        rows: (M,) rows of `Examples` that were held out once.
        logits: (M, C) float32, before temperature.
        targets: (M,) class indices.
        familiarity: (M,) float32, to the references of the other folds.
        own: (M,) bool, as in `Examples`.
    """

    rows: NDArray[np.intp]
    logits: NDArray[np.float32]
    targets: NDArray[np.intp]
    familiarity: NDArray[np.float32]
    own: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether each was predicted right."""
        return np.asarray(self.logits.argmax(axis=1) == self.targets, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model and the held-out predictions it is judged by."""

    model: Model
    held_out: HeldOut


def fit(
    examples: Examples,
    class_names: Sequence[str],
    backbone: str,
    cancel: CancelToken,
    *,
    seed: int = 42,
    note: str = "",
    origin: str = "",
) -> Fitted:
    """Fit a head, its calibration and its novelty threshold; deterministic for a seed.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: asked to stop.
    """
    counts = np.bincount(examples.targets, minlength=len(class_names))
    if len(class_names) < 2 or (counts == 0).any():
        raise TooFewPhotos(
            "There is nothing to tell apart yet",
            "at least two classes with a labelled photo each are needed",
            "Drag some photos onto a second class, then retrain",
        )
    record = TrainingRecord(photos=0, own_photos=0, seed=seed, note=note, origin=origin)
    with one_blas_thread():
        return _fit(examples, tuple(class_names), backbone, cancel, record)


def _fit(
    examples: Examples, class_names: tuple[str, ...], backbone: str, cancel: CancelToken, record: TrainingRecord
) -> Fitted:
    """Fit what `fit` has checked; `record` holds what is known before."""
    seed, counts = record.seed, np.bincount(examples.targets)
    axes = PrincipalAxes.of(examples.features, RANK, seed)
    folds = assign_folds(examples.targets, near_copy_groups(examples.features, examples.targets), seed)
    measurable = counts.min() >= _MIN_PER_CLASS_FOR_FOLDS
    penalty, held_out = _choose_penalty(axes, examples, folds, cancel, len(class_names), measurable)
    weight, bias = axes.back(_solve(axes, examples.targets, len(class_names), penalty, None, cancel))
    temperature = fit_temperature(held_out.logits, held_out.targets)
    confidence = softmax(held_out.logits / np.float32(temperature)).max(axis=1, initial=0.0)
    own = held_out.own
    model = Model(
        class_names=class_names,
        backbone=backbone,
        weight=weight,
        bias=bias,
        temperature=temperature,
        thresholds=fit_thresholds(confidence, held_out.right),
        novelty=Novelty(
            pick_references(examples.features, examples.targets, seed), threshold_from(held_out.familiarity)
        ),
        training=replace(
            record,
            photos=len(examples.targets),
            own_photos=int(examples.own.sum()),
            held_out_accuracy=float(held_out.right[own].mean()) if own.sum() >= _ENOUGH_TO_MEASURE else None,
            built_on_starter=not bool(examples.own.all()),
        ),
    )
    return Fitted(model, held_out)


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalAxes:
    """Features in the coordinates of their principal axes.

    Attributes:
        coordinates: (N, R) float32.
        basis: (R, D) float32, orthonormal rows.
        variances: (R,) float32, mean square of each coordinate.
        centre: (D,) float32, subtracted before.
    """

    coordinates: NDArray[np.float32]
    basis: NDArray[np.float32]
    variances: NDArray[np.float32]
    centre: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32], rank: int, seed: int) -> PrincipalAxes:
        """Rotate (N, D) features; at most `rank` axes are kept, by randomised projection where N is larger."""
        centre = features.mean(axis=0)
        rows = features - centre
        if min(rows.shape) <= rank + _OVERSAMPLED:
            _, _, axes = np.linalg.svd(rows, full_matrices=False)
            basis = axes[:rank]
        else:
            # One power iteration finds the subspace, as in Halko, Martinsson, Tropp (2011).
            probe = np.random.default_rng(seed).standard_normal((rows.shape[1], rank + _OVERSAMPLED), np.float32)
            for _ in range(2):
                probe, _ = np.linalg.qr(rows.T @ (rows @ probe))
            _, axes = np.linalg.eigh((rows @ probe).T @ (rows @ probe))
            basis = (probe @ axes[:, ::-1][:, :rank]).T
        coordinates = rows @ basis.T
        return cls(coordinates, basis, np.square(coordinates).mean(axis=0), centre)

    def only(self, rows: NDArray[np.intp]) -> PrincipalAxes:
        """Some of the photos in the same coordinates."""
        return PrincipalAxes(self.coordinates[rows], self.basis, self.variances, self.centre)

    def back(self, solution: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn an (R + 1, C) solution into a head (C, D) and bias (C,) on the features themselves."""
        weight = solution[:-1].T @ self.basis
        return weight, solution[-1] - weight @ self.centre


def _choose_penalty(
    axes: PrincipalAxes,
    examples: Examples,
    folds: NDArray[np.intp],
    cancel: CancelToken,
    classes: int,
    measurable: bool,
) -> tuple[float, HeldOut]:
    """Fit every fold with every penalty; return the likeliest penalty with its held-out predictions."""
    if not measurable:
        return _PENALTY_FOR_FEW, _nothing_held_out(classes)
    logits = {penalty: np.zeros((len(folds), classes), np.float32) for penalty in PENALTIES}
    known = np.zeros(len(folds), np.float32)
    usable = np.zeros(len(folds), np.bool_)
    for fold in np.unique(folds):
        cancel.check()
        out, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if len(np.unique(examples.targets[rest])) < classes:
            continue  # all photos of a class are near-copies in this fold: nothing to learn it from
        usable[out] = True
        part = axes.only(rest)
        solution = None
        for penalty in PENALTIES:
            solution = _solve(part, examples.targets[rest], classes, penalty, solution, cancel)
            scores = axes.coordinates[out] @ solution[:-1] + solution[-1]
            logits[penalty][out] = scores
        references = pick_references(examples.features[rest], examples.targets[rest], seed=0)
        known[out] = familiarity(examples.features[out], references)
    if not usable.any():
        return _PENALTY_FOR_FEW, _nothing_held_out(classes)
    rows = np.flatnonzero(usable)
    targets = examples.targets[rows]
    balance = 1 / np.bincount(targets, minlength=classes)[targets]

    def held_out_loss(penalty: float) -> float:
        scores = logits[penalty][rows]
        likely = log_softmax(scores / np.float32(fit_temperature(scores, targets)))
        return -float(np.average(likely[np.arange(len(rows)), targets], weights=balance))

    best = min(PENALTIES, key=held_out_loss)
    return best, HeldOut(rows, logits[best][rows], targets, known[rows], examples.own[rows])


def _nothing_held_out(classes: int) -> HeldOut:
    empty = np.empty(0, np.intp)
    nothing = np.empty(0, np.float32)
    return HeldOut(empty, np.empty((0, classes), np.float32), empty, nothing, np.empty(0, np.bool_))


def _solve(
    axes: PrincipalAxes,
    targets: NDArray[np.intp],
    classes: int,
    penalty: float,
    start: NDArray[np.float32] | None,
    cancel: CancelToken,
) -> NDArray[np.float32]:
    """Minimise class-balanced cross-entropy plus half the penalty times the squared weights.

    Args:
        axes: Photos in principal coordinates, (N, R).
        targets: (N,) class indices.
        classes: C.
        penalty: Weight decay; the bias is free.
        start: A solution of a similar problem, or None.
        cancel: Looked at in every step.

    Returns:
        (R + 1, C) float32: weights, then the bias.
    """
    counts = np.bincount(targets, minlength=classes)
    balance = (1 / (classes * counts[targets])).astype(np.float32)
    wanted = np.zeros((len(targets), classes), np.float32)
    wanted[np.arange(len(targets)), targets] = 1
    # Half the variance bounds the curvature of the softmax loss along an axis (Böhning, 1992).
    scale = np.append(1 / np.sqrt(axes.variances / 2 + penalty), np.float32(1)).astype(np.float32)[:, None]
    scaled = np.hstack([axes.coordinates, np.ones((len(targets), 1), np.float32)]) * scale.T
    decay = np.float32(penalty) * scale**2
    decay[-1] = 0

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        cancel.check()
        inner = flat.reshape(scaled.shape[1], classes).astype(np.float32)
        likely = log_softmax(scaled @ inner)
        value = -float(balance @ (likely * wanted).sum(axis=1)) + float((decay * inner**2).sum()) / 2
        slope = scaled.T @ ((np.exp(likely) - wanted) * balance[:, None]) + decay * inner
        return value, slope.ravel().astype(np.float64)

    first = np.zeros((scaled.shape[1], classes)) if start is None else start / scale
    found = minimize(
        loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _MAX_STEPS, "maxcor": 20, "gtol": 1e-4}
    )
    return np.asarray(found.x.reshape(first.shape) * scale, np.float32)
