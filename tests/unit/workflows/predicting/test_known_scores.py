"""Scores that were stored are read instead of features, as long as they are of these photos and of this model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.calibration import CAUTIOUS, Thresholds
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.features import feature_cache as module
from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
from tests.unit.workflows.predicting.test_feature_cache import (
    BACKBONE,
    WIDTH,
    append,
    hashes_of,
    known,
    ood_detector,
)

PHOTOS = 60


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_STORING", 10)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many embeddings were read, call by call."""
    counts: list[int] = []
    real = module.stored_features

    def counted(store: EmbeddingStore, hashes: list[bytes], *rest: object) -> object:
        counts.append(len(hashes))
        return real(store, hashes, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "stored_features", counted)
    return counts


@pytest.fixture
def ids(collection: CollectionStore) -> NDArray[np.int64]:
    append(collection.embeddings(BACKBONE), range(PHOTOS))
    return known(collection, range(PHOTOS))


def model(seed: int = 0) -> Model:
    weight = np.random.default_rng(seed).standard_normal((2, WIDTH)).astype(np.float32)
    return Model(("a", "b"), BACKBONE, weight, np.zeros(2, np.float32), 1.0, CAUTIOUS, ood_detector(1))


def scores(table: FeatureTable, ids: NDArray[np.int64], by: Model) -> NDArray[np.float32]:
    """(N, 3) logits and OOD score; NaN for a photo that got none."""
    result = np.full((len(ids), 3), np.nan, np.float32)
    for positions, found in table.scored(ids, by):
        result[positions, :2], result[positions, 2] = found.logits, found.ood_score
    return result


@pytest.fixture
def opened_again(collection: CollectionStore, ids: NDArray[np.int64], read: list[int]) -> Iterator[Engine]:
    """The collection after its scores were stored and it was closed."""
    with Engine(collection) as engine:
        engine.features(BACKBONE).store_scores(ids, model())
    read.clear()
    with Engine(CollectionStore.open(collection.folder)) as engine:
        yield engine


def test_a_collection_that_is_opened_again_needs_no_embedding(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int]
) -> None:
    table = opened_again.features(BACKBONE)
    shuffled = np.random.default_rng(0).permutation(ids)
    found = scores(table, shuffled, model())
    stricter = replace(model(), thresholds=Thresholds(sure=0.99, likely=0.8))
    np.testing.assert_array_equal(scores(table, ids, stricter), found[np.argsort(shuffled)])
    assert read == []
    np.testing.assert_allclose(found, _exact(opened_again, shuffled), atol=1e-5)


def test_another_model_scores_by_itself(opened_again: Engine, ids: NDArray[np.int64], read: list[int]) -> None:
    table = opened_again.features(BACKBONE)
    for other in (model(1), replace(model(), temperature=2.0), replace(model(), ood_detector=ood_detector(2))):
        read.clear()
        assert not np.isnan(scores(table, ids, other)).any()
    assert not np.allclose(scores(table, ids, model(1)), scores(table, ids, model()))


def test_a_photo_with_another_view_is_scored_again(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int]
) -> None:
    store, table = opened_again.collection.embeddings(BACKBONE), opened_again.features(BACKBONE)
    before = scores(table, ids, model())
    append(store, [3, 5], WIDE)
    after = scores(table, ids, model())
    assert np.flatnonzero((before != after).any(axis=1)).tolist() == [3, 5]
    np.testing.assert_allclose(after, _exact(opened_again, ids), atol=1e-5)
    assert sum(read) == 2 + PHOTOS


def test_views_that_came_after_the_scores_count_at_the_next_opening_too(
    opened_again: Engine, ids: NDArray[np.int64]
) -> None:
    append(opened_again.collection.embeddings(BACKBONE), [7], WIDE)
    folder = opened_again.collection.folder
    opened_again.close()
    with Engine(CollectionStore.open(folder)) as engine:
        found = scores(engine.features(BACKBONE), ids, model())
        np.testing.assert_allclose(found, _exact(engine, ids), atol=1e-5)


def test_new_photos_are_scored_beside_stored_ones_and_stored_with_them(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int]
) -> None:
    collection, table = opened_again.collection, opened_again.features(BACKBONE)
    append(collection.embeddings(BACKBONE), range(PHOTOS, PHOTOS + 20))
    both = np.append(ids, known(collection, range(PHOTOS, PHOTOS + 20)))
    assert not np.isnan(scores(table, both, model())).any()
    assert sum(read) == 20
    table.store_scores(both[PHOTOS:], model())
    read.clear()
    folder = collection.folder
    opened_again.close()
    with Engine(CollectionStore.open(folder)) as engine:
        assert not np.isnan(scores(engine.features(BACKBONE), both, model())).any()
    assert read == [], "those of the first photos stayed"


def test_ids_that_are_of_other_photos_now_have_no_score(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int]
) -> None:
    """As in a library that was restored from a backup."""
    with opened_again.collection.database.transaction() as connection:
        connection.execute("UPDATE photos SET sha256 = ? WHERE id = ?", (hashes_of([1000])[0], int(ids[4])))
    append(opened_again.collection.embeddings(BACKBONE), [1000])
    found = scores(opened_again.features(BACKBONE), ids, model())
    assert sum(read) == 1
    np.testing.assert_allclose(found, _exact(opened_again, ids), atol=1e-5)


def test_embeddings_that_were_started_afresh_have_no_scores(opened_again: Engine, ids: NDArray[np.int64]) -> None:
    store, table = opened_again.collection.embeddings(BACKBONE), opened_again.features(BACKBONE)
    assert not np.isnan(scores(table, ids, model())).any()
    store.append(hashes_of([1]), CENTRE, np.ones((1, WIDTH + 1), np.float16))
    store.append(hashes_of([2]), CENTRE, np.ones((1, WIDTH), np.float16))
    assert np.flatnonzero(~np.isnan(scores(table, ids, model())[:, 0])).tolist() == [2]


def test_a_collection_that_is_only_read_uses_them_and_writes_none(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int]
) -> None:
    folder = opened_again.collection.folder
    file = opened_again.collection.score_file(BACKBONE)
    content = file.read_bytes()
    with Engine(CollectionStore.open(folder, read_only=True)) as engine:
        assert not np.isnan(scores(engine.features(BACKBONE), ids, model())).any()
        assert read == []
        engine.features(BACKBONE).store_scores(ids, model(1))
    assert file.read_bytes() == content


def test_a_small_request_does_not_read_the_file_of_a_large_collection(
    opened_again: Engine, ids: NDArray[np.int64], read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_UNUSED", 2)
    assert not np.isnan(scores(opened_again.features(BACKBONE), ids[:20], model())).any()
    assert sum(read) == 20


def _exact(engine: Engine, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """The scores from features."""
    from flowersorter.vision.classifier.predict import score

    found = score(model(), engine.features(BACKBONE).of_photos(ids))
    return np.column_stack([found.logits, found.ood_score])
