"""Makes collections of any size in seconds: tiny files, library rows, and embeddings that look like a network's.

    python -m tests.bench.speed.big_collection FOLDER --photos 100000 --labelled 10000

The files are real JPEGs, no two alike; the embeddings are drawn, not computed. Drawn from a seed: the same arguments
make the same collection, apart from the times of the files.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_class import ClassOrigin
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.features.views import CENTRE
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache
from tests.drawing import RED, jpeg_bytes, textured
from tests.starter_classes import delete_starter_classes

WIDTH = 2048
PER_FOLDER = 500
SIZE_PX = (48, 36)
PICTURES = 64
_SEED = 11
_BLOCK = 2000
#: ImageNet's layer is computed for all photos of a collection up to this size, and for so many of a larger one.
_MOST_COMPUTED, _COMPUTED = 100_000, 20_000

# Measured on 1,500 photos of flowers through ResNet-50: mean 0.38, median 0.10, 99.9th percentile 8.6; cosine of
# the square roots 0.66 within a class and 0.60 between classes, 0.97 with the mirror image; half of the variance in
# 20 directions. With the numbers below drawn embeddings have 0.45, 0.12, 15; 0.66, 0.64, 0.98; half in 60.
_DIRECTIONS = 64
_SPREAD = 0.9
#: Distance of the classes from one another: a linear layer gets 90 % of held-out photos right with 10,000 labelled.
_APART = 0.45
_LARGEST = 60.0


@dataclass(frozen=True, slots=True)
class BigCollection:
    """Where a made collection lies.

    Attributes:
        collection: The folder to open with `CollectionStore.open`.
        photos: The folder of its photos.
    """

    collection: Path
    photos: Path


def make_collection(
    folder: Path, photos: int, labelled: int = 0, classes: int = 10, *, files: bool = True, links: bool = False
) -> BigCollection:
    """Make a collection in which every photo is read and embedded, but nothing is trained.

    As after labelling, photos have the embedding of their centre, and what ImageNet's layer takes them for is written
    down. Photos with a label have no more: a mean of several views has less noise, and nearly all photos without a
    label would be called unknown beside it. The starter's classes were deleted: its photos are of another world than
    drawn embeddings, and the model would learn from them too.

    Args:
        folder: Gets the sub-folders `collection` and `photos`; made if missing.
        photos: How many photos.
        labelled: How many of them a person has labelled, spread evenly over the folder.
        classes: How many classes there are, as large as each other.
        files: Whether the photos are on the disk; without them only the library knows of them.
        links: Whether they are links to `PICTURES` files, of which a million take a few MB: for folders that are
            scanned, whose files nobody reads.
    """
    made = BigCollection(folder / "collection", folder / "photos")
    pictures = _pictures()
    if links:
        link_files(made.photos, photos)
    elif files:
        write_files(made.photos, photos)
    with CollectionStore.open(made.collection) as collection:
        names = [collection.classes.add(f"Class {number + 1}", ClassOrigin.PERSON) for number in range(classes)]
        delete_starter_classes(collection)
        hashes = [hashlib.sha256(_file(pictures, number)).digest() for number in range(photos)]
        ids = _remember(collection, made.photos, hashes, pictures)
        step = max(1, photos // max(1, labelled))
        chosen = range(0, labelled * step, step)
        labels = {ids[number]: Label(names[target_of(number, classes)].id, LabelOrigin.PERSON) for number in chosen}
        collection.labels.assign_many(labels)
        _embed(collection, hashes, classes)
        _resemble(collection, hashes, classes)
    return made


def target_of(number: int, classes: int) -> int:
    """The true class of a photo: mixed, so that neighbours in the folder and every part of it hold all classes."""
    return (number * 7919 + number // classes) % classes


def photo_paths(folder: Path, photos: int) -> Iterator[Path]:
    """Where the photos are: `PER_FOLDER` a sub-folder."""
    for number in range(photos):
        yield folder / f"roll {number // PER_FOLDER + 1}" / f"IMG_{number + 1:06}.jpg"


def write_files(folder: Path, photos: int) -> None:
    """Write that many tiny JPEGs, no two with the same bytes."""
    pictures = _pictures()
    for number, path in enumerate(photo_paths(folder, photos)):
        if number % PER_FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_file(pictures, number))


def link_files(folder: Path, photos: int) -> None:
    """Make that many photos of a few files: each file has many names, and no photo takes room on the disk."""
    originals = folder.with_name("pictures")
    originals.mkdir(parents=True)
    files = [originals / f"{number}.jpg" for number in range(PICTURES)]
    for file, picture in zip(files, _pictures(), strict=True):
        file.write_bytes(picture)
    for number, path in enumerate(photo_paths(folder, photos)):
        if number % PER_FOLDER == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        os.link(files[number % PICTURES], path)


def draw_embeddings(numbers: NDArray[np.intp], classes: int) -> NDArray[np.float16]:
    """Draw what a network might make of some photos.

    Pooled features are non-negative with heavy tails: here each is an exponential of a few hidden directions, in
    which the classes lie apart, times noise of its own.

    Args:
        numbers: (N,) which photos.
        classes: How many classes the collection has.

    Returns:
        (N, 2048) float16.
    """
    world = np.random.default_rng(_SEED)
    mixing = world.normal(0, _SPREAD / np.sqrt(_DIRECTIONS), (_DIRECTIONS, WIDTH)).astype(np.float32)
    level = world.normal(-1.6, 0.8, WIDTH).astype(np.float32)
    centres = world.normal(0, _APART, (classes, _DIRECTIONS)).astype(np.float32)
    strength = np.arange(1, _DIRECTIONS + 1, dtype=np.float32) ** -0.5
    strength /= np.sqrt(np.mean(strength**2))
    draw = np.random.default_rng([_SEED, int(numbers[0])])
    targets = [target_of(int(number), classes) for number in numbers]
    hidden = (centres[targets] + draw.standard_normal((len(numbers), _DIRECTIONS), np.float32)) * strength
    mean = np.exp(hidden @ mixing + level)
    centre = mean * draw.standard_exponential(mean.shape, np.float32)
    return np.asarray(np.minimum(centre, _LARGEST), np.float16)


def _embed(collection: CollectionStore, hashes: list[bytes], classes: int) -> None:
    """Store the drawn embeddings of all photos; the next blocks are drawn while one is written."""
    store, cores = collection.embeddings(DEFAULT), os.cpu_count() or 1
    starts = range(0, len(hashes), _BLOCK)

    def draw(start: int) -> NDArray[np.float16]:
        return draw_embeddings(np.arange(start, min(start + _BLOCK, len(hashes))), classes)

    with ThreadPoolExecutor(cores) as pool:
        waiting = {start: pool.submit(draw, start) for start in starts[: 2 * cores]}
        for number, start in enumerate(starts):
            store.append(hashes[start : start + _BLOCK], CENTRE, waiting.pop(start).result())
            waiting |= {later: pool.submit(draw, later) for later in starts[number + 2 * cores :][:1]}


def _resemble(collection: CollectionStore, hashes: list[bytes], classes: int) -> None:
    """Store what ImageNet's layer takes the photos for; of very many, others of a class resemble its first ones."""
    resemblances = ImageNetPriorCache.of(collection, DEFAULT)
    computed = len(hashes) if len(hashes) <= _MOST_COMPUTED else _COMPUTED
    for start in range(0, computed, _BLOCK):
        resemblances.get(hashes[start : min(start + _BLOCK, computed)])
    if computed == len(hashes):
        return
    known = resemblances.get(hashes[:computed])
    assert known is not None
    numbers, store = known.as_numbers(), collection.embeddings(f"{DEFAULT}.imagenet")
    targets = np.array([target_of(number, classes) for number in range(len(hashes))])
    like = [np.flatnonzero(targets[:computed] == each) for each in range(classes)]
    for start in range(computed, len(hashes), _BLOCK):
        block = range(start, min(start + _BLOCK, len(hashes)))
        rows = [like[targets[number]][number % len(like[targets[number]])] for number in block]
        store.append(hashes[block.start : block.stop], CENTRE, numbers[rows])


def _remember(collection: CollectionStore, folder: Path, hashes: list[bytes], pictures: list[bytes]) -> range:
    """Write the rows of places and photos of a new collection, as a scan and reading would; returns the photo ids."""
    ids = range(1, len(hashes) + 1)
    with collection.database.transaction() as connection:
        connection.executemany(
            "INSERT INTO photos (id, sha256, size_bytes, width_px, height_px, taken_at, camera)"
            f" VALUES (?, ?, ?, {SIZE_PX[0]}, {SIZE_PX[1]}, ?, 'Collection Pocket 12')",
            (
                (photo_id, sha256, len(_file(pictures, number)), _taken_at(number))
                for number, (photo_id, sha256) in enumerate(zip(ids, hashes, strict=True))
            ),
        )
        connection.executemany(
            "INSERT INTO places (photo_id, path, size_bytes, mtime_ns) VALUES (?, ?, ?, ?)",
            (
                (photo_id, os.fsencode(path), *_size_and_time(path, len(_file(pictures, number))))
                for number, (photo_id, path) in enumerate(zip(ids, photo_paths(folder, len(hashes)), strict=True))
            ),
        )
    return ids


def _size_and_time(path: Path, size: int) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds of a photo; a photo that is not there has that size."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return size, 0
    return found.st_size, found.st_mtime_ns


def _taken_at(number: int) -> str:
    return f"2026-05-{number % 28 + 1:02}T12:{number % 60:02}:00"


def _pictures() -> list[bytes]:
    """A few small JPEGs in different colours."""
    draw = np.random.default_rng(_SEED)
    colours = [tuple(int(level) for level in draw.integers(20, 236, 3)) for _ in range(PICTURES - 1)]
    return [
        jpeg_bytes(textured(SIZE_PX, (colour[0], colour[1], colour[2]), seed))
        for seed, colour in enumerate([RED, *colours])
    ]


def _file(pictures: list[bytes], number: int) -> bytes:
    """The bytes of a photo: one of the pictures with its number as a comment."""
    picture, comment = pictures[number % len(pictures)], f"photo {number}".encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]


def main() -> None:
    """Make a collection to look at or to measure with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--labelled", type=int, default=0)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--no-files", action="store_true", help="only the library knows the photos")
    parser.add_argument("--links", action="store_true", help="the photos are links to a few files")
    options = parser.parse_args()
    made = make_collection(
        options.folder,
        options.photos,
        options.labelled,
        options.classes,
        files=not options.no_files,
        links=options.links,
    )
    print(f"collection {made.collection}, photos {made.photos}")


if __name__ == "__main__":
    main()
