"""Fitting the head: class-balanced multinomial logistic regression, measured out of fold.

The features are rotated into their principal axes first (exact while photos are fewer than `RANK`), and every
axis is scaled by the curvature the loss can have along it. L-BFGS then needs some twenty steps instead of
hundreds, which is what makes Retrain feel instant. Imports torch; import it lazily.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from flowersorter.errors import TooFewPhotos
from flowersorter.job import CancelToken
from flowersorter.vision.calibrate import fit_temperature, fit_thresholds, log_softmax, softmax
from flowersorter.vision.folds import assign_folds, near_copy_groups
from flowersorter.vision.model import Model, TrainingRecord
from flowersorter.vision.novelty import Novelty, familiarity, pick_references, threshold_from

#: Principal axes kept; photos beyond it cost no more time per axis.
RANK = 512
#: Weight decays tried, strongest first; the held-out likelihood chooses.
PENALTIES = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5)
_PENALTY_FOR_FEW = 3e-4
_MAX_STEPS = 60
#: Photos of the smallest class from which every fold still has photos of all classes to learn from.
_MIN_PER_CLASS_FOR_FOLDS = 3


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
        return self.logits.argmax(axis=1) == self.targets


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
    axes = PrincipalAxes.of(examples.features, RANK, seed)
    folds = assign_folds(examples.targets, near_copy_groups(examples.features, examples.targets), seed)
    measurable = counts.min() >= _MIN_PER_CLASS_FOR_FOLDS
    penalty, held_out = _choose_penalty(axes, examples, folds, cancel, len(class_names), measurable)
    weight, bias = axes.back(_solve(axes, examples.targets, len(class_names), penalty, start=None))
    cancel.check()
    temperature = fit_temperature(held_out.logits, held_out.targets)
    confidence = softmax(held_out.logits / np.float32(temperature)).max(axis=1, initial=0.0)
    own = held_out.own
    model = Model(
        class_names=tuple(class_names),
        backbone=backbone,
        weight=weight,
        bias=bias,
        temperature=temperature,
        thresholds=fit_thresholds(confidence, held_out.right),
        novelty=Novelty(
            pick_references(examples.features, examples.targets, seed), threshold_from(held_out.familiarity)
        ),
        training=TrainingRecord(
            photos=len(examples.targets),
            own_photos=int(examples.own.sum()),
            held_out_accuracy=float(held_out.right[own].mean()) if own.any() else None,
            built_on_starter=not bool(examples.own.all()) and not origin,
            seed=seed,
            note=note,
            origin=origin,
        ),
    )
    return Fitted(model, held_out)


@dataclass(frozen=True, slots=True, eq=False)
class PrincipalAxes:
    """Features in the coordinates of their principal axes.

    Attributes:
        coordinates: (N, R) float32 tensor.
        basis: (R, D) float32, orthonormal rows.
        variances: (R,) float32 tensor, mean square of each coordinate.
        centre: (D,) float32, subtracted before.
    """

    coordinates: torch.Tensor
    basis: NDArray[np.float32]
    variances: torch.Tensor
    centre: NDArray[np.float32]

    @classmethod
    def of(cls, features: NDArray[np.float32], rank: int, seed: int) -> PrincipalAxes:
        """Rotate (N, D) features; at most `rank` axes are kept, by randomised projection where N is larger."""
        centre = features.mean(axis=0)
        rows = torch.from_numpy(features - centre)
        kept = min(rank, *rows.shape)
        if min(rows.shape) <= 2 * rank:
            _, _, axes = torch.linalg.svd(rows, full_matrices=False)
            basis = axes[:kept]
        else:
            draw = torch.Generator().manual_seed(seed)
            probe = torch.randn(rows.shape[1], kept + 32, generator=draw)
            for _ in range(2):  # two power iterations (Halko, Martinsson, Tropp, 2011)
                probe, _ = torch.linalg.qr(rows.T @ (rows @ probe))
            _, _, small = torch.linalg.svd(rows @ probe, full_matrices=False)
            basis = (small @ probe.T)[:kept]
        coordinates = rows @ basis.T
        return cls(coordinates, basis.numpy(), coordinates.square().mean(dim=0), centre)

    def back(self, solution: torch.Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn an (R + 1, C) solution into a head (C, D) and bias (C,) on the features themselves."""
        weight = solution[:-1].T.numpy() @ self.basis
        return np.ascontiguousarray(weight), solution[-1].numpy() - weight @ self.centre


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
        part = PrincipalAxes(axes.coordinates[rest], axes.basis, axes.variances, axes.centre)
        solution = None
        for penalty in PENALTIES:
            solution = _solve(part, examples.targets[rest], classes, penalty, start=solution)
            scores = axes.coordinates[out] @ solution[:-1] + solution[-1]
            logits[penalty][out] = scores.numpy()
        references = pick_references(examples.features[rest], examples.targets[rest], seed=0)
        known[out] = familiarity(examples.features[out], references)
    if not usable.any():
        return _PENALTY_FOR_FEW, _nothing_held_out(classes)
    rows = np.flatnonzero(usable)
    targets = examples.targets[rows]

    def held_out_loss(penalty: float) -> float:
        scores = logits[penalty][rows]
        likely = log_softmax(scores / np.float32(fit_temperature(scores, targets)))
        return float(-likely[np.arange(len(rows)), targets].mean())

    best = min(PENALTIES, key=held_out_loss)
    return best, HeldOut(rows, logits[best][rows], targets, known[rows], examples.own[rows])


def _nothing_held_out(classes: int) -> HeldOut:
    empty = np.empty(0, np.intp)
    nothing = np.empty(0, np.float32)
    return HeldOut(empty, np.empty((0, classes), np.float32), empty, nothing, np.empty(0, np.bool_))


def _solve(
    axes: PrincipalAxes, targets: NDArray[np.intp], classes: int, penalty: float, start: torch.Tensor | None
) -> torch.Tensor:
    """Minimise class-balanced cross-entropy plus half the penalty times the squared weights.

    Args:
        axes: Photos in principal coordinates, (N, R).
        targets: (N,) class indices.
        classes: C.
        penalty: Weight decay; the bias is free.
        start: A solution of a similar problem, or None.

    Returns:
        (R + 1, C) float32: weights, then the bias.
    """
    counts = np.bincount(targets, minlength=classes)
    balance = torch.from_numpy((1 / (classes * counts[targets])).astype(np.float32))
    aim = torch.from_numpy(targets.astype(np.int64))
    # Half the variance bounds the curvature of the softmax loss along an axis (Böhning, 1992).
    scale = (axes.variances / 2 + penalty).rsqrt().unsqueeze(1)
    scaled = axes.coordinates * scale.T
    inner = torch.zeros(len(scale) + 1, classes)
    if start is not None:
        inner[:-1], inner[-1] = start[:-1] / scale, start[-1]
    inner.requires_grad_()
    solver = torch.optim.LBFGS(
        [inner], max_iter=_MAX_STEPS, history_size=20, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        logits = scaled @ inner[:-1] + inner[-1]
        wrong = torch.nn.functional.cross_entropy(logits, aim, reduction="none")
        value = balance @ wrong + penalty / 2 * (inner[:-1] * scale).square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        solver.step(loss)
    solution = inner.detach().clone()
    solution[:-1] *= scale
    return solution
