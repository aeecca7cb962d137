"""A folder in which a person has named some classes: are the other classes unknown, and the photos of the named not?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import PhotoSample, compare
from flowersorter.vision.classifier.predict import Predictions, predict, verdicts_of
from flowersorter.vision.classifier.unknown_share import unknown_probabilities
from flowersorter.vision.dataset_shift.partly_labelled import NO_LABEL, folder_graph, unknown_beside_labels
from flowersorter.vision.features.grouping import look_alikes
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool
from tests.bench.training_folder import LearnedPhotos
from tests.bench.unknown import DEFAULT_THINGS, embedded_folder, trained

SEEDS = (1, 2, 3)
AT_RANDOM, GROUPS, EVERY = "at random", "by groups", "all of them"
#: How photos are labelled, and how many of each named class at least.
LABELLED = ((AT_RANDOM, 8), (GROUPS, 20), (EVERY, 1000))

#: Folders of a few dozen photos, with the first labels of each named class; more draws, as they differ more.
FEW, FIRST_LABELLED, MANY_SEEDS = (8, 8, 8, 8, 8), ((AT_RANDOM, 1), (AT_RANDOM, 3)), tuple(range(1, 21))

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class NamedFolder:
    """A folder with labels of its own.

    Attributes:
        features: Of N photos.
        targets: (N,) class of each.
        named: (N,) whether its class has a label.
        labelled: (N,) whether it has one itself.
    """

    features: Features
    targets: Rows
    named: NDArray[np.bool_]
    labelled: NDArray[np.bool_]


def named_classes(options: argparse.Namespace) -> None:
    """folders in which some classes are named: sure and unknown by OOD scores, compared with labels, by propagation"""
    print(f"{'':56}{'named: sure, unknown':48}others: sure, unknown")
    flowers = embedded_folder(options.photos)
    _print_folders("flowers", flowers, (120,) * 5, (0, 1, 2))
    _print_folders("uneven flowers", flowers, (240, 120, 60, 30, 15), (0, 1, 2))
    _print_folders("few flowers", flowers, FEW, (0, 2, 3), FIRST_LABELLED, MANY_SEEDS)
    if DEFAULT_THINGS.is_dir():
        things = embedded_folder(DEFAULT_THINGS)
        _print_folders("things", things, (31,) * 10, (0, 5, 8))
        _print_folders("few things", things, FEW, (0, 2, 3), FIRST_LABELLED, MANY_SEEDS)


def _print_folders(
    name: str,
    photos: LearnedPhotos,
    sizes: Sequence[int],
    unnamed: Sequence[int],
    labelled: Sequence[tuple[str, int]] = LABELLED,
    seeds: Sequence[int] = SEEDS,
) -> None:
    classes = len(sizes)
    for others in unnamed:
        for how, count in labelled:
            if how == EVERY and not others:
                continue
            rows = [list(_measured(photos, _drawn(photos, sizes, others, how, count, seed))) for seed in seeds]
            mean = [f"{each:5.1%}" for each in np.mean(rows, axis=0).tolist()]
            what = f"{name}, {others} of {classes} unnamed, " + (how if how == EVERY else f"{count} labelled {how}")
            print(f"{what:56}{_row(mean[:6]):48}{_row(mean[6:]) if others else ''}", flush=True)


def _row(shares: Sequence[str]) -> str:
    return f"{' > '.join(shares[:3])}, {' > '.join(shares[3:])}"


def _drawn(photos: LearnedPhotos, sizes: Sequence[int], unnamed: int, how: str, count: int, seed: int) -> NamedFolder:
    draw = np.random.default_rng(seed)
    chosen = draw.permutation(np.unique(photos.targets))[: len(sizes)]
    parts = [
        draw.permutation(np.flatnonzero(photos.targets == number))[:size]
        for number, size in zip(chosen.tolist(), draw.permutation(sizes).tolist(), strict=True)
    ]
    rows = np.sort(np.concatenate(parts))
    features, targets, labelled = photos.features.take(rows), photos.targets[rows], np.zeros(len(rows), np.bool_)
    groups = look_alikes(features, CancelToken()).groups if how == GROUPS else np.arange(len(rows))
    for number in chosen[unnamed:].tolist():
        members = draw.permutation(np.flatnonzero(targets == number))
        numbers, of_group = np.unique(groups[members], return_counts=True)
        order = numbers[np.argsort(-of_group, kind="stable")] if how == GROUPS else groups[members]
        for group in order.tolist():
            if np.count_nonzero(labelled[members]) < count:
                labelled[members[groups[members] == group]] = True
    return NamedFolder(features, targets, np.isin(targets, chosen[unnamed:]), labelled)


def _measured(photos: LearnedPhotos, folder: NamedFolder) -> Iterator[float]:
    """Shares of the photos without a label, of named classes and of others: sure, then unknown, by each way."""
    learned, rest = np.flatnonzero(folder.labelled), ~folder.labelled
    places = LearnedPhotos(
        photos.files, photos.photo_ids, photos.hashes, folder.features, folder.targets, photos.class_names
    )
    model, features = trained(places, learned), folder.features.take(rest)
    alone = predict(model, features)
    with ThreadPool() as pool:
        graph = folder_graph(folder.features, pool, CancelToken())
        labels = np.where(folder.labelled, folder.targets, NO_LABEL)
        predicted = labels.copy()
        predicted[rest] = np.unique(folder.targets[learned])[alone.probabilities.argmax(axis=1)]
        reached = unknown_beside_labels(graph, labels, predicted, pool, CancelToken())[rest]
    axes, targets = model.ood_detector.axes, np.unique(folder.targets[learned], return_inverse=True)[1]
    labelled = PhotoSample(folder.features.take(learned), axes.project(folder.features.take(learned)), targets)
    others = PhotoSample(features, axes.project(features), alone.probabilities.argmax(axis=1))
    comparison = compare(labelled, others, CancelToken())
    unlike = None if comparison is None else comparison.unlikeness(others.coordinates, comparison.folds)
    compared = verdicts_of(model, *_sureness(alone), unknown_probabilities(alone.ood_score, unlike))
    by_folder = verdicts_of(model, *_sureness(alone), reached, by_folder=np.ones(len(reached), np.bool_))
    for which in (folder.named[rest], ~folder.named[rest]):
        for verdict in (Verdict.SURE, Verdict.UNKNOWN):
            for said in (alone.verdicts, compared, by_folder):
                yield float((said[which] == verdict).mean()) if which.any() else 0.0


def _sureness(said: Predictions) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return said.probabilities.max(axis=1), said.ood_score
