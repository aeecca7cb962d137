"""Whether a second view of the photos that are not sure pays: the largest square, mirrored, averaged with the centre.

The program predicted them so once, and stopped: it did not pay on photos of another place.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.predict import Predictions, predict
from flowersorter.vision.classifier.training_state import near_duplicates
from flowersorter.vision.features.packed import Features, join
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.engine import Engine
from tests.bench.calibration import seen_in
from tests.bench.folders import SPLITS, Split
from tests.bench.reference import in_points
from tests.bench.training_folder import LearnedPhotos, learned_photos
from tests.bench.unknown import trained

PER_CLASS = (10, 20, 50, 120)
SEEDS = tuple(range(1, 11))


def second_view(options: argparse.Namespace) -> None:
    """a second, wider view of the photos that are not sure: accuracy, log loss and *sure* without and with it"""
    with tempfile.TemporaryDirectory() as scratch, Engine(CollectionStore.open(Path(scratch) / "collection")) as engine:
        photos = learned_photos(engine, options.photos)
        first = replace(seen_in(engine, photos, CENTRE), imagenet_prior=photos.features.imagenet_prior)
    compare_views(photos, first)


def compare_views(photos: LearnedPhotos, first: Features) -> None:
    """Print the figures of models of few labelled photos, means of ten draws.

    Args:
        photos: With features of both views.
        first: Of the first view alone.
    """
    print("a class                 accuracy                     log loss       sure           of these right")
    groups = near_duplicates(photos.features, photos.targets, 0, CancelToken())
    for split in SPLITS:
        for per_class in PER_CLASS:
            table = np.array([_one_draw(photos, first, groups, split, per_class, seed) for seed in SEEDS])
            gain = in_points((table[:, 1, 0] - table[:, 0, 0]).tolist())
            one, two = table[..., :3].mean(axis=0)
            sure = table[~np.isnan(table).any(axis=(1, 2)), :, 3]
            kept = sure.mean(axis=0) if len(sure) else (np.nan, np.nan)
            print(
                f"{per_class:2}, {split.__doc__:17}  {one[0]:.3f} > {two[0]:.3f} {gain:14} "
                f"{one[1]:.3f} > {two[1]:.3f}  {one[2]:5.1%} > {two[2]:5.1%}  {kept[0]:.1%} > {kept[1]:.1%}",
                flush=True,
            )


def _one_draw(
    photos: LearnedPhotos, first: Features, groups: NDArray[np.intp], split: Split, per_class: int, seed: int
) -> list[list[float]]:
    """Figures of one view, and of two where the first is not sure."""
    draw = np.random.default_rng(seed)
    parts = [split(photos, np.flatnonzero(photos.targets == number), draw) for number in np.unique(photos.targets)]
    learned = np.sort(np.concatenate([before[:per_class] for before, _ in parts]))
    rows = np.concatenate([after for _, after in parts])
    rows = rows[~np.isin(groups[rows], groups[learned])]
    model, targets = trained(photos, learned), photos.targets[rows]
    alone = predict(model, first.take(rows))
    second = np.arange(len(rows)) + len(rows) * (alone.verdicts != Verdict.SURE)
    both = predict(model, join([first.take(rows), photos.features.take(rows)]).take(second))
    return [_figures(each, targets) for each in (alone, both)]


def _figures(said: Predictions, targets: NDArray[np.intp]) -> list[float]:
    """Accuracy, log loss, share sure, share of these that are right."""
    right, sure = said.probabilities.argmax(axis=1) == targets, said.verdicts == Verdict.SURE
    loss = -np.log(np.maximum(said.probabilities[np.arange(len(targets)), targets], 1e-12)).mean()
    return [float(right.mean()), float(loss), float(sure.mean()), float(right[sure].mean()) if sure.any() else np.nan]
