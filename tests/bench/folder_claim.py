"""Folders from the same and from another place: the accuracy that is expected there, and whether *sure* is right."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, Verdict
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import PhotoSample
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.dataset_shift.accuracy_estimation import (
    FolderPredictions,
    agree_with_neighbours,
    estimate_accuracy,
    sure_thresholds_of,
)
from flowersorter.vision.features.packed import Features, pack
from tests.bench.calibration import folder_verdicts
from tests.bench.training_folder import LearnedPhotos
from tests.bench.unknown import DEFAULT_THINGS, embedded_folder, trained

#: The folder is of the same photos, of later ones by their Flickr ids, of another part of each class along one of its
#: principal axes, or all its features are moved, as another camera might.
SAME, LATER, ALONG, MOVED, MIXED = "same place", "later photos", "another part", "moved features", "strangers mixed in"
_AXES_ALONG = (1, 3)
_PHOTOS = 250
#: Photos of classes left out, as a fraction of the known ones.
_STRANGERS = 0.2
#: Up to so many classes one is left out, of more ones half.
_FEW_CLASSES = 9
SEEDS = (1, 2, 3, 4)
#: *Sure* is broken where so many wrong ones have less than this probability if the promise were kept.
_BROKEN = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One folder.

    Attributes:
        accuracy: Fraction of right suggestions, of the photos with one; NaN without an estimate.
        held_out: The model's held-out accuracy.
        expected: The accuracy estimated without labels.
        differs: Whether the estimate says that the folder differs.
        before: Number of sure photos as the model has them, and of wrong ones among these.
        now: The same as the folder tells.
        photos: Number of photos.
    """

    accuracy: float
    held_out: float
    expected: float
    differs: bool
    before: tuple[int, int]
    now: tuple[int, int]
    photos: int


def folder_claims(options: argparse.Namespace) -> None:
    """folders from the same and another place: accuracy claimed, expected and true; whether *sure* keeps its promise"""
    flowers = embedded_folder(options.photos)
    print(
        "                                        true  held out: off  expected: off  differs  sure > now    right > now"
    )
    print_rows(flowers, "flowers", (5, 10, 20, 60, 140, 240), (SAME, LATER, ALONG, MOVED, MIXED))
    if DEFAULT_THINGS.is_dir():
        print_rows(embedded_folder(DEFAULT_THINGS), "things", (5, 8, 14), (SAME, ALONG, MOVED, MIXED))


def print_rows(photos: LearnedPhotos, name: str, per_class: Sequence[int], kinds: Sequence[str]) -> list[Row]:
    """Print a line for each kind of folder and number of labels a class, and one for each kind."""
    everything: list[Row] = []
    for kind in kinds:
        of_kind: list[Row] = []
        for number in per_class:
            rows = [row for seed in SEEDS for row in _rows(photos, kind, number, seed)]
            if rows:
                _print(f"{name}, {kind}, {number:3} a class", rows)
            of_kind += rows
        _print(f"{name}, {kind}, all", of_kind)
        everything += of_kind
    return everything


def _print(name: str, rows: Sequence[Row]) -> None:
    accuracy, held_out, expected = (
        np.array([getattr(row, field) for row in rows]) for field in ("accuracy", "held_out", "expected")
    )
    photos = sum(row.photos for row in rows)
    sides = [[getattr(row, side) for row in rows] for side in ("before", "now")]
    share = [sum(sure for sure, _ in side) / photos for side in sides]
    right = [1 - sum(wrong for _, wrong in side) / max(sum(sure for sure, _ in side), 1) for side in sides]
    broken = [float(np.mean([is_broken(*each) for each in side])) for side in sides]
    print(
        f"{name:40}{np.nanmean(accuracy):5.3f}  {np.nanmean(np.abs(held_out - accuracy)):13.3f}"
        f"  {np.nanmean(np.abs(expected - accuracy)):13.3f}  {np.mean([row.differs for row in rows]):7.0%}"
        f"  {share[0]:5.1%} > {share[1]:5.1%}  {right[0]:5.1%} > {right[1]:5.1%}"
        f"  broken {broken[0]:4.0%} > {broken[1]:4.0%} of {len(rows)}",
        flush=True,
    )


def is_broken(sure: int, wrong: int) -> bool:
    """Whether so many wrong ones among the sure photos are improbable if each is right as often as promised."""
    miss = 1 - DEFAULT_SURE_PRECISION
    fewer = sum(comb(sure, k) * miss**k * (1 - miss) ** (sure - k) for k in range(wrong))
    return wrong > 0 and 1 - fewer < _BROKEN


def _rows(photos: LearnedPhotos, kind: str, per_class: int, seed: int) -> Iterator[Row]:
    """Train on photos of one place and judge a folder of another."""
    for axis in _AXES_ALONG if kind == ALONG else (0,):
        draw = np.random.default_rng([seed, per_class, axis])
        classes = np.unique(photos.targets)
        known = np.sort(
            draw.permutation(classes)[: max(len(classes) // 2, len(classes) - 1 if len(classes) < 9 else 0)]
        )
        known = known if kind == MIXED else classes
        parts = [_halves(photos, kind, number, axis, draw) for number in known.tolist()]
        if per_class > min(len(first) for first, _ in parts):
            continue
        learned = np.sort(np.concatenate([draw.permutation(first)[:per_class] for first, _ in parts]))
        folder = draw.permutation(np.concatenate([second for _, second in parts]))[:_PHOTOS]
        if kind == MIXED:
            others = draw.permutation(np.flatnonzero(~np.isin(photos.targets, known)))
            folder = np.concatenate([folder, others[: int(_STRANGERS * len(folder))]])
        features = photos.features.take(folder)
        yield judged(photos, learned, folder, _moved(features, draw) if kind == MOVED else features)


def _halves(
    photos: LearnedPhotos, kind: str, number: int, axis: int, draw: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of a class to learn from, and rows of the folder."""
    rows = np.flatnonzero(photos.targets == number)
    if kind in (SAME, MOVED, MIXED):
        rows = draw.permutation(rows)
        first = min(240, len(rows) // 2 if len(rows) < 100 else len(rows))
        return rows[:first], rows[first:]
    if kind == LATER:
        rows = rows[np.argsort([int(photos.files[row].name.partition("_")[0]) for row in rows])]
    else:
        shown = photos.features.take(rows).unpack()
        shown -= shown.mean(axis=0)
        _, axes = np.linalg.eigh(shown @ shown.T)
        rows = rows[np.argsort(axes[:, -1 - axis] * draw.choice([-1, 1]))]
    return rows[: len(rows) // 2], rows[(len(rows) // 2 if len(rows) < 100 else 2 * len(rows) // 3) :]


def _moved(features: Features, draw: np.random.Generator) -> Features:
    """Move all photos in one direction, by about half a standard deviation of theirs."""
    rows = features.unpack()
    among = rows - rows.mean(axis=0)
    step = draw.standard_normal(len(rows)).astype(np.float32) @ among / len(rows) ** 0.5
    moved = pack(np.square(np.maximum(rows + step / 2, 0)))
    return Features(moved.quantised, moved.scale, features.imagenet_prior)


def judged(photos: LearnedPhotos, learned: NDArray[np.intp], folder: NDArray[np.intp], features: Features) -> Row:
    """Judge a folder as `find_unknown_photos` and `find_accuracy` do."""
    classes, targets = np.unique(photos.targets[learned], return_inverse=True)
    labelled, model = photos.features.take(learned), trained(photos, learned)
    _, verdicts, unknown = folder_verdicts(model, labelled, targets, features)
    result, axes = predict(model, features), model.ood_detector.axes
    best, confidence = result.probabilities.argmax(axis=1), result.probabilities.max(axis=1)
    agreed = agree_with_neighbours(
        PhotoSample(labelled, axes.project(labelled), targets),
        PhotoSample(features, axes.project(features), best),
        CancelToken(),
    )
    sure, suggested = verdicts == Verdict.SURE, verdicts != Verdict.UNKNOWN
    unfamiliar = result.ood_score > model.ood_detector.familiar
    predictions = FolderPredictions(confidence, unfamiliar, unknown, suggested, sure, agreed)
    record = model.training
    estimate = estimate_accuracy(predictions, record.held_out_accuracy, record.measured, DEFAULT_SURE_PRECISION)
    right = classes[best] == photos.targets[folder]
    now = sure & (confidence >= sure_thresholds_of(predictions, estimate))
    return Row(
        accuracy=np.nan if estimate is None else float(right[suggested].mean()),
        held_out=float(record.held_out_accuracy or 0),
        expected=np.nan if estimate is None else estimate.accuracy,
        differs=estimate is not None and estimate.differs,
        before=(int(sure.sum()), int((sure & ~right).sum())),
        now=(int(now.sum()), int((now & ~right).sum())),
        photos=len(folder),
    )
