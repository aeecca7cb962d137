"""Features in memory: always what the cache on disk says, read once, and only kept where that pays."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.library.cache.append_only_rows import AppendOnlyRows
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.photos import ReadRecord
from flowersorter.vision.classifier.calibration import CAUTIOUS, Thresholds
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.out_of_distribution import OodDetector
from flowersorter.vision.classifier.predict import Scores, score
from flowersorter.vision.features.imagenet_prior import ImageNetPrior
from flowersorter.vision.features.mapped_memory import MappedMemory
from flowersorter.vision.features.packed import Features, pack
from flowersorter.vision.features.pca import PCA, Coordinates
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.features import feature_cache as module
from flowersorter.workflows.predicting.features import kept_features
from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
from tests.unit.library.conftest import sha256_of

BACKBONE = "resnet18"
WIDTH = 8
BLOCK, READ, WORTH_KEEPING, WORTH_LENDING = 16, 7, 10, 5


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred photos fill many blocks."""
    monkeypatch.setattr(module, "BLOCK_ROWS", BLOCK)
    monkeypatch.setattr(kept_features, "BLOCK_ROWS", BLOCK)
    monkeypatch.setattr(module, "_READ_ROWS", READ)
    monkeypatch.setattr(module, "_WORTH_KEEPING", WORTH_KEEPING)
    monkeypatch.setattr(kept_features, "WORTH_LENDING", WORTH_LENDING)


@pytest.fixture
def store(collection: CollectionStore) -> EmbeddingStore:
    return collection.embeddings(BACKBONE)


@pytest.fixture
def table(engine: Engine, store: EmbeddingStore) -> FeatureTable:
    return engine.features(BACKBONE)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """How many photos were read from the disk in which view, call by call."""
    calls: list[tuple[int, str]] = []
    real = EmbeddingStore.get

    def get(store: EmbeddingStore, hashes: Sequence[bytes], view: str) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
        calls.append((len(hashes), view))
        return real(store, hashes, view)

    monkeypatch.setattr(EmbeddingStore, "get", get)
    return calls


def embeddings_of(numbers: Sequence[int], view: str = CENTRE) -> NDArray[np.float16]:
    rows = [np.random.default_rng([number, len(view)]).gamma(0.5, 1, WIDTH) for number in numbers]
    return np.array(rows, np.float16).reshape(-1, WIDTH)


def hashes_of(numbers: Sequence[int]) -> list[bytes]:
    return [sha256_of(number) for number in numbers]


def append(store: EmbeddingStore, numbers: Sequence[int], view: str = CENTRE) -> None:
    store.append(hashes_of(numbers), view, embeddings_of(numbers, view))


def test_what_was_read_ahead_is_neither_read_nor_checked_again(
    collection: CollectionStore, store: EmbeddingStore, reads: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store, range(40))
    collection.close()
    with Engine(CollectionStore.open(collection.folder)) as engine:
        table = engine.features(BACKBONE)
        table.read_ahead(hashes_of(range(50)))
        read = [count for count, view in reads if view == CENTRE]
        monkeypatch.setattr(AppendOnlyRows, "rows", lambda *_: pytest.fail("a row was read again"))
        assert sum(read) == 50
        assert engine.collection.embeddings(BACKBONE).missing(hashes_of(range(50)), CENTRE) == hashes_of(range(40, 50))
        features, positions = table.get(hashes_of(range(40)))
    assert len(features) == len(positions) == 40


def known(collection: CollectionStore, numbers: Sequence[int]) -> NDArray[np.int64]:
    """Make photos the library knows; their ids."""
    folder = Path("/photos")
    places = collection.photos.sync_folder(folder, [(folder / f"{number}.jpg", 1, 1) for number in numbers])
    reads = [
        ReadRecord(place.id, sha256_of(number), 1, 1, 9, 9, None, None)
        for place, number in zip(places, numbers, strict=True)
    ]
    return np.array(collection.photos.record(reads), np.int64)


def assert_same(features: Features, embeddings: NDArray[np.float16] | NDArray[np.float32]) -> None:
    expected = pack(embeddings)
    np.testing.assert_array_equal(features.quantised, expected.quantised)
    np.testing.assert_array_equal(features.scale, expected.scale)


def all_of(parts: Iterator[tuple[NDArray[np.intp], Features]]) -> tuple[list[int], NDArray[np.uint8]]:
    """Positions, ascending, and the levels there."""
    found = [(np.empty(0, np.intp), Features(np.empty((0, WIDTH), np.uint8), np.empty(0, np.float32))), *parts]
    assert all(len(positions) == len(features) <= BLOCK for positions, features in found)
    positions = np.concatenate([each for each, _ in found])
    levels = np.concatenate([features.quantised for _, features in found])
    assert len(set(positions.tolist())) == len(positions)
    order = np.argsort(positions)
    return positions[order].tolist(), levels[order]


@pytest.mark.parametrize("count", [0, 1, WORTH_KEEPING - 1, WORTH_KEEPING, BLOCK, BLOCK + 1, 3 * BLOCK, 200])
def test_features_come_in_the_order_asked_for(store: EmbeddingStore, table: FeatureTable, count: int) -> None:
    numbers = list(range(count))
    append(store, numbers)
    mixed = [*np.random.default_rng(0).permutation(numbers).tolist(), 1000, *numbers[:3]]
    for _ in range(2):
        features, positions = table.get(hashes_of(mixed))
        assert positions.tolist() == [at for at, number in enumerate(mixed) if number != 1000]
        if count:
            assert_same(features, embeddings_of([number for number in mixed if number != 1000]))


def test_an_empty_cache_has_no_features(collection: CollectionStore, table: FeatureTable) -> None:
    features, positions = table.get(hashes_of([1, 2]))
    assert (len(features), len(positions)) == (0, 0)
    assert list(table.parts(known(collection, [1, 2]))) == []
    assert list(table.parts(np.empty(0, np.int64))) == []


def test_the_mirror_image_counts_as_soon_as_it_is_there(store: EmbeddingStore, table: FeatureTable) -> None:
    numbers = list(range(40))
    append(store, numbers)
    append(store, numbers[:7], WIDE)
    means = embeddings_of(numbers).astype(np.float32)
    means[:7] = (means[:7] + embeddings_of(numbers[:7], WIDE)) / 2
    assert_same(table.get(hashes_of(numbers))[0].take(slice(0, 7)), means[:7])
    assert_same(table.get(hashes_of(numbers))[0].take(slice(7, 40)), embeddings_of(numbers[7:]))
    append(store, numbers[30:35], WIDE)
    means[30:35] = (means[30:35] + embeddings_of(numbers[30:35], WIDE)) / 2
    assert_same(table.get(hashes_of(numbers))[0].take(slice(30, 35)), means[30:35])


def test_a_mirror_image_alone_is_not_enough(store: EmbeddingStore, table: FeatureTable) -> None:
    append(store, [1], WIDE)
    assert len(table.get(hashes_of([1]))[1]) == 0
    append(store, [1])
    assert len(table.get(hashes_of([1]))[1]) == 1


def test_many_photos_are_read_once(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable, reads: list[tuple[int, str]]
) -> None:
    numbers = list(range(100))
    ids = known(collection, numbers)
    append(store, numbers)
    everything = [all_of(table.parts(ids)) for _ in range(3)]
    features, _ = table.get(hashes_of(numbers))
    assert sum(count for count, view in reads if view == CENTRE) == 100
    assert all(positions == list(range(100)) for positions, _ in everything)
    assert all(np.array_equal(levels, features.quantised) for _, levels in everything)
    append(store, [3, 5], WIDE)
    reads.clear()
    table.get(hashes_of(numbers))
    assert reads == [(2, CENTRE), (2, WIDE)]
    assert (all_of(table.parts(ids))[1] != features.quantised).any(axis=1).nonzero()[0].tolist() == [3, 5]


def test_a_few_photos_at_a_time_are_not_kept(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable, reads: list[tuple[int, str]]
) -> None:
    """As labelling asks for them: it must not take memory for every photo."""
    numbers = list(range(100))
    ids = known(collection, numbers)
    append(store, numbers)
    for start in range(0, 100, WORTH_KEEPING - 1):
        block = slice(start, start + WORTH_KEEPING - 1)
        for _ in range(2):
            positions, levels = all_of(table.parts(ids[block]))
            assert positions == list(range(len(ids[block])))
            assert np.array_equal(levels, pack(embeddings_of(numbers[block])).quantised)
    assert sum(count for count, view in reads if view == CENTRE) == 200


def test_kept_photos_and_a_few_others_come_together(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable, reads: list[tuple[int, str]]
) -> None:
    ids = known(collection, range(53))
    append(store, range(50))
    all_of(table.parts(ids[:46]))
    for _ in range(2):
        reads.clear()
        shuffled = np.random.default_rng(1).permutation(53)
        positions, levels = all_of(table.parts(ids[shuffled]))
        embedded = [int(number) for number in shuffled if number < 50]
        assert [int(shuffled[at]) for at in positions] == embedded
        assert np.array_equal(levels, pack(embeddings_of(embedded)).quantised)
        assert reads[0] == (7, CENTRE)  # four are not kept, three are not embedded


def test_photos_the_library_does_not_know_are_left_out(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable
) -> None:
    ids = known(collection, range(12))
    append(store, range(12))
    asked = np.concatenate([ids, [10_000, 20_000]])
    for _ in range(2):
        assert all_of(table.parts(asked))[0] == list(range(12))


def test_a_damaged_row_is_no_feature_until_it_is_made_again(collection: CollectionStore, tmp_path: Path) -> None:
    append(collection.embeddings(BACKBONE), range(30))
    collection.close()
    rows = tmp_path / "collection" / "embeddings" / f"{BACKBONE}.rows"
    content = bytearray(rows.read_bytes())
    content[-1] ^= 1
    rows.write_bytes(content)
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        table = engine.features(BACKBONE)
        assert table.get(hashes_of(range(30)))[1].tolist() == list(range(29))
        append(engine.collection.embeddings(BACKBONE), [29])
        features, positions = table.get(hashes_of(range(30)))
        assert positions.tolist() == list(range(30))
        assert_same(features, embeddings_of(range(30)))


def test_an_emptied_cache_is_forgotten(collection: CollectionStore, store: EmbeddingStore, table: FeatureTable) -> None:
    ids = known(collection, range(20))
    append(store, range(20))
    assert len(all_of(table.parts(ids))[0]) == 20
    store.append(hashes_of(range(15)), CENTRE, np.ones((15, 3), np.float16))
    [(positions, features)] = table.parts(ids)
    assert sorted(positions.tolist()) == list(range(15))  # in the order in which the cores were done reading
    assert features.width == 3
    assert table.get(hashes_of(range(20)))[0].width == 3


def test_what_is_lent_stays_as_it_is(collection: CollectionStore, store: EmbeddingStore, table: FeatureTable) -> None:
    """A prediction may be under way while another view of a photo is embedded."""
    ids = known(collection, range(BLOCK))
    append(store, range(BLOCK))
    for look in range(3):
        [(positions, lent)] = table.parts(ids)
        before = lent.quantised.copy()
        append(store, [2 * look, 2 * look + 1], WIDE)
        [(_, now)] = table.parts(ids)
        changed = (lent.quantised != now.quantised).any(axis=1)
        assert sorted(positions[changed].tolist()) == [2 * look, 2 * look + 1]
        assert np.array_equal(lent.quantised, before)


def test_what_is_handed_out_is_a_copy(store: EmbeddingStore, table: FeatureTable) -> None:
    append(store, range(20))
    table.get(hashes_of(range(20)))[0].quantised[:] = 0
    assert_same(table.get(hashes_of(range(20)))[0], embeddings_of(range(20)))


def test_threads_may_ask_while_another_one_stores(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable
) -> None:
    ids = known(collection, range(120))
    expected = pack(embeddings_of(range(120))).quantised
    problems: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                positions, levels = all_of(table.parts(ids))
                assert np.array_equal(levels, expected[positions])
                features, found = table.get(hashes_of(range(120)))
                assert np.array_equal(features.quantised.reshape(-1, WIDTH), expected[found])
        except BaseException as error:  # noqa: BLE001 -- told to the main thread
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(0, 120, 5):
        append(store, range(start, start + 5))
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(all_of(table.parts(ids))[0]) == 120


def test_the_table_is_one_for_a_collection_and_goes_with_it(tmp_path: Path) -> None:
    with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
        table = engine.features(BACKBONE)
        assert engine.features(BACKBONE) is table
        assert engine.features("resnet50") is not table
        gone = weakref.ref(table)
        del table
    gc.collect()
    assert gone() is None, "a closed engine keeps no table"


def test_where_photos_lie_is_worked_out_once_for_the_axes_of_a_model(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_features, "WORTH_LENDING", 1)
    projected: list[int] = []
    project = PCA.project

    def counted(self: PCA, features: Features) -> Coordinates:
        projected.append(len(features))
        return project(self, features)

    monkeypatch.setattr(PCA, "project", counted)
    ids = known(collection, range(100))
    append(store, range(100))
    one, other = ood_detector(1), ood_detector(2)

    def places(along: OodDetector) -> NDArray[np.float32]:
        result = np.zeros((100, 3), np.float32)
        for positions, features, places in table.parts_along(ids, along):
            result[positions] = np.column_stack([places.projection[:, :2], places.residual])
            exact = project(along.axes, features)
            np.testing.assert_allclose(places.projection, exact.projection, atol=1e-5)
            np.testing.assert_allclose(places.residual, exact.residual, atol=1e-5)
        return result

    first = places(one)
    assert sum(projected) == 100
    assert np.array_equal(places(one), first)
    assert np.array_equal(places(ood_detector(1)), first), "the same axes, read again"
    assert sum(projected) == 100
    assert not np.allclose(places(other), first)
    assert sum(projected) == 200
    append(store, [3, 5], WIDE)
    changed = places(other)
    assert 202 <= sum(projected) < 400
    places(one)
    assert (np.abs(places(other) - changed) < 1e-6).all()


def test_scores_are_worked_out_once_for_a_model(
    collection: CollectionStore, store: EmbeddingStore, table: FeatureTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[int] = []

    def counted(model: Model, features: Features, coordinates: Coordinates) -> Scores:
        scored.append(len(features))
        return score(model, features, coordinates)

    monkeypatch.setattr(module, "score", counted)
    ids = known(collection, range(100))
    append(store, range(100))
    weight = np.random.default_rng(0).standard_normal((2, WIDTH)).astype(np.float32)
    model = Model(("a", "b"), BACKBONE, weight, np.zeros(2, np.float32), 1.0, CAUTIOUS, ood_detector(1))

    def logits(by: Model) -> NDArray[np.float32]:
        result = np.zeros((100, 2), np.float32)
        for positions, scores in table.scored(ids, by):
            result[positions] = scores.logits
            embedded = table.of_photos(ids[positions])
            assert embedded is not None
            exact = score(by, embedded[0])
            np.testing.assert_allclose(scores.logits, exact.logits, atol=1e-5)
            np.testing.assert_allclose(scores.ood_score, exact.ood_score, atol=1e-5)
        return result

    first, all_but_the_last_few = logits(model), 100 - 100 % BLOCK
    again = len(ids) - all_but_the_last_few  # fewer than are worth lending
    assert sum(scored) == 100
    stricter = replace(model, thresholds=Thresholds(sure=0.99, likely=0.8))
    assert np.array_equal(logits(stricter), first)
    assert sum(scored) == 100 + again
    assert not np.allclose(logits(replace(model, bias=np.ones(2, np.float32))), first)
    assert sum(scored) == 200 + again
    logits(model)
    append(store, [3, 5], WIDE)
    before = sum(scored)
    assert not np.array_equal(logits(model)[[3, 5]], first[[3, 5]]), "another view of them is there"
    assert before + 2 <= sum(scored) < before + 100


def ood_detector(seed: int) -> OodDetector:
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((WIDTH, 2)))
    return OodDetector.of_distance(np.full(WIDTH, 0.1, np.float32), axes.T.astype(np.float32), 0.5, classes=2)


def test_several_threads_copy_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_features, "_WORTH_THREADS", 1)
    draw = np.random.default_rng(2)
    count, known = 100, ImageNetPrior.unknown(100)
    known.imagenet_ids[:] = draw.integers(0, 1000, known.imagenet_ids.shape)
    known.probabilities[:] = draw.random(known.probabilities.shape)
    features = Features(draw.integers(0, 256, (count, 12)).astype(np.uint8), draw.random(count).astype("f4"), known)
    hashes = [draw.bytes(32) for _ in range(count)]
    kept = kept_features.KeptFeatures(MappedMemory(tmp_path))
    kept.put(hashes, features)
    again = draw.permutation(count)[:40]  # in any order: their rows do not lie side by side
    replaced = features.take(again[::-1])
    kept.put([hashes[at] for at in again.tolist()], replaced)
    right = features.take(np.arange(count))
    right.quantised[again], right.scale[again] = replaced.quantised, replaced.scale
    assert right.imagenet_prior is not None
    assert replaced.imagenet_prior is not None
    right.imagenet_prior.imagenet_ids[again] = replaced.imagenet_prior.imagenet_ids
    wanted = np.concatenate([draw.permutation(count), np.arange(20, 60)])
    found = kept.take(wanted, None)
    np.testing.assert_array_equal(found.quantised, right.quantised[wanted])
    np.testing.assert_array_equal(found.scale, right.scale[wanted])
    assert found.imagenet_prior is not None
    np.testing.assert_array_equal(found.imagenet_prior.imagenet_ids, right.imagenet_prior.imagenet_ids[wanted])
