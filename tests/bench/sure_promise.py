"""Whether *sure* is right as often as promised: many draws of the labels, and folders with photos of other classes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.bench.folder_claim import Row, is_broken, judged
from tests.bench.training_folder import LearnedPhotos
from tests.bench.unknown import DEFAULT_THINGS, embedded_folder

#: Photos of known and of other classes in a folder.
FOLDERS = ((200, 0), (200, 10), (200, 40), (200, 200), (0, 100))
FLOWERS_PER_CLASS, THINGS_PER_CLASS = (5, 10, 20, 60, 120, 240), (5, 8, 14)
#: The rule was fitted to draws of earlier seeds.
_FIRST_SEED = 20
#: Up to so many classes one is left out, of more ones half.
_FEW_CLASSES = 9

Rows = NDArray[np.intp]


def sure_promise(options: argparse.Namespace) -> None:
    """whether *sure* keeps its promise: `--draws` draws of 5 to 240 labels a class, photos of other classes mixed in"""
    rows: list[Row] = []
    for name, folder, per_class in (
        ("flowers", options.photos, FLOWERS_PER_CLASS),
        ("things", DEFAULT_THINGS, THINGS_PER_CLASS),
    ):
        if folder.is_dir():
            seeds = range(_FIRST_SEED, _FIRST_SEED + options.draws)
            rows += print_folders(embedded_folder(folder), name, per_class, seeds)
    _print("all", rows)


def print_folders(photos: LearnedPhotos, name: str, per_class: Sequence[int], seeds: Sequence[int]) -> list[Row]:
    """Print a line for each number of labels a class and each kind of folder; returns every folder."""
    everything: list[Row] = []
    for number in per_class:
        drawn = [list(_drawn(photos, number, seed)) for seed in seeds]
        for at, (known, unknown) in enumerate(FOLDERS):
            rows = [draw[at] for draw in drawn]
            _print(f"{name}, {number:3} a class, {known:3} known and {unknown:3} others", rows)
            everything += rows
    return everything


def _drawn(photos: LearnedPhotos, per_class: int, seed: int) -> Iterator[Row]:
    """Draw the classes and their labels, and judge each kind of folder."""
    draw, classes = np.random.default_rng([seed, per_class]), np.unique(photos.targets)
    few = len(classes) <= _FEW_CLASSES
    known = np.delete(classes, seed % len(classes)) if few else draw.permutation(classes)[: len(classes) // 2]
    parts = [draw.permutation(np.flatnonzero(photos.targets == number)) for number in known.tolist()]
    learned = np.sort(np.concatenate([rows[:per_class] for rows in parts]))
    rest = draw.permutation(np.concatenate([rows[per_class:] for rows in parts]))
    others = draw.permutation(np.flatnonzero(~np.isin(photos.targets, known)))
    for count, unknown in FOLDERS:
        folder: Rows = np.concatenate([rest[:count], others[:unknown]])
        yield judged(photos, learned, folder, photos.features.take(folder))


def _print(name: str, rows: Sequence[Row]) -> None:
    photos = sum(row.photos for row in rows)
    line = ""
    for side in ("before", "now"):
        pairs = [getattr(row, side) for row in rows]
        sure, wrong = sum(each for each, _ in pairs), sum(each for _, each in pairs)
        broken = sum(is_broken(*pair) for pair in pairs)
        line += f"  sure {sure / photos:5.1%}, right {1 - wrong / max(sure, 1):6.1%}, broken {broken:3}"
    print(f"{name:46}{line}  of {len(rows)}", flush=True)
