"""Fitting the head: class-balanced multinomial logistic regression, measured out of fold.

The features are rotated into their principal axes first, and all folds are fitted together: that is what makes
Retrain feel instant. What a fit found is the start of the next one, which after a correction needs a few steps only.
Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.errors import TooFewPhotos
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.calibration import HeldOutLoss, fit_temperature, fit_thresholds, softmax
from flowersorter.vision.classifier.class_prior_shift import correct_class_prior
from flowersorter.vision.classifier.cross_validation import CrossValidatedHeads, fit_heads, held_out_logits
from flowersorter.vision.classifier.model import Model, TrainingRecord
from flowersorter.vision.classifier.out_of_distribution import HeldOutPredictions, Known, fit_ood_detector
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples, TrainingState
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool

#: Share by which unlabelled photos, or variants, may be more or fewer than an earlier fit went by: it keeps those.
_MORE_BESIDE = 0.1
#: Held-out photos below which an accuracy would say nothing.
_ENOUGH_TO_MEASURE = 10


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Predictions of photos by models that never saw them, nor a near-copy.

    Attributes:
        rows: (M,) rows of `Examples` that were held out once.
        logits: (M, C) float32, before temperature.
        targets: (M,) class indices.
        unfamiliarity: (M,) float32, to the photos of the other folds.
        own: (M,) bool, as in `Examples`.
    """

    rows: NDArray[np.intp]
    logits: NDArray[np.float32]
    targets: NDArray[np.intp]
    unfamiliarity: NDArray[np.float32]
    own: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether each was predicted right."""
        return np.asarray(self.logits.argmax(axis=1) == self.targets, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model, the held-out predictions it is judged by, and what the next fit can start from.

    Attributes:
        model: The model.
        held_out: Predictions by models that never saw the photo.
        ground: What the fit stands on.
        heads: What was solved.
    """

    model: Model
    held_out: HeldOut
    ground: TrainingState
    heads: CrossValidatedHeads

    def continues(self, class_names: Sequence[str], backbone: str, seed: int, examples: Examples) -> bool:
        """Whether a fit of these classes can start from this one: about as much must stand beside the labels."""
        model, unlabelled, variants = self.model, self.ground.unlabelled, self.ground.variants
        beside = [0 if each is None else len(each) for each in (examples.unlabelled, unlabelled)]
        shown = [0 if each is None else len(each.rows) for each in (examples.variants, variants)]
        same = (model.class_names, model.backbone, model.training.seed) == (tuple(class_names), backbone, seed)
        return same and all(abs(now - then) <= _MORE_BESIDE * then for now, then in (beside, shown))


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
    """Fit a head, its calibration and its novelty threshold; deterministic for a seed and a `last`.

    Args:
        examples: What to learn from.
        class_names: C names.
        backbone: Whose features they are.
        cancel: Looked at many times a second.
        seed: Fixes the folds.
        note: Kept with the model.
        origin: Kept with the model.
        last: An earlier fit on nearly the same photos, which makes this one quick; of no effect if it is of other
            classes or too much has changed since.
        prior: Weight (C, D) and bias (C,) of a head to stay near to, where the photos do not say otherwise: what the
            network itself made of them when it was trained. The same one for all fits of a backbone.
        discriminant: Whether the head may begin at the linear discriminant, if there is no prior.

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
    if examples.unlabelled is not None:
        alone = replace(examples, unlabelled=None)
        first = fit(alone, class_names, backbone, cancel, seed=seed, prior=prior, discriminant=discriminant)
        examples = replace(examples, unlabelled=_without_strangers(examples.unlabelled, first.model))
    record = TrainingRecord(photos=0, own_photos=0, seed=seed, note=note, origin=origin)
    with ThreadPool() as lanes:
        cancel.check()
        ground = heads = None
        if last is not None and last.continues(class_names, backbone, seed, examples):
            ground = last.ground.updated(examples, seed, lanes, cancel)
            heads = last.heads if ground is not None else None
        ground = ground or TrainingState.lay(examples, seed, lanes, cancel)
        near = None if prior is None else ground.axes.into(*prior)
        heads = fit_heads(ground, len(class_names), heads, lanes, cancel, near, discriminant=discriminant)
        return _judge(examples, ground, heads, (tuple(class_names), backbone, record), lanes)


def _without_strangers(unlabelled: Features, model: Model) -> Features | None:
    """The unlabelled photos that are not new to a model of the labelled ones alone."""
    known = np.flatnonzero(predict(model, unlabelled).verdicts != Verdict.UNKNOWN)
    return unlabelled.take(known) if len(known) else None


def _judge(
    examples: Examples,
    ground: TrainingState,
    heads: CrossValidatedHeads,
    named: tuple[tuple[str, ...], str, TrainingRecord],
    lanes: ThreadPool,
) -> Fitted:
    """Calibrate on the held-out predictions and put the model together."""
    class_names, backbone, record = named
    rows, logits = held_out_logits(ground, heads.folds, heads.weights[:-1], lanes)
    targets = ground.targets[rows]
    logits, class_bias = correct_class_prior(logits, targets, ground.folds[rows])
    temperature = fit_temperature(HeldOutLoss(logits, targets)) if len(rows) else 1.0
    confidence = softmax(logits / np.float32(temperature)).max(axis=1, initial=0.0)
    known = Known(ground.axes, ground.coordinates, ground.targets, ground.folds, examples.features.resemblance)
    guesses = HeldOutPredictions(rows, logits.argmax(axis=1), confidence)
    novelty, unfamiliarity = fit_ood_detector(known, guesses, lanes)
    held_out = HeldOut(rows, logits, targets, unfamiliarity, examples.own[rows])
    own, right = held_out.own, held_out.right
    weight, bias = ground.axes.back(heads.weights[-1])
    model = Model(
        class_names=class_names,
        backbone=backbone,
        weight=weight,
        bias=bias + class_bias,
        temperature=temperature,
        thresholds=fit_thresholds(confidence, right, unfamiliarity <= novelty.familiar),
        novelty=novelty,
        training=replace(
            record,
            photos=len(examples.targets),
            own_photos=int(examples.own.sum()),
            held_out_accuracy=float(right[own].mean()) if own.sum() >= _ENOUGH_TO_MEASURE else None,
            built_on_starter=not bool(examples.own.all()),
            memorised=0 if examples.memorised is None else int(examples.memorised.sum()),
            held_out=int(own.sum()),
            guessed=0 if examples.unlabelled is None else len(examples.unlabelled),
        ),
    )
    return Fitted(model, held_out, ground, heads)
