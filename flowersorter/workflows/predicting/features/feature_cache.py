"""The features of a collection's photos in memory, a byte each, kept in step with the cache of embeddings on disk."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.cache.hash_index import hash_rows
from flowersorter.library.cache.score_file import read_scores, stored_photos, write_scores
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import PhotoTable
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.out_of_distribution import OodDetector
from flowersorter.vision.classifier.predict import ScoredBy, Scores, score
from flowersorter.vision.features.mapped_memory import MappedMemory
from flowersorter.vision.features.packed import Features, join
from flowersorter.vision.features.pca import Coordinates
from flowersorter.vision.parallel import ThreadPool, row_blocks
from flowersorter.workflows.predicting.features.kept_features import (
    BLOCK_ROWS,
    COORDINATES,
    NONE,
    SCORES,
    FeaturePart,
    KeptFeatures,
    by_block,
)
from flowersorter.workflows.predicting.features.known_scores import (
    MOST_CLASSES,
    KnownScores,
    are_final,
    scoring_key,
)
from flowersorter.workflows.predicting.features.stored_features import stored_features
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache

#: Rows that are read and packed at a time.
_READ_ROWS = 1024
#: Fewer photos than this are read from the disk at every request, so that a scan, which requests a few new photos at a
#: time, keeps none of them in memory. A refit requests a small folder seven times.
_WORTH_KEEPING = 128
#: From so many photos on, scores are stored, and read from their file.
_WORTH_STORING = 1024
#: A file is not read for a small part of its photos: at most so many times as many as are wanted.
_MOST_UNUSED = 8
#: From so many photos on, their pages are given back after each use.
_MANY = 4 * BLOCK_ROWS


class FeatureTable:
    """Packed features by photo, averaged over the cached views; usable from every thread.

    Photos are read from the store when they are first requested, and again after another view of them was stored.

    Args:
        photos: Maps a photo to its hash.
        store: Has the embeddings.
        memory: For the features of many photos.
        score_file: Has the scores of the last folder that was predicted, and gets those of the next one.
        resemblances: Computes the ImageNet probabilities of photos; None to leave them out.
    """

    def __init__(
        self,
        photos: PhotoTable,
        store: EmbeddingStore,
        memory: MappedMemory,
        score_file: Path,
        resemblances: ImageNetPriorCache | None = None,
    ) -> None:
        self._photos, self._store, self._resemblances = photos, store, resemblances
        self._memory, self._score_file = memory, score_file
        self._lock = threading.Lock()
        self._cursor = store.cursor()
        self._kept = KeptFeatures(self._memory)
        self._known_scores: tuple[ScoredBy, KnownScores] | None = None
        self._hash_changes = 0  # so many changes of hashes are followed

    @classmethod
    def of(cls, collection: CollectionStore, backbone: str) -> FeatureTable:
        """An empty table of a collection; `Engine.features` keeps one for each backbone.

        Raises:
            UserError: the cache on disk cannot be opened.
        """
        store = collection.embeddings(backbone)
        # A collection that is only read stays as it is, files without a name included.
        folder = Path(tempfile.gettempdir()) if collection.read_only else collection.folder / "embeddings"
        resemblances = ImageNetPriorCache.of(collection, backbone)
        return cls(collection.photos, store, MappedMemory(folder), collection.score_file(backbone), resemblances)

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
            positions = np.flatnonzero(rows != NONE)
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

    def of_photos(self, photo_ids: NDArray[np.int64]) -> tuple[Features, NDArray[np.intp]] | None:
        """Features by photo, a copy.

        A photo can have a stored score though its embedding is damaged: it has no features until it is embedded again.

        Args:
            photo_ids: (N,) no two alike.

        Returns:
            Features of M photos, and (M,) ascending positions in `photo_ids` of those that are embedded; None for none.
        """
        parts = list(self.parts(photo_ids))
        if not parts:
            return None
        positions = np.concatenate([positions for positions, _ in parts])
        order = np.argsort(positions)
        return join([features for _, features in parts]).take(order), positions[order]

    def parts_along(
        self, photo_ids: NDArray[np.int64], ood_detector: OodDetector
    ) -> Iterator[tuple[NDArray[np.intp], Features, Coordinates]]:
        """As `parts`, with the coordinates of the photos along the axes of a model.

        They are cached until those of other axes are requested: after most corrections a model keeps its axes.
        """
        for part in self._parts(photo_ids):
            yield part.positions, part.features, self._along(part, ood_detector)

    def scored(self, photo_ids: NDArray[np.int64], model: Model) -> Iterator[tuple[NDArray[np.intp], Scores]]:
        """Yield the scores of a model, some thousand photos at a time.

        They are kept until those of another model are requested. Those that `store_scores` wrote are read instead of
        features.

        Args:
            photo_ids: (N,) no two alike.
            model: The model.

        Yields:
            (M,) positions in `photo_ids` of photos that are embedded, or have a stored score, which may be there though
            the embedding is damaged; and their scores. Each photo once.
        """
        known = self._kept_scores(model)
        if known is None and self._worth_reading(photo_ids):
            known = self._read_scores(model)
        located = self._locate(known, photo_ids)
        if known is not None:
            positions = np.flatnonzero(located >= 0)
            for block in row_blocks(len(positions), BLOCK_ROWS):
                yield positions[block], known.scores(located[positions[block]])
        others = np.flatnonzero(located < 0)
        for positions, scores, _ in self._scored_by_features(photo_ids[others], model):
            yield others[positions], scores

    def store_scores(self, photo_ids: NDArray[np.int64], model: Model) -> None:
        """Store the scores of many photos, so that the collection shows them as soon as it is opened again.

        Scores by the same model that are stored stay. Does nothing for few photos, very many classes, and in a
        collection that is only read; a disk that refuses is ignored.

        Args:
            photo_ids: (N,) ascending, no two alike.
            model: The model, stored itself.
        """
        key = scoring_key(model, self._resemblances)
        if len(photo_ids) < _WORTH_STORING or self._store.read_only or key is None:
            return
        cursor, changes = self._store.cursor(), self._follow_hashes()
        known = self._kept_scores(model) or self._read_scores(model)
        new = photo_ids[self._locate(known, photo_ids) < 0]
        ids, hashes = self._photos.hashes(new)
        numbers = np.empty((len(ids), len(model.class_names) + 1), np.float32)
        final = np.zeros(len(ids), np.bool_)
        for positions, scores, there in self._scored_by_features(ids, model):
            numbers[positions, :-1], numbers[positions, -1], final[positions] = scores.logits, scores.ood_score, there
        if not final.any():
            return
        # A hash that changed since may be another one than that of the features: the next scan stores the scores.
        if self._photos.hash_changes.since(changes)[0] != changes:
            return
        known = known or KnownScores.none(numbers.shape[1])
        with self._lock:
            self._take_in_news()
            known = known.with_added(ids[final], hash_rows(hashes)[final], numbers[final])
            unchanged = (cursor, changes) == (self._cursor, self._hash_changes)
            if unchanged:
                self._known_scores = ScoredBy(model), known
                self._kept.forget_computed(SCORES)
        # Photos that were embedded since the beginning are scored again when the file is read: see `cursor.row`.
        if (digest := self._store.digest(cursor)) is not None:
            with contextlib.suppress(OSError):
                write_scores(self._score_file, known.to_store(key, digest, cursor.row))

    def load_scores(self, model: Model) -> None:
        """Read the stored scores of a model, of a large folder of which some photos are asked for first."""
        if self._kept_scores(model) is None:
            self._read_scores(model)

    def _kept_scores(self, model: Model) -> KnownScores | None:
        """Return the scores of a model that are in memory since they were read or stored."""
        with self._lock:
            self._take_in_news()
            kept = self._known_scores
        return kept[1] if kept is not None and kept[0] == ScoredBy(model) else None

    def _worth_reading(self, photo_ids: NDArray[np.int64]) -> bool:
        """Whether the file of scores is not too large for so few photos."""
        return len(photo_ids) >= _WORTH_STORING and stored_photos(self._score_file) <= _MOST_UNUSED * len(photo_ids)

    def _read_scores(self, model: Model) -> KnownScores | None:
        """Read the stored scores of a model, however many; None without any."""
        key = scoring_key(model, self._resemblances)
        stored = None if key is None else read_scores(self._score_file, key)
        if stored is None:
            return None
        known = KnownScores.of(stored)
        with self._lock:
            self._take_in_news()
            then = self._store.cursor_at(stored.rows, stored.embeddings)
            news = None if then is None else self._store.since(then)
            if news is None:
                return None
            known.forget(news[1])
            self._known_scores = ScoredBy(model), known
            return known

    def _locate(self, known: KnownScores | None, photo_ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """(N,) the row of each photo among known scores, -1 for one whose present hash has none."""
        if known is None:
            return np.full(len(photo_ids), NONE, np.intp)
        changes = self._follow_hashes()
        with self._lock:
            new = np.sort(known.to_compare(photo_ids))
        same = self._photos.have_hashes(new, known.hashes_of(new))
        with self._lock:
            if changes == self._hash_changes:  # else these may be former hashes, and count at the next call
                known.compare(new, same)
            return known.locate(photo_ids)

    def _follow_hashes(self) -> int:
        """Forget what was found for the former hash of photos; return how many changes of hashes are followed."""
        with self._lock:
            followed = self._hash_changes
        # Not while others wait: the database has a lock of its own.
        number, photo_ids = self._photos.hash_changes.since(followed)
        with self._lock:
            if number > self._hash_changes:
                self._hash_changes = number
                self._kept.forget_photos(photo_ids)
                if self._known_scores is not None:
                    self._known_scores[1].compare_again(photo_ids)
            return self._hash_changes

    def _scored_by_features(
        self, photo_ids: NDArray[np.int64], model: Model
    ) -> Iterator[tuple[NDArray[np.intp], Scores, NDArray[np.bool_]]]:
        """As `scored`, from features and coordinates; with (M,) whether they are `are_final`."""
        kind, by = SCORES if len(model.class_names) <= MOST_CLASSES else None, ScoredBy(model)
        for part in self._parts(photo_ids):

            def compute(part: FeaturePart = part) -> tuple[NDArray[np.float32], ...]:
                scores = score(model, part.features, self._along(part, model.ood_detector))
                return scores.logits, scores.ood_score

            yield part.positions, Scores(*self._computed(part, kind, by, compute)), are_final(model, part.features)

    def _along(self, part: FeaturePart, ood_detector: OodDetector) -> Coordinates:
        def compute() -> tuple[NDArray[np.float32], ...]:
            coordinates = ood_detector.axes.project(part.features)
            return coordinates.projection, coordinates.residual

        return Coordinates(*self._computed(part, COORDINATES, ood_detector.key, compute))

    def _computed(
        self, part: FeaturePart, kind: str | None, key: object, compute: Callable[[], tuple[NDArray[np.float32], ...]]
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

    def _parts(self, photo_ids: NDArray[np.int64]) -> Iterator[FeaturePart]:
        self._follow_hashes()
        with self._lock:
            self._take_in_news()
            kept, changes = self._kept, self._hash_changes
            rows = kept.rows_of_photos(photo_ids)
        few: Features | None = None
        lacking = np.flatnonzero(rows == NONE)
        if len(lacking):
            # Not while others wait: the database has a lock of its own.
            known, hashes = self._photos.hashes(photo_ids[lacking])
            with self._lock:
                kept = self._kept
                found, few = self._find(hashes)
                if changes == self._hash_changes:  # else these may be former hashes
                    kept.remember_photos(known, found)
            order = lacking[np.argsort(photo_ids[lacking])]
            rows[order[np.isin(photo_ids[order], known)]] = found
        for block, positions, at in by_block(rows):
            order = np.argsort(at)  # in the order of the rows: then most of them are adjacent
            with self._lock:
                part = FeaturePart(
                    positions[order], kept.view_of(block, at[order]), kept, block, at[order], kept.edition
                )
            yield part
            if len(photo_ids) >= _MANY:
                with self._lock:
                    kept.let_go(block)
        if few is not None and len(positions := np.flatnonzero(rows < NONE)):
            yield FeaturePart(positions, few.take(-2 - rows[positions]), kept)

    def _take_in_news(self) -> None:
        """Drop photos with a new view, to be read again, or all of them if the store was emptied."""
        news = self._store.since(self._cursor)
        if news is None:
            self._cursor, self._kept = self._store.cursor(), KeptFeatures(self._memory)
            self._known_scores = None
            return
        self._cursor, hashes = news
        if self._known_scores is not None:
            self._known_scores[1].forget(hashes)
        distinct = list(dict.fromkeys(hashes))
        self._keep(list(itertools.compress(distinct, (self._kept.row_of.find(distinct) != NONE).tolist())))

    def _find(self, hashes: Sequence[bytes]) -> tuple[NDArray[np.intp], Features | None]:
        """Return the cached row of each photo or, from -2 downwards, its row among a few others; else `NONE`."""
        rows = self._kept.row_of.find(hashes)
        lacking = np.flatnonzero(rows == NONE)
        asked = [hashes[position] for position in lacking.tolist()]
        wanted = list(dict.fromkeys(asked))
        if len(wanted) >= _WORTH_KEEPING:
            self._keep(wanted)
            rows[lacking] = self._kept.row_of.find(asked)
            return rows, None
        if not wanted:
            return rows, None
        few, found = stored_features(self._store, wanted, self._resemblances)
        row_of = {wanted[position]: -2 - row for row, position in enumerate(found.tolist())}
        rows[lacking] = [row_of.get(sha256, NONE) for sha256 in asked]
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
        kept.let_go()
