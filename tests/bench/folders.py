"""Folders without labels: predictions photo by photo, and adapted to the folder as the program does."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.metrics import calibration_bins, expected_calibration_error
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import UNKNOWN, Predictions, predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.dataset_shift.folder_adaptation import LEAST_PHOTOS, connect, folder_bias, follow_neighbours
from flowersorter.vision.parallel import ThreadPool
from flowersorter.workflows.engine import Engine
from tests.bench.calibration import folder_verdicts
from tests.bench.reference import in_points
from tests.bench.training_folder import LearnedPhotos, learned_photos
from tests.bench.unknown import DEFAULT_THINGS

Rows = NDArray[np.intp]

#: Labelled photos of each class.
PER_CLASS = (5, 20)
LEFT_OUT_PER_CLASS = (8, 20, 120)
#: Photos of known classes and of the one left out.
MIXED = ((100, 100), (150, 30), (20, 100))
KINDS = EVEN, SOME, UNEVEN = "even", "a third of the classes", "uneven"
#: Photos of a folder, and of each of its classes from the most to the least frequent one where these are uneven.
PHOTOS, FREQUENT, RARE = 200, 40, 4
SEEDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A model, and a folder that it never saw.

    Attributes:
        model: Trained on `learned`.
        learned: Rows of the labelled photos.
        rows: Rows of the photos of the folder.
    """

    model: Model
    learned: Rows
    rows: Rows


Split = Callable[[LearnedPhotos, Rows, np.random.Generator], tuple[Rows, Rows]]


def _same(photos: LearnedPhotos, rows: Rows, draw: np.random.Generator) -> tuple[Rows, Rows]:
    """same place"""
    del photos
    first, second = np.array_split(draw.permutation(rows), 2)
    return first, second


def _later(photos: LearnedPhotos, rows: Rows, draw: np.random.Generator) -> tuple[Rows, Rows]:
    """later photos"""
    number = np.array([int(photos.files[row].name.partition("_")[0]) for row in rows.tolist()])
    ordered = rows[np.argsort(number)]
    return draw.permutation(ordered[: len(rows) // 2]), draw.permutation(ordered[-len(rows) // 3 :])


def _smaller(photos: LearnedPhotos, rows: Rows, draw: np.random.Generator) -> tuple[Rows, Rows]:
    """smaller pictures"""
    small = np.array([photos.files[row].stem.endswith("_m") for row in rows.tolist()])
    return draw.permutation(rows[~small]), draw.permutation(rows[small])


SPLITS = (_same, _later, _smaller)


def folders(options: argparse.Namespace) -> None:
    """folders without labels, also of another place: photo by photo, and adapted to the folder; ten draws"""
    print(f"{'a class':51} accuracy               calibration error  sure        of these right")
    flowers = _embedded(options.photos)
    for split in SPLITS:
        print_split(flowers, split)
    if DEFAULT_THINGS.is_dir():
        print_split(_embedded(DEFAULT_THINGS), _same, (5, 10))
    print_lookalikes(flowers)


def _embedded(folder: Path) -> LearnedPhotos:
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        return learned_photos(engine, folder)


def print_split(
    photos: LearnedPhotos, split: Split, labelled: Sequence[int] = PER_CLASS, seeds: Sequence[int] = SEEDS
) -> None:
    """Print how even and uneven folders are predicted by models of few labelled photos."""
    classes = len(photos.class_names)
    for per_class in labelled:
        for kind in KINDS:
            table = []
            for seed in seeds:
                folder = _drawn(photos, split, per_class, kind, seed)
                alone, adapted = judged(photos, folder)
                targets = photos.targets[folder.rows]
                table.append((*_figures(alone, targets), *_figures(adapted, targets)))
            mean = np.nanmean(table, axis=0)
            gain = in_points([row[4] - row[0] for row in table])
            what = f"{per_class:2}, {classes} classes, {split.__doc__}, {kind}"
            print(
                f"{what:51} {mean[0]:.3f} > {mean[4]:.3f} {gain:11}  {mean[1]:.3f} > {mean[5]:.3f}      "
                f"{mean[2]:4.0%} > {mean[6]:4.0%}  {mean[3]:.1%} > {mean[7]:.1%}",
                flush=True,
            )


def _drawn(photos: LearnedPhotos, split: Split, per_class: int, kind: str, seed: int) -> Folder:
    draw = np.random.default_rng(seed)
    parts = [split(photos, np.flatnonzero(photos.targets == c), draw) for c in np.unique(photos.targets)]
    learned = np.sort(np.concatenate([first[:per_class] for first, _ in parts]))
    counts = draw.permutation(_counts(kind, len(parts)))
    rows = np.concatenate([second[:count] for (_, second), count in zip(parts, counts.tolist(), strict=True)])
    return Folder(_trained(photos, learned), learned, np.sort(rows))


def _counts(kind: str, classes: int) -> Rows:
    if kind == EVEN:
        return np.full(classes, PHOTOS // classes)
    if kind == UNEVEN:
        ratio = np.geomspace(FREQUENT, RARE, classes)
        return np.asarray(np.maximum(1, np.rint(ratio * PHOTOS / ratio.sum())), np.intp)
    there = max(2, round(0.3 * classes))
    return np.where(np.arange(classes) < there, PHOTOS // there, 0)


def _trained(photos: LearnedPhotos, rows: Rows) -> Model:
    classes, targets = np.unique(photos.targets[rows], return_inverse=True)
    examples = Examples(1 + rows, photos.features.take(rows), targets, np.ones(len(rows), np.bool_))
    return fit(examples, [photos.class_names[number] for number in classes], DEFAULT, CancelToken()).model


def judged(photos: LearnedPhotos, folder: Folder) -> tuple[Predictions, Predictions]:
    """Predict the photos of a folder one by one, and adapted to it as the program does."""
    model, features = folder.model, photos.features.take(folder.rows)
    labelled = photos.features.take(folder.learned)
    targets = np.unique(photos.targets[folder.learned], return_inverse=True)[1]
    _, _, unknown = folder_verdicts(model, labelled, targets, features)
    alone = predict(model, features, unknown=unknown)
    known = (alone.verdicts != Verdict.UNKNOWN) & (unknown <= UNKNOWN)
    if known.sum() < LEAST_PHOTOS:
        return alone, alone
    logits = np.log(np.maximum(alone.probabilities[known], np.float32(1e-30)))
    terms = np.zeros((len(known), len(model.class_names)), np.float32)
    with ThreadPool() as pool:
        graph = connect(labelled, features.take(known), pool, CancelToken())
        adapted = logits + folder_bias(logits, alone.ood_score[known], model.class_logits)
        terms[known] = (
            follow_neighbours(adapted, graph, np.eye(logits.shape[1], dtype=np.float32)[targets], pool, CancelToken())
            - logits
        )
    return alone, predict(model, features, unknown=unknown, terms=terms)


def _figures(said: Predictions, targets: Rows) -> tuple[float, float, float, float]:
    """Accuracy, calibration error, share sure, share of these that are right."""
    right, sure = said.probabilities.argmax(axis=1) == targets, said.verdicts == Verdict.SURE
    error = expected_calibration_error(calibration_bins(said.probabilities.max(axis=1), right))
    return float(right.mean()), error, float(sure.mean()), float(right[sure].mean()) if sure.any() else np.nan


def print_lookalikes(photos: LearnedPhotos) -> None:
    """Leave each flower out: print how many of its photos are sure in a folder, and how the other photos do there."""
    print("one flower left out                 its photos: sure  others: accuracy  sure         of these right")
    for per_class in LEFT_OUT_PER_CLASS:
        for known, unknown in MIXED:
            table = [_left_out(photos, number, per_class, known, unknown) for number in np.unique(photos.targets)]
            mean = np.nanmean(table, axis=0)
            print(
                f"{per_class:3} a class, {known:3} others and {unknown:3} of it  {mean[0]:4.0%} > {mean[1]:4.0%}       "
                f"{mean[2]:.3f} > {mean[6]:.3f}   {mean[4]:4.0%} > {mean[8]:4.0%}  {mean[5]:.1%} > {mean[9]:.1%}",
                flush=True,
            )


def _left_out(photos: LearnedPhotos, number: int, per_class: int, known: int, unknown: int) -> list[float]:
    draw, classes = np.random.default_rng(number), np.unique(photos.targets)
    others = [draw.permutation(np.flatnonzero(photos.targets == each)) for each in classes if each != number]
    learned = np.sort(np.concatenate([rows[:per_class] for rows in others]))
    rest = draw.permutation(np.concatenate([rows[per_class:] for rows in others]))[:known]
    strange = draw.permutation(np.flatnonzero(photos.targets == number))[:unknown]
    both = judged(photos, Folder(_trained(photos, learned), learned, np.concatenate([rest, strange])))
    targets = np.searchsorted(np.setdiff1d(classes, [number]), photos.targets[rest])
    line = [float((said.verdicts[known:] == Verdict.SURE).mean()) for said in both]
    for said in both:
        part = Predictions(
            said.probabilities[:known], said.verdicts[:known], said.ood_score[:known], said.caveats[:known]
        )
        line += _figures(part, targets)
    return line
