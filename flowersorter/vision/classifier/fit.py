"""Fit the head: class-balanced multinomial logistic regression, evaluated out of fold.

To make Retrain instant, the features are projected onto their principal axes, all folds are fitted together, and a fit
is the warm start of the next one, which needs a few steps only after a correction. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken
from flowersorter.messages import text
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, fit_thresholds, softmax
from flowersorter.vision.classifier.class_prior_shift import correct_class_prior
from flowersorter.vision.classifier.cross_validation import CrossValidatedHeads, fit_heads, held_out_logits, refit_last
from flowersorter.vision.classifier.model import Model, TrainingRecord
from flowersorter.vision.classifier.out_of_distribution import HeldOutPredictions, LabelledSample, fit_ood_detector
from flowersorter.vision.classifier.training_state import Examples, TrainingState
from flowersorter.vision.parallel import ThreadPool

#: Relative change in the number of variants up to which an earlier fit is a warm start.
_MORE_BESIDE = 0.1
#: Least held-out photos for an accuracy.
_ENOUGH_TO_MEASURE = 10


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Out-of-fold predictions; near-duplicates share a fold.

    Attributes:
        rows: (M,) rows of `Examples` that were held out once.
        logits: (M, C) float32, before temperature.
        targets: (M,) class indices.
        ood_score: (M,) float32, OOD score relative to the photos of the other folds.
        own: (M,) bool, as in `Examples`.
    """

    rows: NDArray[np.intp]
    logits: NDArray[np.float32]
    targets: NDArray[np.intp]
    ood_score: NDArray[np.float32]
    own: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether each prediction is right."""
        return np.asarray(self.logits.argmax(axis=1) == self.targets, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model, its held-out predictions, and the warm start of the next fit.

    Attributes:
        model: The model.
        held_out: Out-of-fold predictions.
        state: Cached inputs of the fit.
        heads: Heads of all folds.
    """

    model: Model
    held_out: HeldOut
    state: TrainingState
    heads: CrossValidatedHeads

    def continues(self, class_names: Sequence[str], backbone: str, seed: int, examples: Examples) -> bool:
        """Whether this fit is a warm start for these examples: variants must be about as many."""
        model = self.model
        now, then = (0 if each is None else len(each.rows) for each in (examples.variants, self.state.variants))
        same = (model.class_names, model.backbone, model.training.seed) == (tuple(class_names), backbone, seed)
        return same and abs(now - then) <= _MORE_BESIDE * then


def fit(
    examples: Examples,
    class_names: Sequence[str],
    backbone: str,
    cancel: CancelToken,
    *,
    seed: int = 42,
    note: str = "",
    origin: str = "",
    last: Fitted | None = None,
    prior: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    discriminant: bool = True,
) -> Fitted:
    """Fit a head, its calibration and its OOD detector; deterministic for a seed and a `last`.

    Args:
        examples: Labelled photos.
        class_names: C names.
        backbone: Name of the backbone of the features.
        cancel: Checked many times a second.
        seed: Seed of the folds.
        note: Stored in the model.
        origin: Stored in the model.
        last: Warm start: an earlier fit on nearly the same photos; ignored if the classes differ or too many photos
            have changed.
        prior: Weight (C, D) and bias (C,) the penalty pulls the head towards: the final layer of a finetuned network.
            The same one for all fits of a backbone.
        discriminant: Without a prior, whether the penalty may pull the head towards the linear discriminant.

    Raises:
        TooFewPhotos: fewer than two classes have photos.
        Cancelled: a stop was requested.
    """
    counts = np.bincount(examples.targets, minlength=len(class_names))
    if len(class_names) < 2 or (counts == 0).any():
        raise TooFewPhotos(
            text("There is nothing to tell apart yet"),
            text("at least two classes with a labelled photo each are needed"),
            text("Label some photos of a second class, then try again"),
        )
    record = TrainingRecord(photos=0, own_photos=0, seed=seed, note=note, origin=origin)
    with ThreadPool(cancel=cancel) as pool:
        cancel.check()
        state = heads = None
        if last is not None and last.continues(class_names, backbone, seed, examples):
            state = last.state.updated(examples, seed, pool, cancel)
            heads = last.heads if state is not None else None
        state = state or TrainingState.build(examples, seed, pool, cancel)
        near = None if prior is None else state.axes.from_feature_space(*prior)
        heads = fit_heads(state, len(class_names), heads, pool, cancel, near, discriminant=discriminant)
        return _judge(examples, state, heads, (tuple(class_names), backbone, record), pool)


def _class_means(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """Average the (M, C) held-out logits of each class: (C, C); None if a class has no held-out photo."""
    classes = logits.shape[1]
    counts = np.bincount(targets, minlength=classes)
    if not counts.all():
        return None
    order = np.argsort(targets, kind="stable")
    sums = np.add.reduceat(logits[order].astype(np.float64), np.cumsum(counts) - counts, axis=0)
    return (sums / counts[:, None]).astype(np.float32)


def refit_head(last: Fitted, changed: Examples, removed: NDArray[np.int64], cancel: CancelToken) -> Model | None:
    """Fit the head of all photos again after a few labels changed: the model until the exact fit is done.

    The penalty, its prior, the calibration and the out-of-distribution detector are those of the last fit, which stays
    as it is: the exact fit starts from it and finds the same model as without this one.

    Args:
        last: The last fit.
        changed: Photos whose label is new or another one.
        removed: (M,) ids of photos that have no label any more.
        cancel: Checked in every step.

    Returns:
        The model; None if a class has lost its last photo.

    Raises:
        Cancelled: a stop was requested.
    """
    model, heads = last.model, last.heads
    state = last.state.relabelled(changed, removed, cancel)
    if not np.bincount(state.targets, minlength=len(model.class_names)).all():
        return None
    with ThreadPool(cancel=cancel) as pool:
        head = refit_last(state, heads, pool, cancel)
        change = (head - heads.weights[-1]).astype(np.float32)  # small, and three times as fast to convert
        weight, bias = state.axes.to_feature_space(change)
    return replace(model, weight=model.weight + weight, bias=model.bias + bias)


def _judge(
    examples: Examples,
    state: TrainingState,
    heads: CrossValidatedHeads,
    named: tuple[tuple[str, ...], str, TrainingRecord],
    pool: ThreadPool,
) -> Fitted:
    """Calibrate on the held-out predictions and assemble the model."""
    class_names, backbone, record = named
    rows, logits = held_out_logits(state, heads.folds, heads.weights[:-1], pool)
    targets = state.targets[rows]
    logits, class_bias = correct_class_prior(logits, targets, state.folds[rows])
    temperature = fit_temperature(HeldOutLoss(logits, targets, heads.temperature)) if len(rows) else 1.0
    confidence = softmax(logits / np.float32(temperature)).max(axis=1, initial=0.0)
    known = LabelledSample(state.axes, state.coordinates, state.targets, state.folds, examples.features.imagenet_prior)
    predictions = HeldOutPredictions(rows, logits.argmax(axis=1), confidence)
    ood_detector, ood_score = fit_ood_detector(known, predictions, pool)
    held_out = HeldOut(rows, logits, targets, ood_score, examples.own[rows])
    own, right = held_out.own, held_out.right
    weight, bias = state.axes.to_feature_space(heads.weights[-1])
    model = Model(
        class_names=class_names,
        backbone=backbone,
        weight=weight,
        bias=bias + class_bias,
        temperature=temperature,
        thresholds=fit_thresholds(confidence, right, ood_score <= ood_detector.familiar),
        ood_detector=ood_detector,
        class_logits=_class_means(logits / np.float32(temperature), targets),
        training=replace(
            record,
            photos=len(examples.targets),
            own_photos=int(examples.own.sum()),
            held_out_accuracy=float(right[own].mean()) if own.sum() >= _ENOUGH_TO_MEASURE else None,
            built_on_starter=not bool(examples.own.all()),
            memorised=0 if examples.memorised is None else int(examples.memorised.sum()),
            held_out=int(own.sum()),
        ),
    )
    return Fitted(model, held_out, state, heads)
