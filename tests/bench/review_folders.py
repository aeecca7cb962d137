"""The folders that `review` reviews: photos drawn from class folders, or made by `make_garden.py`."""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench.unknown import DEFAULT_THINGS

THINGS_AND_FLOWERS, GARDEN = "things+flowers", "garden"
PHOTOS, CLASSES, FLOWERS = 1000, 12, (3, 4, 5)
#: Where the window's folder, collection and embeddings lie.
KEPT = Path("build") / "bench" / "review"
_PHOTOS = frozenset({".jpg", ".jpeg", ".heic"})

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFolder:
    """Photos to review.

    Attributes:
        folder: Where they lie.
        files: N of them.
        targets: (N,) the class of each, as a number.
        names: The name of each number.
    """

    folder: Path
    files: tuple[Path, ...]
    targets: Rows
    names: tuple[str, ...]


def drawn(targets: Rows, flowers: int, seed: int, photos: int = PHOTOS) -> Rows:
    """Rows of 1,000 photos of 12 classes: three to five flowers, all photos of some things, and the rest of flowers.

    Of fewer photos, the share of each class is about the same.
    """
    draw = np.random.default_rng(seed)
    count = int(draw.choice(FLOWERS))
    of_flowers = draw.permutation(flowers)[:count]
    of_things = flowers + draw.permutation(int(targets.max()) + 1 - flowers)[: CLASSES - count]
    things = [np.flatnonzero(targets == number) for number in of_things.tolist()]
    left = PHOTOS - sum(map(len, things))
    sizes = [left // count + (at < left % count) for at in range(count)]
    parts = [
        draw.permutation(np.flatnonzero(targets == number))[:size]
        for number, size in zip(of_flowers.tolist(), sizes, strict=True)
    ]
    rows = np.concatenate([*things, *parts])
    return np.sort(rows if photos >= len(rows) else draw.permutation(rows)[:photos])


def garden_truth(folder: Path) -> dict[Path, str]:
    """The class of each photo of a folder of `make_garden.py`, by the table beside it."""
    with folder.with_name(f"{folder.name}.truth.csv").open(newline="") as table:
        lines = csv.reader(table)
        next(lines)
        return {folder / path: name for path, name, *_ in lines if name}


def drawn_folders(options: argparse.Namespace) -> Iterator[tuple[str, DrawnFolder]]:
    """The folders to review, each copied when its turn comes."""
    if options.source == GARDEN:
        truth = garden_truth(options.garden.resolve())
        found, numbers = np.unique(list(truth.values()), return_inverse=True)
        yield "garden", copy_photos(list(truth), numbers, found.tolist(), 0)
        return
    files = [*_photos(options.photos), *_photos(DEFAULT_THINGS)]
    names = list(dict.fromkeys(file.parent.name for file in files))
    targets = np.array([names.index(file.parent.name) for file in files])
    flowers = len({file.parent.name for file in _photos(options.photos)})
    for seed in options.seeds:
        rows = drawn(targets, flowers, seed, options.count)
        yield f"seed {seed}", copy_photos([files[row] for row in rows.tolist()], targets[rows], names, seed)


def _photos(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*/*") if file.suffix.lower() in _PHOTOS)


def copy_photos(sources: Sequence[Path], targets: Rows, names: Sequence[str], seed: int) -> DrawnFolder:
    """Copy photos into a folder, in an order that is drawn and under numbers."""
    folder = KEPT / "photos"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    order = np.random.default_rng(seed).permutation(len(sources))
    files = [folder / f"IMG_{number:05}{sources[row].suffix}" for number, row in enumerate(order.tolist())]
    for row, file in zip(order.tolist(), files, strict=True):
        shutil.copy2(sources[row], file)
    return DrawnFolder(folder.resolve(), tuple(file.resolve() for file in files), targets[order], tuple(names))
