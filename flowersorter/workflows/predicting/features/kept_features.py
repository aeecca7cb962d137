"""The rows of a feature table: packed features in blocks, and what was computed from them.

Beyond some tens of thousands of photos the blocks lie in mapped files (`MappedMemory`): a million photos take 2 GB,
which the system may move to the disk, and which count as memory of the program only while they are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.cache.hash_index import HashIndex
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.vision.features.mapped_memory import MappedMemory, let_go
from flowersorter.vision.features.packed import Features
from flowersorter.vision.parallel import ThreadPool

#: Rows of a block: 33 MB with ResNet-50.
BLOCK_ROWS = 16384
#: From this many adjacent rows on, a view is returned; fewer are copied.
WORTH_LENDING = 512
#: Bytes of a copy from which on it lies in a mapped file too.
_LARGE_COPY = 256 << 20
#: Bytes of a copy from which on several threads make it.
_WORTH_THREADS = 16 << 20
COORDINATES, SCORES = "coordinates", "scores"
NONE = -1


@dataclass(frozen=True, slots=True, eq=False)
class FeaturePart:
    """Some photos in one block.

    Attributes:
        positions: (M,) positions of the photos among the requested ones.
        features: Their features.
        kept: The rows that hold them.
        block: Number of their block; -1 for a few uncached photos.
        at: (M,) ascending rows of the block.
        edition: Edition of `kept` when the view was made.
    """

    positions: NDArray[np.intp]
    features: Features
    kept: KeptFeatures
    block: int = NONE
    at: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    edition: int = NONE


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """Values computed from the features of a block.

    Attributes:
        key: Key of the axes, or of the model.
        values: (B, ...) each, a row for each photo.
        there: (B,) bool, whether each row is known.
    """

    key: object
    values: tuple[NDArray[np.float32], ...]
    there: NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class KeptFeatures:
    """The cached rows, in blocks: growing needs no second copy of a collection's features.

    Attributes:
        memory: Makes the blocks.
        row_of: Row by hash.
        photos: How many photos have a row.
    """

    memory: MappedMemory
    row_of: HashIndex = field(default_factory=HashIndex)
    photos: int = 0
    _computed: dict[tuple[str, int], Computed] = field(default_factory=dict)  # by kind and block
    _row_of_photo: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    _levels: list[NDArray[np.uint8]] = field(default_factory=list)
    _scales: list[NDArray[np.float32]] = field(default_factory=list)
    _lent: list[bool] = field(default_factory=list)  # whether a view of the rows of a block may be in use
    _kinds: list[ImageNetPrior] = field(default_factory=list)
    edition: int = 0  # incremented each time rows are put

    def put(self, hashes: Sequence[bytes], features: Features) -> None:
        """Add rows of photos, no two alike, or replace them."""
        first_new, rows = self.photos, self.row_of.find(hashes)
        added = np.flatnonzero(rows == NONE)
        rows[added] = np.arange(first_new, first_new + len(added))
        self.row_of.put([hashes[position] for position in added.tolist()], rows[added])
        self.photos += len(added)
        while len(self._levels) * BLOCK_ROWS < self.photos:
            self.let_go()
            self._levels.append(self.memory.empty((BLOCK_ROWS, features.width), np.uint8))
            self._scales.append(np.empty(BLOCK_ROWS, np.float32))
            self._lent.append(False)
            self._kinds.append(ImageNetPrior.unknown(BLOCK_ROWS))
        for block in np.flatnonzero(np.bincount(rows[rows < first_new] // BLOCK_ROWS)).tolist():
            if self._lent[block]:
                self._levels[block] = self.memory.copy(self._levels[block])
                self._scales[block] = self._scales[block].copy()
                self._lent[block] = False
        self.edition += 1
        for block, here, at in by_block(rows):
            # Slices where they are side by side, as new rows are: one copy instead of two.
            self._levels[block][_side_by_side(at)] = features.quantised[_side_by_side(here)]
            self._scales[block][at] = features.scale[here]
            if features.imagenet_prior is not None:
                new = features.imagenet_prior.take(here)
                self._kinds[block].imagenet_ids[at], self._kinds[block].probabilities[at] = (
                    new.imagenet_ids,
                    new.probabilities,
                )
            for kind in (COORDINATES, SCORES):
                if (kind, block) in self._computed:
                    self._computed[kind, block].there[at] = False

    def take(self, rows: NDArray[np.intp], few: Features | None) -> Features:
        """Copy rows; those from -2 downwards are the first, second and so on of `few`."""
        source = few.quantised if few is not None else self._levels[0] if self._levels else np.empty((0, 0), np.uint8)
        kinds = ImageNetPrior.unknown(len(rows))
        shape = len(rows), source.shape[1]
        large, many = (shape[0] * shape[1] >= least for least in (_LARGE_COPY, _WORTH_THREADS))
        levels = self.memory.empty(shape, np.uint8) if large else np.empty(shape, np.uint8)
        taken = Features(levels, np.empty(len(rows), np.float32), kinds)

        def copy(part: tuple[int, NDArray[np.intp], NDArray[np.intp]]) -> None:
            block, here, at = part
            together = _side_by_side(here)
            if isinstance(together, slice):  # one copy instead of two
                self._levels[block].take(at, axis=0, out=taken.quantised[together], mode="clip")
            else:
                taken.quantised[here] = self._levels[block][at]
            if many:
                let_go(self._levels[block])
            if large:
                let_go(taken.quantised)
            taken.scale[here] = self._scales[block][at]
            kinds.imagenet_ids[here], kinds.probabilities[here] = (
                self._kinds[block].imagenet_ids[at],
                self._kinds[block].probabilities[at],
            )

        parts = list(by_block(rows))
        if not many or large:  # else a thread would map memory again that another let go
            for part in parts:
                copy(part)
        else:
            with ThreadPool() as pool:
                pool.map(copy, parts)
        if few is not None:
            here = np.flatnonzero(rows < 0)
            taken.quantised[here] = few.quantised[-2 - rows[here]]
            taken.scale[here] = few.scale[-2 - rows[here]]
            if few.imagenet_prior is not None:
                new = few.imagenet_prior.take(-2 - rows[here])
                kinds.imagenet_ids[here], kinds.probabilities[here] = new.imagenet_ids, new.probabilities
        return taken

    def view_of(self, block: int, at: NDArray[np.intp]) -> Features:
        """Return some ascending rows of one block: a read-only view where they are adjacent, else a copy."""
        if len(at) < WORTH_LENDING or at[-1] - at[0] != len(at) - 1:
            return Features(self._levels[block][at], self._scales[block][at], self._kinds[block].take(at))
        self._lent[block] = True
        side_by_side = slice(int(at[0]), int(at[-1]) + 1)
        kinds = self._kinds[block].take(at)  # a copy: it is small
        return Features(self._levels[block][side_by_side], self._scales[block][side_by_side], kinds)

    def computed(self, part: FeaturePart, kind: str, key: object) -> tuple[NDArray[np.float32], ...] | None:
        """Return the cached values of a part for this key, if known for all its photos."""
        known = self._computed.get((kind, part.block))
        if known is None or known.key != key or part.edition != self.edition:
            return None
        if not known.there[part.at].all():
            return None
        side_by_side = len(part.at) and part.at[-1] - part.at[0] == len(part.at) - 1
        # A view: a row written meanwhile is a better value of the same photo.
        rows = slice(part.at[0], part.at[-1] + 1) if side_by_side else part.at
        return tuple(values[rows] for values in known.values)

    def keep_computed(self, part: FeaturePart, kind: str, key: object, values: tuple[NDArray[np.float32], ...]) -> None:
        """Cache the values of a part, unless rows were put since, and drop those of another key."""
        if part.edition != self.edition or len(part.at) < WORTH_LENDING:
            return
        known = self._computed.get((kind, part.block))
        if known is None or known.key != key:
            empty = tuple(self.memory.empty((BLOCK_ROWS, *each.shape[1:]), each.dtype) for each in values)
            known = self._computed[kind, part.block] = Computed(key, empty, np.zeros(BLOCK_ROWS, np.bool_))
        for kept, each in zip(known.values, values, strict=True):
            kept[part.at] = each
        known.there[part.at] = True

    def forget_computed(self, kind: str) -> None:
        """Drop what was computed of a kind."""
        self._computed = {key: values for key, values in self._computed.items() if key[0] != kind}

    def let_go(self, block: int | None = None) -> None:
        """Let the system take the pages of a block that was used, None for all."""
        blocks = range(len(self._levels)) if block is None else (block,)
        for number in blocks:
            let_go(self._levels[number])
            for kind in (COORDINATES, SCORES):
                if (kind, number) in self._computed:
                    for values in self._computed[kind, number].values:
                        let_go(values)

    def rows_of_photos(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return (N,) the row of each photo that `remember_photos` added, else `NONE`."""
        rows = np.full(len(photo_ids), NONE, np.intp)
        known = photo_ids < len(self._row_of_photo)
        rows[known] = self._row_of_photo[photo_ids[known]]
        return rows

    def remember_photos(self, photo_ids: NDArray[np.int64], rows: NDArray[np.intp]) -> None:
        """Store the rows of photos, as far as they are cached, until `forget_photos` says that their hash changed."""
        if not len(photo_ids):
            return
        there = len(self._row_of_photo)
        if photo_ids.max() >= there:
            larger = np.full(int(photo_ids.max()) * 5 // 4 + 1, NONE, np.int32)
            larger[:there] = self._row_of_photo
            self._row_of_photo = larger
        self._row_of_photo[photo_ids] = np.maximum(rows, NONE)

    def forget_photos(self, photo_ids: NDArray[np.int64]) -> None:
        """Drop which row is of these photos; the rows stay, each with its hash."""
        self._row_of_photo[photo_ids[photo_ids < len(self._row_of_photo)]] = NONE


def _side_by_side(numbers: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Some numbers, at least one, as a slice where they follow one another."""
    first, last = int(numbers[0]), int(numbers[-1])
    adjacent = last - first == len(numbers) - 1 and bool((numbers[1:] > numbers[:-1]).all())
    return slice(first, last + 1) if adjacent else numbers


def by_block(rows: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Yield each block with some of the rows, the positions of these in `rows`, and their rows in the block."""
    blocks, at = np.divmod(rows, BLOCK_ROWS)
    for block in np.flatnonzero(np.bincount(blocks[rows >= 0])).tolist():
        here = np.flatnonzero(blocks == block)
        yield block, here, at[here]
