"""The features of a collection's photos in memory, a byte each, kept in step with the cache of embeddings on disk."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import PhotoTable
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.out_of_distribution import OodDetector
from flowersorter.vision.classifier.predict import ScoredBy, Scores, score
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.vision.features.packed import Features, join, pack
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.vision.parallel import ThreadPool, row_blocks
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache

#: Rows of a block: 33 MB with ResNet-50.
_BLOCK_ROWS = 16384
#: Rows that are read and packed at a time.
_READ_ROWS = 1024
#: From this many adjacent rows on, a view is returned; fewer are copied.
_WORTH_LENDING = 512
#: Fewer photos than this are read from the disk at every request, so that a scan, which requests a few new photos at a
#: time, keeps none of them in memory. A refit requests a small folder seven times.
_WORTH_KEEPING = 128
#: Scores of at most this many classes are kept: they take an eighth of the memory of the coordinates.
_MOST_CLASSES = 48
_COORDINATES, _SCORES = "coordinates", "scores"
_NONE = -1


class FeatureTable:
    """Packed features by photo, averaged over the cached views; usable from every thread.

    Photos are read from the store when they are first requested, and again after another view of them was stored.

    Args:
        photos: Maps a photo to its hash.
        store: Has the embeddings.
        resemblances: Computes the ImageNet probabilities of photos; None to leave them out.
    """

    def __init__(
        self, photos: PhotoTable, store: EmbeddingStore, resemblances: ImageNetPriorCache | None = None
    ) -> None:
        self._photos, self._store, self._resemblances = photos, store, resemblances
        self._lock = threading.Lock()
        self._cursor = store.cursor()
        self._kept = _Kept()

    @classmethod
    def of(cls, collection: CollectionStore, backbone: str) -> FeatureTable:
        """An empty table of a collection; `Engine.features` keeps one for each backbone.

        Raises:
            UserError: the cache on disk cannot be opened.
        """
        store = collection.embeddings(backbone)
        return cls(collection.photos, store, ImageNetPriorCache.of(collection, backbone))

    def get(self, hashes: Sequence[bytes]) -> tuple[Features, NDArray[np.intp]]:
        """Features by hash.

        Args:
            hashes: SHA-256 of N photos.

        Returns:
            Features of M photos, a copy, and (M,) ascending positions in `hashes` of those that are embedded.
        """
        with self._lock:
            self._take_in_news()
            rows, few = self._find(hashes)
            positions = np.flatnonzero(rows != _NONE)
            return self._kept.take(rows[positions], few), positions

    def read_ahead(self, hashes: Sequence[bytes]) -> None:
        """Read the features of many photos in all threads; does nothing for few.

        Later requests find them in memory, and their rows in the store are checked by then.
        """
        if len(hashes) >= _WORTH_KEEPING:
            with self._lock:
                self._take_in_news()
                self._find(hashes)

    def parts(self, photo_ids: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.intp], Features]]:
        """Yield features by photo, some thousand at a time; they must not be changed.

        Args:
            photo_ids: (N,) no two alike.

        Yields:
            (M,) positions in `photo_ids` of photos that are embedded, and their features; each photo once.
        """
        for part in self._parts(photo_ids):
            yield part.positions, part.features

    def of_photos(self, photo_ids: NDArray[np.int64]) -> Features:
        """Features of (N,) photos that are embedded, in their order, a copy; N at least 1."""
        parts = list(self.parts(photo_ids))
        order = np.argsort(np.concatenate([positions for positions, _ in parts]))
        return join([features for _, features in parts]).take(order)

    def parts_along(
        self, photo_ids: NDArray[np.int64], ood_detector: OodDetector
    ) -> Iterator[tuple[NDArray[np.intp], Features, Coordinates]]:
        """As `parts`, with the coordinates of the photos along the axes of a model.

        They are cached until those of other axes are requested: after most corrections a model keeps its axes.
        """
        for part in self._parts(photo_ids):
            yield part.positions, part.features, self._along(part, ood_detector)

    def scored(
        self, photo_ids: NDArray[np.int64], model: Model
    ) -> Iterator[tuple[NDArray[np.intp], Features, Coordinates, Scores]]:
        """As `parts_along`, with the scores of a model, which are cached until those of another one are requested."""
        kind, by = _SCORES if len(model.class_names) <= _MOST_CLASSES else None, ScoredBy(model)
        for part in self._parts(photo_ids):
            coordinates = self._along(part, model.ood_detector)

            def compute(part: _Part = part, coordinates: Coordinates = coordinates) -> tuple[NDArray[np.float32], ...]:
                scores = score(model, part.features, coordinates)
                return scores.logits, scores.ood_score

            yield part.positions, part.features, coordinates, Scores(*self._computed(part, kind, by, compute))

    def _along(self, part: _Part, ood_detector: OodDetector) -> Coordinates:
        def compute() -> tuple[NDArray[np.float32], ...]:
            coordinates = ood_detector.axes.project(part.features)
            return coordinates.projection, coordinates.residual

        return Coordinates(*self._computed(part, _COORDINATES, ood_detector.key, compute))

    def _computed(
        self, part: _Part, kind: str | None, key: object, compute: Callable[[], tuple[NDArray[np.float32], ...]]
    ) -> tuple[NDArray[np.float32], ...]:
        """Return the cached values of a part for this key, or compute them; None if they cannot be cached."""
        if kind is None:
            return compute()
        with self._lock:
            found = part.kept.computed(part, kind, key)
        if found is None:
            found = compute()
            with self._lock:
                part.kept.keep_computed(part, kind, key, found)
        return found

    def _parts(self, photo_ids: NDArray[np.int64]) -> Iterator[_Part]:
        with self._lock:
            self._take_in_news()
            kept = self._kept
            rows = kept.rows_of_photos(photo_ids)
        few: Features | None = None
        lacking = np.flatnonzero(rows == _NONE)
        if len(lacking):
            # Not while others wait: the database has a lock of its own.
            known, hashes = self._photos.hashes(photo_ids[lacking])
            with self._lock:
                kept = self._kept
                found, few = self._find(hashes)
                kept.remember_photos(known, found)
            order = lacking[np.argsort(photo_ids[lacking])]
            rows[order[np.isin(photo_ids[order], known)]] = found
        for block, positions, at in _by_block(rows):
            order = np.argsort(at)  # in the order of the rows: then most of them are adjacent
            with self._lock:
                part = _Part(positions[order], kept.view_of(block, at[order]), kept, block, at[order], kept.edition)
            yield part
        if few is not None and len(positions := np.flatnonzero(rows < _NONE)):
            yield _Part(positions, few.take(-2 - rows[positions]), kept)

    def _take_in_news(self) -> None:
        """Drop photos with a new view, to be read again, or all of them if the store was emptied."""
        news = self._store.since(self._cursor)
        if news is None:
            self._cursor, self._kept = self._store.cursor(), _Kept()
            return
        self._cursor, hashes = news
        self._keep([sha256 for sha256 in dict.fromkeys(hashes) if sha256 in self._kept.row_of])

    def _find(self, hashes: Sequence[bytes]) -> tuple[NDArray[np.intp], Features | None]:
        """Return the cached row of each photo or, from -2 downwards, its row among a few others; else `_NONE`."""
        row_of = self._kept.row_of
        rows = np.fromiter(map(row_of.get, hashes, itertools.repeat(_NONE)), np.intp, len(hashes))
        lacking = np.flatnonzero(rows == _NONE).tolist()
        wanted = list(dict.fromkeys(hashes[position] for position in lacking))
        few = None
        if len(wanted) >= _WORTH_KEEPING:
            self._keep(wanted)
        elif wanted:
            few, found = stored_features(self._store, wanted, self._resemblances)
            row_of = {wanted[position]: -2 - row for row, position in enumerate(found.tolist())}
        rows[lacking] = [row_of.get(hashes[position], _NONE) for position in lacking]
        return rows, few

    def _keep(self, hashes: Sequence[bytes]) -> None:
        kept, putting = self._kept, threading.Lock()

        def read(rows: slice) -> None:
            block = hashes[rows]
            features, positions = stored_features(self._store, block, self._resemblances)
            with putting:
                kept.put([block[position] for position in positions.tolist()], features)

        with ThreadPool() as pool:
            pool.map(read, row_blocks(len(hashes), _READ_ROWS))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
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
    kept: _Kept
    block: int = _NONE
    at: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    edition: int = _NONE


@dataclass(frozen=True, slots=True, eq=False)
class _Computed:
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
class _Kept:
    """The cached rows, in blocks: growing needs no second copy of a collection's features.

    Attributes:
        row_of: Row by hash.
    """

    row_of: dict[bytes, int] = field(default_factory=dict)
    _computed: dict[tuple[str, int], _Computed] = field(default_factory=dict)  # by kind and block
    _row_of_photo: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    _levels: list[NDArray[np.uint8]] = field(default_factory=list)
    _scales: list[NDArray[np.float32]] = field(default_factory=list)
    _lent: list[bool] = field(default_factory=list)  # whether a view of the rows of a block may be in use
    _kinds: list[ImageNetPrior] = field(default_factory=list)
    edition: int = 0  # incremented each time rows are put

    def put(self, hashes: Sequence[bytes], features: Features) -> None:
        """Add rows, or replace them."""
        first_new = len(self.row_of)
        rows = np.array([self.row_of.setdefault(sha256, len(self.row_of)) for sha256 in hashes], np.intp)
        while len(self._levels) * _BLOCK_ROWS < len(self.row_of):
            self._levels.append(np.empty((_BLOCK_ROWS, features.width), np.uint8))
            self._scales.append(np.empty(_BLOCK_ROWS, np.float32))
            self._lent.append(False)
            self._kinds.append(ImageNetPrior.unknown(_BLOCK_ROWS))
        for block in np.flatnonzero(np.bincount(rows[rows < first_new] // _BLOCK_ROWS)).tolist():
            if self._lent[block]:
                self._levels[block], self._scales[block] = self._levels[block].copy(), self._scales[block].copy()
                self._lent[block] = False
        self.edition += 1
        for block, here, at in _by_block(rows):
            self._levels[block][at] = features.quantised[here]
            self._scales[block][at] = features.scale[here]
            if features.imagenet_prior is not None:
                new = features.imagenet_prior.take(here)
                self._kinds[block].imagenet_ids[at], self._kinds[block].probabilities[at] = (
                    new.imagenet_ids,
                    new.probabilities,
                )
            for kind in (_COORDINATES, _SCORES):
                if (kind, block) in self._computed:
                    self._computed[kind, block].there[at] = False

    def take(self, rows: NDArray[np.intp], few: Features | None) -> Features:
        """Copy rows; those from -2 downwards are the first, second and so on of `few`."""
        source = few.quantised if few is not None else self._levels[0] if self._levels else np.empty((0, 0), np.uint8)
        kinds = ImageNetPrior.unknown(len(rows))
        taken = Features(np.empty((len(rows), source.shape[1]), np.uint8), np.empty(len(rows), np.float32), kinds)
        for block, here, at in _by_block(rows):
            if here[-1] - here[0] == len(here) - 1:  # one copy instead of two
                part = slice(here[0], here[-1] + 1)
                self._levels[block].take(at, axis=0, out=taken.quantised[part], mode="clip")
            else:
                taken.quantised[here] = self._levels[block][at]
            taken.scale[here] = self._scales[block][at]
            kinds.imagenet_ids[here], kinds.probabilities[here] = (
                self._kinds[block].imagenet_ids[at],
                self._kinds[block].probabilities[at],
            )
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
        if len(at) < _WORTH_LENDING or at[-1] - at[0] != len(at) - 1:
            return Features(self._levels[block][at], self._scales[block][at], self._kinds[block].take(at))
        self._lent[block] = True
        side_by_side = slice(int(at[0]), int(at[-1]) + 1)
        kinds = self._kinds[block].take(at)  # a copy: it is small
        return Features(self._levels[block][side_by_side], self._scales[block][side_by_side], kinds)

    def computed(self, part: _Part, kind: str, key: object) -> tuple[NDArray[np.float32], ...] | None:
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

    def keep_computed(self, part: _Part, kind: str, key: object, values: tuple[NDArray[np.float32], ...]) -> None:
        """Cache the values of a part, unless rows were put since, and drop those of another key."""
        if part.edition != self.edition or len(part.at) < _WORTH_LENDING:
            return
        known = self._computed.get((kind, part.block))
        if known is None or known.key != key:
            empty = tuple(np.empty((_BLOCK_ROWS, *each.shape[1:]), each.dtype) for each in values)
            known = self._computed[kind, part.block] = _Computed(key, empty, np.zeros(_BLOCK_ROWS, np.bool_))
        for kept, each in zip(known.values, values, strict=True):
            kept[part.at] = each
        known.there[part.at] = True

    def rows_of_photos(self, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return (N,) the row of each photo that `remember_photos` added, else `_NONE`."""
        rows = np.full(len(photo_ids), _NONE, np.intp)
        known = photo_ids < len(self._row_of_photo)
        rows[known] = self._row_of_photo[photo_ids[known]]
        return rows

    def remember_photos(self, photo_ids: NDArray[np.int64], rows: NDArray[np.intp]) -> None:
        """Store the rows of photos, as far as they are cached: ids are never used twice."""
        if not len(photo_ids):
            return
        there = len(self._row_of_photo)
        if photo_ids.max() >= there:
            larger = np.full(int(photo_ids.max()) * 5 // 4 + 1, _NONE, np.int32)
            larger[:there] = self._row_of_photo
            self._row_of_photo = larger
        self._row_of_photo[photo_ids] = np.maximum(rows, _NONE)


def _by_block(rows: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Yield each block with some of the rows, the positions of these in `rows`, and their rows in the block."""
    blocks, at = np.divmod(rows, _BLOCK_ROWS)
    for block in np.flatnonzero(np.bincount(blocks[rows >= 0])).tolist():
        here = np.flatnonzero(blocks == block)
        yield block, here, at[here]


def stored_features(
    store: EmbeddingStore, hashes: Sequence[bytes], resemblances: ImageNetPriorCache | None = None
) -> tuple[Features, NDArray[np.intp]]:
    """Read features from the disk: of the mean of `CENTRE` and `WIDE` if both are cached, else of `CENTRE`.

    Returns:
        Features of M photos and (M,) ascending positions in `hashes` of those that have `CENTRE`.
    """
    centre, positions = store.get(hashes, CENTRE)
    there = [hashes[position] for position in positions.tolist()]
    kinds = None if resemblances is None else resemblances.get(there)
    wide, again = store.get(there, WIDE)
    features = Features(np.empty(centre.shape, np.uint8), np.empty(len(centre), np.float32), kinds)
    alone = np.delete(np.arange(len(centre)), again)
    for rows, packed in ((alone, pack(centre[alone])), (again, pack(centre[again], wide))):
        features.quantised[rows], features.scale[rows] = packed.quantised, packed.scale
    return features, positions
