"""What photos without a label bring where labelled ones are few, in collections of several kinds."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.packed import Features, join
from tests.bench.calibration import Photos, embedded

PER_CLASS = (5, 10, 15)
SEEDS = tuple(range(1, 11))
#: Photos of the classes where these are not equally frequent.
FREQUENCIES = (240, 120, 60, 30, 15)

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CollectionStore:
    """Photos with and without a label, and those that are measured on; rows of `Photos`.

    Attributes:
        strangers: Whether things of no class are among its unlabelled photos.
    """

    labelled: Rows
    unlabelled: Rows
    measured: Rows
    strangers: bool = False


def _whole(known: Photos, labelled: Rows, rest: Rows, draw: np.random.Generator) -> CollectionStore:
    """all of the others"""
    return CollectionStore(labelled, rest, rest)


def _small(known: Photos, labelled: Rows, rest: Rows, draw: np.random.Generator) -> CollectionStore:
    """100 of the others, measured on all"""
    return CollectionStore(labelled, draw.permutation(rest)[:100], rest)


def _half(known: Photos, labelled: Rows, rest: Rows, draw: np.random.Generator) -> CollectionStore:
    """half of the others, measured on the other half"""
    beside, measured = np.array_split(draw.permutation(rest), 2)
    return CollectionStore(labelled, beside, measured)


def _uneven(known: Photos, labelled: Rows, rest: Rows, draw: np.random.Generator) -> CollectionStore:
    """240, 120, 60, 30 and 15 of the classes"""
    classes = draw.permutation(np.unique(known.targets))
    each = (draw.permutation(rest[known.targets[rest] == number]) for number in classes)
    there = np.concatenate([here[:most] for here, most in zip(each, FREQUENCIES, strict=True)])
    return CollectionStore(labelled, there, there)


def _strange(known: Photos, labelled: Rows, rest: Rows, draw: np.random.Generator) -> CollectionStore:
    """all, one of the classes not named yet, and strangers"""
    unnamed = draw.choice(np.unique(known.targets))
    labelled, measured = (rows[known.targets[rows] != unnamed] for rows in (labelled, rest))
    return CollectionStore(labelled, rest, measured, strangers=True)


def few_labels(options: argparse.Namespace) -> None:
    """what photos without a label bring where labels are few: accuracy with and without them, seeds 1 to 10"""
    known, strangers = embedded(options.photos, options.strangers)
    print("a class  photos without a label                               labels alone  and the others  worst draw")
    for per_class in PER_CLASS:
        for kind in (_whole, _small, _half, _uneven, _strange):
            both = []
            for seed in SEEDS:
                collection = kind(known, *known.drawn(per_class, seed), np.random.default_rng(1000 + seed))
                if strangers is not None or not collection.strangers:
                    both.append(_accuracies(known, collection, strangers))
            if both:
                alone, together = np.array(both).T
                shown = f"{alone.mean():12.3f}  {together.mean():14.3f}  {(together - alone).min():+10.3f}"
                print(f"{per_class:7}  {kind.__doc__:52} {shown}", flush=True)


def _accuracies(known: Photos, collection: CollectionStore, strangers: Features | None) -> tuple[float, float]:
    """Share of the photos that are right, without and with the unlabelled ones."""
    beside, measured = known.first.take(collection.unlabelled), collection.measured
    if strangers is not None and collection.strangers:
        beside = join([beside, strangers])
    targets = np.searchsorted(np.unique(known.targets[collection.labelled]), known.targets[measured])
    models = known.learned(collection.labelled), known.learned(collection.labelled, beside)
    alone, together = (predict(model, known.seen_by(model, measured)).probabilities.argmax(axis=1) for model in models)
    return float((alone == targets).mean()), float((together == targets).mean())
