"""How good models are whose classes have few and many photos: a new class beside old ones, halves of halves."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.vision.classifier.predict import predict
from tests.bench.calibration import Photos, embedded

Mask = NDArray[np.bool_]

SEEDS = tuple(range(1, 11))
#: Photos of each class: one has few, or every one half as many as the one before.
COUNTS = (*((few, 240, 240, 240, 240) for few in (2, 4, 8, 16, 32)), (8, 16, 32, 64, 128), (3, 6, 12, 24, 48))


def uneven(options: argparse.Namespace) -> None:
    """a class of few photos beside classes of many: how many of each are right on all other photos, seeds 1 to 10"""
    known, _ = embedded(options.photos, options.strangers)
    print("                        classes equally frequent                            as frequent as learned")
    print("photos of each class    right  smallest: found  true  sure  of these right  right  sure  of these right")
    for counts in COUNTS:
        figures = np.nanmean([_figures(known, counts, seed) for seed in SEEDS], axis=0)
        shown = "{:6.1%}  {:14.1%}  {:4.0%}  {:4.0%}  {:14.1%}  {:5.1%}  {:4.0%}  {:14.1%}".format(*figures)
        print(f"{', '.join(map(str, counts)):22}  {shown}", flush=True)


def _figures(known: Photos, counts: tuple[int, ...], seed: int) -> tuple[float, ...]:
    """Shares, in the order of the table."""
    draw = np.random.default_rng(seed)
    classes = draw.permutation(np.unique(known.targets))
    shuffled = [draw.permutation(np.flatnonzero(known.targets == number)) for number in classes]
    learned = np.sort(np.concatenate([rows[:count] for rows, count in zip(shuffled, counts, strict=True)]))
    measured = np.flatnonzero(~np.isin(known.groups, known.groups[learned]))
    model = known.learned(learned)
    told = predict(model, known.first.take(measured))
    predicted, targets = told.probabilities.argmax(axis=1), known.targets[measured]
    everything = np.ones(len(targets), np.bool_)
    right, sure, smallest = predicted == targets, told.verdicts == Verdict.SURE, classes[0]
    alike = 1 / np.bincount(targets)[targets]
    as_learned = alike * np.bincount(known.targets[learned])[targets]

    def share(of: Mask, among: Mask, weights: NDArray[np.float64]) -> float:
        return float(weights[of & among].sum() / weights[among].sum()) if among.any() else float("nan")

    return (
        share(right, everything, alike),
        share(right, targets == smallest, alike),
        share(right, predicted == smallest, alike),
        share(sure, everything, alike),
        share(right, sure, alike),
        share(right, everything, as_learned),
        share(sure, everything, as_learned),
        share(right, sure, as_learned),
    )
