"""Learning curve: the accuracy with fewer labelled photos, from cached features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken, Progress, Report
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import AugmentedViews, Examples
from flowersorter.workflows.evaluation.held_out_labels import HeldOutLabels, held_out_labels
from flowersorter.workflows.models.current_model import chosen_backbone, model_for
from flowersorter.workflows.models.finetuned_backbones import final_layer
from flowersorter.workflows.training.incremental_fit import fit_for
from flowersorter.workflows.training.training_set import (
    TrainingSet,
    belongs_with_starter,
    labelled_photos,
    with_starter_of,
)
from flowersorter.workflows.training.unmeasured_classes import too_few, unmeasured

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine

#: Photos a class of the points before the last one, which has all photos.
_LADDER = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
#: Points are left out unless the last one has at least this many times their photos.
_WORTH_A_STEP = 1.2
#: Most photos of a fit; more would take minutes, and the curve is flat by then.
_MOST_PHOTOS = 20_000
_STAGE = "Learning from fewer photos"


@dataclass(frozen=True, slots=True)
class LearningCurveRequest:
    """Measure the accuracy against the number of labelled photos.

    Attributes:
        backbone: Name, or None for the collection's.
        seed: Seed of the subsets.
    """

    backbone: str | None = None
    seed: int = 42


@dataclass(frozen=True, slots=True, eq=False)
class LearningPoint:
    """The accuracy of models trained on subsets of the photos.

    Attributes:
        per_class: Training photos of a class, on average.
        measured: Number of held-out predictions.
        right: How many of these are right.
        low: The lowest accuracy of the models.
        high: The highest.
        wrong: (M,) int64 places of the photos predicted wrong.
    """

    per_class: float
    measured: int
    right: int
    low: float
    high: float
    wrong: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Fraction of the photos predicted right."""
        return self.right / self.measured


@dataclass(frozen=True, slots=True, eq=False)
class LearningCurve:
    """Points from few photos to all.

    Attributes:
        points: At least one, by photos a class.
        tries: Number of models behind each point, each measured on other photos.
        with_starter: Whether the starter's photos are among the training photos at every point.
        memorised: Number of photos that the network itself was trained on (deep training): it knew them at every point.
    """

    points: tuple[LearningPoint, ...]
    tries: int
    with_starter: bool
    memorised: int = 0


def learning_curve(engine: Engine, request: LearningCurveRequest, report: Report, cancel: CancelToken) -> LearningCurve:
    """Fit models on random subsets of the labelled photos, and measure them on a fold that they have not seen.

    Near-copies are never on both sides. The last point is the evaluation itself, so that the curve ends at its figure.
    The starter's photos only train, and never measure. On a finetuned network all models stay near its final layer, as
    after every training: see `fit_for`.

    Raises:
        TooFewPhotos: there is nothing to measure with.
        Cancelled: asked to stop.
    """
    collection = engine.collection
    backbone = chosen_backbone(collection, request.backbone)
    report(Progress(_STAGE, 0))
    classes = collection.labels.class_ids()
    own = labelled_photos(engine, backbone, classes)
    if not len(own.photo_ids):
        raise too_few()
    named = model_for(engine, backbone)
    photos = with_starter_of(named, collection, own)
    fitted = fit_for(engine, photos, backbone, cancel)
    folds = np.full(len(photos.photo_ids), -1)
    folds[fitted.held_out.rows] = fitted.state.folds[fitted.held_out.rows]
    tries = np.unique(folds[(folds >= 0) & photos.own])
    if not len(tries):
        raise too_few(unmeasured(photos, fitted))
    sizes = _sizes(photos, folds, tries)
    # Not `fit_for`: these models must not become warm starts of the next training.
    prior = final_layer(engine, backbone, photos.class_names)
    learn = partial(fit, class_names=photos.class_names, backbone=backbone, cancel=cancel, prior=prior)
    places = collection.photos.all_places()
    place_of = dict(zip(places.photo_ids[::-1].tolist(), places.ids[::-1].tolist(), strict=True))
    points = list[LearningPoint]()
    for size in sizes:
        done = len(points) * len(tries)
        told = []
        for number, fold in enumerate(tries.tolist()):
            report(Progress(_STAGE, done + number, len(sizes) * len(tries)))
            cancel.check()
            learned = _drawn(photos, folds != fold, size, request.seed + fold)
            told.append(_tell(photos, learned, photos.own & (folds == fold), learn))
        points.append(_point(photos, told, place_of))
    held_out = held_out_labels(engine, photos, fitted, backbone)
    points.append(_point(photos, _of_evaluation(photos, held_out, folds, tries), place_of))
    memorised = 0 if photos.memorised is None else int(photos.memorised.sum())
    return LearningCurve(tuple(points), len(tries), belongs_with_starter(named), memorised)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """The predictions of one model for its fold: rows, whether each is right, and the number of training photos."""

    rows: NDArray[np.intp]
    right: NDArray[np.bool_]
    learned: int


def _sizes(photos: TrainingSet, folds: NDArray[np.intp], tries: NDArray[np.intp]) -> list[int]:
    """Photos a class at each point but the last; a smaller class is used in full."""
    largest = max(int(np.bincount(photos.targets[photos.own & (folds != fold)]).max()) for fold in tries)
    most = min(largest, _MOST_PHOTOS // len(photos.class_names))
    return [size for size in _LADDER if size * _WORTH_A_STEP < most]


def _drawn(photos: TrainingSet, allowed: NDArray[np.bool_], size: int, seed: int) -> NDArray[np.intp]:
    """Rows of at most `size` own photos of each class and of all starter photos, from those allowed.

    A larger draw with the same seed holds the smaller one.
    """
    draw = np.random.default_rng(seed)
    rows = [np.flatnonzero(allowed & ~photos.own)]
    for target in range(len(photos.class_names)):
        members = np.flatnonzero(allowed & photos.own & (photos.targets == target))
        rows.append(draw.permutation(members)[:size])
    return np.sort(np.concatenate(rows))


def _tell(
    photos: TrainingSet,
    learned: NDArray[np.intp],
    asked: NDArray[np.bool_],
    learn: Callable[[Examples], Fitted],
) -> _Told:
    model = learn(_examples(photos, learned)).model
    rows = np.flatnonzero(asked)
    predicted = predict(model, photos.features.take(rows)).probabilities.argmax(axis=1)
    return _Told(rows, predicted == photos.targets[rows], int(photos.own[learned].sum()))


def _examples(photos: TrainingSet, rows: NDArray[np.intp]) -> Examples:
    """Select some of the photos, in ascending order, with the other inputs of a training."""
    groups, bursts, variants = photos.groups, photos.bursts, photos.variants
    if variants is not None:
        shown = np.flatnonzero(np.isin(variants.rows, rows))
        at = np.searchsorted(rows, variants.rows[shown])
        variants = AugmentedViews(variants.features.take(shown), at) if len(shown) else None
    return Examples(
        photos.photo_ids[rows],
        photos.features.take(rows),
        photos.targets[rows],
        photos.own[rows],
        groups=None if groups is None else groups[rows],
        bursts=None if bursts is None else bursts[rows],
        variants=variants,
    )


def _of_evaluation(
    photos: TrainingSet, held_out: HeldOutLabels, folds: NDArray[np.intp], tries: NDArray[np.intp]
) -> list[_Told]:
    """Assign the photos of the evaluation to the folds; those in no fold to the last one."""
    fold_of = np.where(np.isin(folds, tries), folds, tries[-1])[held_out.rows]
    told = []
    for fold in tries.tolist():
        here = fold_of == fold
        learned = int(np.count_nonzero(photos.own & (folds != fold)))
        told.append(_Told(held_out.rows[here], held_out.right[here], learned))
    return told


def _point(photos: TrainingSet, told: list[_Told], place_of: dict[int, int]) -> LearningPoint:
    accuracies = [float(each.right.mean()) for each in told if len(each.right)]
    wrong = np.sort(np.concatenate([each.rows[~each.right] for each in told]))
    places = [place_of.get(photo_id, 0) for photo_id in photos.photo_ids[wrong].tolist()]
    used = len(np.unique(photos.targets[photos.own]))
    return LearningPoint(
        per_class=float(np.mean([each.learned for each in told])) / used,
        measured=sum(len(each.rows) for each in told),
        right=int(sum(each.right.sum() for each in told)),
        low=min(accuracies),
        high=max(accuracies),
        wrong=np.array([place for place in places if place], np.int64),
    )
