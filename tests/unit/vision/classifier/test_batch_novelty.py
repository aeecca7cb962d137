"""Photos of a class nobody told of stand apart, and hardly anything else does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import (
    LEAST,
    PhotoSample,
    TwoSampleClassifier,
    compare,
)
from flowersorter.vision.classifier.fit import Fitted
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN, Predictions, predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.classifier.unknown_share import unknown_probabilities
from flowersorter.vision.features.packed import pack
from tests.unit.vision.gaussian_clusters import examples_of, learned

LATENT, WIDTH = 16, 256
KNOWN = 3
#: Distances of the unknown class from a known one: at the second, many of its photos pass for known one by one.
FAR, NEAR = 0.8, 0.7


def drawn(per_class: int, seed: int, *, classes: int = KNOWN, away: float = FAR) -> Examples:
    """Photos that differ in a few ways, all of which photos of the known classes show too; the last one lies nearby."""
    fixed, draw = np.random.default_rng(99), np.random.default_rng(seed)
    centres = 1.5 * fixed.standard_normal((KNOWN + 1, LATENT))
    centres[KNOWN] = centres[0] + away * fixed.standard_normal(LATENT)
    channels = fixed.standard_normal((LATENT, WIDTH))
    targets = np.repeat(np.arange(classes), per_class)
    latent = centres[targets] + draw.standard_normal((len(targets), LATENT))
    points = 4 + latent @ channels + draw.standard_normal((len(targets), WIDTH))
    return examples_of(pack(np.square(np.maximum(0, points))), targets)


@pytest.fixture(scope="module")
def taught() -> tuple[Examples, Fitted]:
    examples = drawn(100, seed=0)
    return examples, learned(examples)


def unlabelled(known: int, foreign: int, seed: int = 1, *, away: float = FAR) -> tuple[Examples, NDArray[np.bool_]]:
    """So many photos of each known class and of one nobody told of, and which are of that."""
    examples = drawn(max(known, foreign), seed, classes=KNOWN + 1, away=away)
    turn = np.arange(len(examples.targets)) % max(known, foreign)
    kept = np.flatnonzero(turn < np.where(examples.targets == KNOWN, foreign, known))
    few = Examples(examples.ids[kept], examples.features.take(kept), examples.targets[kept], examples.own[kept])
    return few, few.targets == KNOWN


def compared(taught: tuple[Examples, Fitted], others: Examples) -> tuple[TwoSampleClassifier, PhotoSample, Predictions]:
    examples, fitted = taught
    axes, said = fitted.model.ood_detector.axes, predict(fitted.model, others.features)
    crowd = PhotoSample(others.features, axes.project(others.features), said.probabilities.argmax(axis=1))
    labelled = PhotoSample(examples.features, axes.project(examples.features), examples.targets)
    comparison = compare(labelled, crowd, CancelToken())
    assert comparison is not None
    return comparison, crowd, said


def apart(taught: tuple[Examples, Fitted], others: Examples, least: float = UNKNOWN) -> NDArray[np.bool_]:
    comparison, crowd, said = compared(taught, others)
    return unknown_probabilities(said.ood_score, comparison.unlikeness(crowd.coordinates, comparison.folds)) > least


def test_a_class_nobody_told_of_stands_apart(taught: tuple[Examples, Fitted]) -> None:
    others, foreign = unlabelled(60, 100, away=NEAR)
    sure = predict(taught[1].model, others.features).verdicts == Verdict.SURE
    found = apart(taught, others)
    assert sure[foreign].mean() > 0.3, "one by one they pass for photos of a known class"
    assert (sure & ~apart(taught, others, MAYBE_UNKNOWN))[foreign].mean() < 0.15
    assert (~foreign[found]).mean() < 0.2


def test_alone_it_stands_apart_as_well(taught: tuple[Examples, Fitted]) -> None:
    others, _ = unlabelled(0, 60)
    assert apart(taught, others).mean() > 0.9


@pytest.mark.parametrize("seed", range(2, 8))
def test_other_photos_of_known_classes_do_not(taught: tuple[Examples, Fitted], seed: int) -> None:
    others, _ = unlabelled(60, 0, seed)
    assert apart(taught, others).mean() < 0.02


def test_nor_where_one_class_is_much_more_frequent_than_its_labels(taught: tuple[Examples, Fitted]) -> None:
    others, _ = unlabelled(150, 0)
    kept = np.flatnonzero((others.targets == 0) | (np.arange(len(others.targets)) % 15 == 0))
    few = Examples(others.ids[kept], others.features.take(kept), others.targets[kept], others.own[kept])
    assert apart(taught, few).mean() < 0.02


def test_one_photo_less_leaves_the_others_in_their_folds(taught: tuple[Examples, Fitted]) -> None:
    others, _ = unlabelled(60, 100)
    before, _, _ = compared(taught, others)
    for row in range(0, len(others.ids), 40):
        kept = np.delete(np.arange(len(others.ids)), row)
        after, _, _ = compared(taught, examples_of(others.features.take(kept), others.targets[kept]))
        assert (after.folds == before.folds[kept]).all()


def test_the_order_of_the_photos_is_nothing_to_their_folds(taught: tuple[Examples, Fitted]) -> None:
    others, _ = unlabelled(60, 100)
    order = np.random.default_rng(5).permutation(len(others.ids))
    before, _, _ = compared(taught, others)
    after, _, _ = compared(taught, examples_of(others.features.take(order), others.targets[order]))
    assert (after.folds == before.folds[order]).all()


def test_a_burst_does_not_vouch_for_itself(taught: tuple[Examples, Fitted]) -> None:
    """Forty near-copies of one known photo lie close together, where no labelled photo is."""
    others, _ = unlabelled(40, 0)
    rows = np.concatenate([np.arange(len(others.targets)), np.zeros(40, np.intp)])
    many = Examples(np.arange(len(rows)), others.features.take(rows), others.targets[rows], others.own[rows])
    comparison, crowd, _ = compared(taught, many)
    assert len(np.unique(comparison.folds[len(others.targets) :])) == 1
    unlikeness = comparison.unlikeness(crowd.coordinates, comparison.folds)
    alone, its_crowd, _ = compared(taught, others)
    assert max(unlikeness[-1], alone.unlikeness(its_crowd.coordinates, alone.folds)[0]) < 0


def test_known_photos_are_as_like_the_labelled_ones_as_these_among_each_other(taught: tuple[Examples, Fitted]) -> None:
    """So a known photo beside unknown ones keeps a low score."""
    medians = []
    for seed in range(1, 9):  # how the folds fall moves the median of the unknown ones by half
        others, foreign = unlabelled(150, 60, seed)
        comparison, crowd, _ = compared(taught, others)
        unlikeness = comparison.unlikeness(crowd.coordinates, comparison.folds)
        assert abs(np.median(unlikeness[~foreign])) < 0.3
        assert abs(unlikeness[~foreign].std() - 1) < 0.3
        medians.append(np.median(unlikeness[foreign]))
    assert np.mean(medians) > 1.5


def test_it_is_the_same_every_time(taught: tuple[Examples, Fitted]) -> None:
    others, _ = unlabelled(40, 40)
    assert np.array_equal(apart(taught, others), apart(taught, others))


def test_too_few_photos_are_not_compared(taught: tuple[Examples, Fitted]) -> None:
    examples, fitted = taught
    places = fitted.model.ood_detector.axes.project(examples.features)
    everything = PhotoSample(examples.features, places, examples.targets)
    few = np.arange(LEAST - 1)
    some = PhotoSample(examples.features.take(few), places.take(few), examples.targets[few])
    assert compare(everything, some, CancelToken()) is None
    assert compare(some, everything, CancelToken()) is None


def test_copies_of_one_photo_are_one_photo(taught: tuple[Examples, Fitted]) -> None:
    examples, fitted = taught
    places = fitted.model.ood_detector.axes.project(examples.features)
    everything = PhotoSample(examples.features, places, examples.targets)
    same = np.zeros(5 * LEAST, np.intp)
    copies = PhotoSample(examples.features.take(same), places.take(same), examples.targets[same])
    assert compare(everything, copies, CancelToken()) is None


def test_cancel(taught: tuple[Examples, Fitted]) -> None:
    examples, fitted = taught
    crowd = PhotoSample(examples.features, fitted.model.ood_detector.axes.project(examples.features), examples.targets)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        compare(crowd, crowd, cancel)
