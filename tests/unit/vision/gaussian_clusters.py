"""Labelled photos that no network has seen: clouds of non-negative features around the centres of classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.fit import Fitted, fit
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.packed import Features, pack

WIDTH = 64
NAMES = ("aster", "begonia", "clematis")


def examples_of(features: Features, targets: NDArray[np.intp], first_id: int = 1) -> Examples:
    """All of them the person's, numbered from `first_id`."""
    ids = np.arange(first_id, first_id + len(targets))
    return Examples(ids, features, targets.astype(np.intp), np.ones(len(targets), np.bool_))


def clusters(per_class: int, *, classes: int = 3, spread: float = 0.5, seed: int = 0, width: int = WIDTH) -> Examples:
    """Clouds around random centres, the same ones for every seed."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(99).random((classes, width))
    targets = np.repeat(np.arange(classes), per_class)
    points = np.maximum(0, centres[targets] + spread * draw.standard_normal((len(targets), width)))
    return examples_of(pack(points), targets)


def learned(examples: Examples, *, seed: int = 42, last: Fitted | None = None) -> Fitted:
    """Fit a head on them."""
    names = NAMES[: int(examples.targets.max()) + 1]
    return fit(examples, names, "resnet50", CancelToken(), seed=seed, last=last)


def with_bursts(examples: Examples, copies: int, seed: int = 0) -> Examples:
    """Every third photo once more, hardly different, as a burst has them; within a class."""
    draw = np.random.default_rng(seed)
    again = np.repeat(np.arange(0, len(examples.targets), 3), copies)
    rows = np.concatenate([examples.features.unpack(), examples.features.unpack()[again]])
    rows = np.square(np.maximum(0, rows + 0.002 * draw.standard_normal(rows.shape)))
    shuffled = draw.permutation(len(rows))
    targets = np.concatenate([examples.targets, examples.targets[again]])
    return examples_of(pack(rows[shuffled]), targets[shuffled])
