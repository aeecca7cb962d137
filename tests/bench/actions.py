"""Actions until a folder of unknown classes is right: groups of look-alikes, ten photos at a time, random photos."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.active_selection import doubt_of, next_to_label
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.grouping import look_alikes
from flowersorter.vision.features.packed import Features, join
from tests.bench.unknown import DEFAULT_THINGS, embedded_folder

GOALS = (0.9, 0.95, 0.98)
SEEDS = (1, 2, 3)
CLASSES, FLOWERS = 13, 5
#: Photos of each class: even and uneven ones of five flowers and eight things, and things alone.
EVEN = (72,) * FLOWERS + (30,) * (CLASSES - FLOWERS)
UNEVEN = (150, 110, 80, 60, 40, 31, 30, 28, 24, 18, 13, 10, 6)
THINGS = (31,) * CLASSES
BATCH = 10
_MOST_ACTIONS = 400

Rows = NDArray[np.intp]


@dataclass(slots=True, eq=False)
class Folder:
    """A folder that a person labels.

    Attributes:
        features: Features of N photos.
        targets: (N,) the class that a person sees in each.
        draw: Draws random photos.
        labelled: (N,) whether a photo has its label.
        left_out: (N,) whether it was left out when its group was named.
        doubts: (N,) uncertainty of the model.
        actions: Keys, names of groups and photos left out so far.
        right: Share that is right by label or suggestion.
    """

    features: Features
    targets: Rows
    draw: np.random.Generator
    labelled: NDArray[np.bool_] = field(init=False)
    left_out: NDArray[np.bool_] = field(init=False)
    doubts: NDArray[np.float32] = field(init=False)
    actions: int = 0
    right: float = 0.0
    _last: Fitted | None = None

    def __post_init__(self) -> None:
        """Begin without labels."""
        self.labelled, self.left_out = np.zeros((2, len(self.targets)), np.bool_)
        self.doubts = np.ones(len(self.targets), np.float32)

    @property
    def rest(self) -> Rows:
        """Rows of the photos without a label."""
        return np.flatnonzero(~self.labelled)

    def name(self, rows: Rows) -> None:
        """Name some photos by the most frequent class among them; the others are left out one by one."""
        classes, counts = np.unique(self.targets[rows], return_counts=True)
        named = self.targets[rows] == classes[counts.argmax()]
        self.labelled[rows[named]] = True
        self.left_out[rows[~named]] = True
        self.actions += 1 + int(np.count_nonzero(~named))

    def learn(self) -> None:
        """Fit the labels and predict the others."""
        rows = np.flatnonzero(self.labelled)
        classes, targets = np.unique(self.targets[rows], return_inverse=True)
        predictions = np.full(len(self.targets), classes[0])
        if len(classes) > 1:
            examples = Examples(1 + rows, self.features.take(rows), targets, np.ones(len(rows), np.bool_))
            names = [str(number) for number in classes.tolist()]
            self._last = fit(examples, names, DEFAULT, CancelToken(), last=self._last)
            probabilities = predict(self._last.model, self.features).probabilities
            predictions, self.doubts = classes[probabilities.argmax(axis=1)], doubt_of(probabilities)
        self.right = float(np.mean(self.labelled | (predictions == self.targets)))


#: Returns the rows of each next action.
Rule = Callable[[Folder], Sequence[Rows]]


def by_groups(features: Features) -> Rule:
    """The next group, or a photo that was left out of its group."""
    groups = look_alikes(features, CancelToken()).groups

    def rule(folder: Folder) -> Sequence[Rows]:
        rest = folder.rest
        numbers = np.where(folder.left_out, len(groups) + np.arange(len(groups)), groups)
        labelled = folder.features.take(folder.labelled)
        chosen = next_to_label(
            folder.features.take(rest), folder.doubts[rest], labelled, 1, CancelToken(), groups=numbers[rest]
        )
        return [rest[numbers[rest] == numbers[rest[row]]] for row in chosen.tolist()]

    return rule


def by_tens(features: Features) -> Rule:
    """The ten photos that would help most one by one."""
    del features

    def rule(folder: Folder) -> Sequence[Rows]:
        rest, labelled = folder.rest, folder.features.take(folder.labelled)
        rows = next_to_label(folder.features.take(rest), folder.doubts[rest], labelled, BATCH, CancelToken())
        return [rest[[row]] for row in rows.tolist()]

    return rule


def at_random(features: Features) -> Rule:
    """Ten photos drawn at random."""
    del features
    return lambda folder: list(folder.draw.permutation(folder.rest)[:BATCH, None])


RULES = {"groups": by_groups, "ten suggested": by_tens, "ten at random": at_random}


def actions(options: argparse.Namespace) -> None:
    """actions until 90, 95 and 98 % of a folder of 13 unknown classes are right, means of three draws"""
    if not DEFAULT_THINGS.is_dir():
        print("skipped: there is no folder of things beside the photos")
        return
    flowers, things = embedded_folder(options.photos), embedded_folder(DEFAULT_THINGS)
    features = join([flowers.features, things.features])
    targets = np.append(flowers.targets, len(flowers.class_names) + things.targets)
    print(f"{'':34}{''.join(f'{goal:8.0%}' for goal in GOALS)}   (worst draw)")
    for name, sizes in (("13 things", THINGS), ("5 flowers, 8 things", EVEN), ("the same, uneven", UNEVEN)):
        drawn = [_drawn(targets, len(flowers.class_names), sizes, seed) for seed in SEEDS]
        print(f"{name}, {len(drawn[0])} photos, one by one{'':4}{[round(goal * len(drawn[0])) for goal in GOALS]}")
        for rule_name, rule in RULES.items():
            taken = [
                list(_taken(features.take(rows), targets[rows], rule, seed))
                for seed, rows in zip(SEEDS, drawn, strict=True)
            ]
            means, worst = np.mean(taken, axis=0), np.max(taken, axis=0)
            print(f"  {rule_name:32}{''.join(f'{each:8.1f}' for each in means)}   {worst.tolist()}", flush=True)


def _drawn(targets: Rows, flowers: int, sizes: Sequence[int], seed: int) -> Rows:
    draw = np.random.default_rng(seed)
    of_things = flowers + draw.permutation(int(targets.max()) + 1 - flowers)
    of_flowers = draw.permutation(flowers)[:FLOWERS]
    classes = of_things[: len(sizes)] if sizes == THINGS else np.append(of_flowers, of_things)[: len(sizes)]
    parts = [
        draw.permutation(np.flatnonzero(targets == number))[:size]
        for number, size in zip(classes.tolist(), sizes, strict=True)
    ]
    return np.sort(np.concatenate(parts))


def _taken(features: Features, targets: Rows, rule: Callable[[Features], Rule], seed: int) -> Iterator[int]:
    """Actions until each goal is reached; a batch counts as a whole."""
    folder, choose = Folder(features, targets, np.random.default_rng(seed)), rule(features)
    for goal in GOALS:
        while folder.right < goal and folder.actions < _MOST_ACTIONS:
            for rows in choose(folder):
                folder.name(rows)
            folder.learn()
        yield folder.actions
