"""Whether the model can be believed: accuracy, calibration and verdicts on photos it never saw, and on strangers."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken, silent
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.batch_novelty import PhotoSample, compare
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.metrics import calibration_bins, expected_calibration_error
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import Predictions, predict, verdicts_of
from flowersorter.vision.classifier.training_state import AugmentedViews, Examples, near_duplicates
from flowersorter.vision.classifier.unknown_share import unknown_probabilities
from flowersorter.vision.dataset_shift.partly_labelled import NO_LABEL, reach_unlabelled
from flowersorter.vision.features.cv_folds import assign_folds
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.features.views import CENTRE, VARIANTS, variant
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.predict_cached import cached_features
from flowersorter.workflows.predicting.predict_folder import PredictFolderRequest, predict_folder
from flowersorter.workflows.training.prepare_features import embed_labelled
from flowersorter.workflows.training.training_set import of_small_classes
from tests.bench.training_folder import LearnedPhotos, learned_photos

DEFAULT_STRANGERS = Path(__file__).parents[3] / "shared" / "strangers"
PER_CLASS = (5, 10, 20, 50, 240)
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """Photos of known classes, as the program sees them.

    Attributes:
        features: Of N photos, averaged over two views, as `train` learns from them.
        first: Of N photos, of the first view alone, as they are predicted.
        targets: (N,) class indices.
        groups: (N,) near-copies have the same number.
        again: Features of N photos in each of the further views that small classes are learned from in.
    """

    features: Features
    first: Features
    targets: NDArray[np.intp]
    groups: NDArray[np.intp]
    again: tuple[Features, ...] = ()

    def learned(self, rows: NDArray[np.intp]) -> Model:
        """A model of some of the photos, its classes numbered anew."""
        classes, targets = np.unique(self.targets[rows], return_inverse=True)
        small, variants = of_small_classes(targets), None
        if len(small) and self.again:
            shown = join([view.take(rows[small]) for view in self.again])
            variants = AugmentedViews(shown, np.tile(small, len(self.again)))
        own = np.ones(len(rows), np.bool_)
        examples = Examples(1 + rows, self.features.take(rows), targets, own, variants=variants)
        return fit(examples, [f"class {number}" for number in classes.tolist()], DEFAULT, CancelToken()).model

    def drawn(self, per_class: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of so many photos of each class, and of all others but their near-copies."""
        draw = np.random.default_rng(seed)
        classes = [draw.permutation(np.flatnonzero(self.targets == number)) for number in np.unique(self.targets)]
        learned = np.sort(np.concatenate([rows[:per_class] for rows in classes]))
        return learned, np.flatnonzero(~np.isin(self.groups, self.groups[learned]))


def verdicts(options: argparse.Namespace) -> None:
    """accuracy, calibration error and *sure* with 5 to 240 photos a class, on all others, seeds 1 to 5; strangers"""
    known, strangers = embedded(options.photos, options.strangers)
    known_photos(known)
    if strangers is None:
        print(f"{options.strangers} is no folder: strangers are not measured")
    left_out(known, strangers)


def known_photos(known: Photos) -> None:
    """Print how models of few and many photos do on the others."""
    print("a class  accuracy  calibration error    sure  of these right  called new   (means of seeds 1 to 5)")
    for per_class in PER_CLASS:
        rows = []
        for seed in SEEDS:
            learned, measured = known.drawn(per_class, seed)
            model = known.learned(learned)
            rows.append(_judged(predict(model, known.first.take(measured)), known.targets[measured]))
        accuracy, error, sure, right, new = np.mean(rows, axis=0)
        print(f"{per_class:7}  {accuracy:8.3f}  {error:17.3f}  {sure:6.1%}  {right:14.1%}  {new:10.1%}", flush=True)


def _judged(said: Predictions, targets: NDArray[np.intp]) -> tuple[float, ...]:
    """Accuracy, calibration error, share of the sure, share of these that are right, share called new."""
    right = said.probabilities.argmax(axis=1) == targets
    sure = said.verdicts == Verdict.SURE
    bins = calibration_bins(said.probabilities.max(axis=1), right)
    new = (said.verdicts == Verdict.UNKNOWN).mean()
    promise = right[sure].mean() if sure.any() else 1.0
    return float(right.mean()), expected_calibration_error(bins), float(sure.mean()), float(promise), float(new)


def left_out(known: Photos, strangers: Features | None) -> None:
    """Print how photos of a class nobody told of, and things of no class, are taken by models of the other classes."""
    print("left out  AUROC  sure   new    strangers: AUROC  sure   new    known: sure   new")
    table = []
    for number in np.unique(known.targets).tolist():
        rest, new = np.flatnonzero(known.targets != number), np.flatnonzero(known.targets == number)
        held_out = assign_folds(known.targets[rest], known.groups[rest], seed=0) == 0
        model = known.learned(rest[~held_out])
        usual = predict(model, known.first.take(rest[held_out]))
        row = []
        for features in (known.first.take(new), strangers):
            said = predict(model, features) if features is not None else usual
            row += [auroc(usual.ood_score, said.ood_score), *_shares(said)]
        row += _shares(usual)
        table.append(row)
        print(_row(f"class {number}", row), flush=True)
    print(_row("mean", np.mean(table, axis=0).tolist()))


def compared(known: Photos, number: int) -> tuple[float, float, float, float]:
    """Leave a class out: shares sure of its photos, photo by photo and as their folder tells, and of others beside."""
    rest, new = np.flatnonzero(known.targets != number), np.flatnonzero(known.targets == number)
    held_out = assign_folds(known.targets[rest], known.groups[rest], seed=0) == 0
    learned = rest[~held_out]
    model = known.learned(learned)
    rows = np.concatenate([rest[held_out], new])
    features = known.first.take(rows)
    alone, together, _ = folder_verdicts(model, known.features.take(learned), known.targets[learned], features)
    its = known.targets[rows] == number
    shares = [float((verdicts[part] == Verdict.SURE).mean()) for part in (its, ~its) for verdicts in (alone, together)]
    return shares[0], shares[1], shares[2], shares[3]


def folder_verdicts(
    model: Model, labelled: Features, classes: NDArray[np.intp], features: Features
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """Judge the photos of a folder, as `find_unknown_photos` does.

    Args:
        model: Trained on the labelled photos.
        labelled: Of M photos.
        classes: (M,) their classes.
        features: Of the N photos of the folder.

    Returns:
        (N,) verdicts photo by photo, (N,) verdicts as the folder tells, and (N,) probabilities of being unknown.
    """
    axes, result = model.ood_detector.axes, predict(model, features)
    along, targets = axes.project(features), np.unique(classes, return_inverse=True)[1]
    known = PhotoSample(labelled, axes.project(labelled), targets)
    comparison = compare(known, PhotoSample(features, along, result.probabilities.argmax(axis=1)), CancelToken())
    unlikeness = None if comparison is None else comparison.unlikeness(along, comparison.folds)
    labels = np.append(targets, np.full(len(features), NO_LABEL))
    predicted = np.append(targets, result.probabilities.argmax(axis=1))
    reached = reach_unlabelled(join([labelled, features]), labels, predicted, CancelToken())
    unknown = unknown_probabilities(result.ood_score, unlikeness, reached)
    return result.verdicts, verdicts_of(model, result.probabilities.max(axis=1), result.ood_score, unknown), unknown


def _row(name: str, row: list[float]) -> str:
    first, second = (f"{auroc:5.3f}  {sure:5.1%}  {new:5.1%}" for auroc, sure, new in (row[:3], row[3:6]))
    return f"{name:8}  {first}             {second}         {row[6]:5.1%}  {row[7]:5.1%}"


def _shares(said: Predictions) -> tuple[float, float]:
    """Shares of the photos that are called sure and new."""
    return float((said.verdicts == Verdict.SURE).mean()), float((said.verdicts == Verdict.UNKNOWN).mean())


def auroc(known: NDArray[Any], new: NDArray[Any]) -> float:
    """How often a new photo is less familiar than a known one."""
    ordered = np.sort(known)
    below, up_to = np.searchsorted(ordered, new), np.searchsorted(ordered, new, side="right")
    return float((below + up_to).mean() / 2 / len(known))


def embedded(photos: Path, strangers: Path) -> tuple[Photos, Features | None]:
    """Embed both folders as the program does; None for the second where it is missing."""
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        return _embedded(engine, photos, strangers)


def _embedded(engine: Engine, photos: Path, strangers: Path) -> tuple[Photos, Features | None]:
    known = learned_photos(engine, photos)
    groups = near_duplicates(known.features, known.targets, 0, CancelToken())
    others = None
    if strangers.is_dir():
        rows = predict_folder(engine, PredictFolderRequest(strangers), silent, CancelToken()).rows
        _, hashes = engine.collection.photos.hashes(rows.photo_ids[rows.photo_ids > 0])
        others, _ = cached_features(engine, DEFAULT, hashes)
    again = tuple(seen_in(engine, known, variant(number)) for number in range(1, VARIANTS + 1))
    first = replace(seen_in(engine, known, CENTRE), imagenet_prior=known.features.imagenet_prior)
    return Photos(known.features, first, known.targets, groups, again), others


def seen_in(engine: Engine, photos: LearnedPhotos, view: str) -> Features:
    """Features of photos in one view alone, embedded as `train` does it for small classes."""
    embed_labelled(engine, "auto", photos.photo_ids.tolist(), view, DEFAULT, silent, CancelToken())
    embeddings, _ = engine.collection.embeddings(DEFAULT).get(photos.hashes, view)
    return pack(embeddings)
