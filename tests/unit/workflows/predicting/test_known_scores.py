"""Scores that were stored are read instead of features, as long as they are of these photos and of this model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.library.cache.embeddings import EmbeddingStore
from flowersorter.library.cache.score_file import StoredScores, read_scores
from flowersorter.library.collection import CollectionStore
from flowersorter.vision.classifier.calibration import CAUTIOUS, Thresholds
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.out_of_distribution import NEVER, OodDetector
from flowersorter.vision.classifier.predict import score
from flowersorter.vision.features.mapped_memory import MappedMemory
from flowersorter.vision.features.views import CENTRE, WIDE
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting import folder_adaptation
from flowersorter.workflows.predicting.features import feature_cache as module
from flowersorter.workflows.predicting.features import kept_features
from flowersorter.workflows.predicting.features.feature_cache import FeatureTable
from flowersorter.workflows.predicting.features.known_scores import scoring_key
from flowersorter.workflows.predicting.features.stored_features import stored_features
from flowersorter.workflows.predicting.imagenet import prior_cache
from flowersorter.workflows.predicting.imagenet.prior_cache import ImageNetPriorCache
from tests.unit.workflows.predicting.test_feature_cache import (
    BACKBONE,
    WIDTH,
    append,
    hashes_of,
    known,
    ood_detector,
)

PHOTOS = 60
#: Bytes of the header of the embeddings' files, and of a row of their keys.
HEADER, KEY_ROW = 64, 64
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_STORING", 10)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many embeddings were read, call by call."""
    counts: list[int] = []
    real = stored_features

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


def test_a_photo_that_is_edited_is_scored_again(opened_again: Engine, ids: NDArray[np.int64], read: list[int]) -> None:
    """Another program wrote a rotation into the file: the photo keeps its id and gets another hash."""
    table, by = opened_again.features(BACKBONE), model()
    before = scores(table, ids, by)
    edit(opened_again, ids[4], 1000)
    after = scores(table, ids, by)
    assert np.flatnonzero((before != after).any(axis=1)).tolist() == [4]
    assert sum(read) == 1
    np.testing.assert_allclose(after, _exact_of_a_new_table(opened_again, ids), atol=1e-5)


def test_the_scores_of_an_edited_photo_are_stored_with_the_hash_they_are_of(
    opened_again: Engine, ids: NDArray[np.int64]
) -> None:
    table, collection, by = opened_again.features(BACKBONE), opened_again.collection, model()
    scores(table, ids, by)
    edit(opened_again, ids[4], 1000)
    append(collection.embeddings(BACKBONE), range(PHOTOS, PHOTOS + 20))
    both = np.append(ids, known(collection, range(PHOTOS, PHOTOS + 20)))
    table.store_scores(both, by)
    _assert_right_when_opened_again(opened_again, both, by)


def test_features_of_an_edited_photo_are_those_of_its_new_bytes(
    opened_again: Engine, ids: NDArray[np.int64], kept: None
) -> None:
    table, other = opened_again.features(BACKBONE), model(1)
    scores(table, ids, other)
    edit(opened_again, ids[4], 1000)
    np.testing.assert_allclose(scores(table, ids, other), _exact_of_a_new_table(opened_again, ids, other), atol=1e-5)
    table.store_scores(ids, other)
    _assert_right_when_opened_again(opened_again, ids, other)


def test_a_photo_edited_while_scores_are_stored_has_no_wrong_one(
    opened_again: Engine, ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, photos = model(1), opened_again.collection.photos
    real = photos.hashes

    def edit_afterwards(asked: NDArray[np.int64]) -> object:
        found = real(asked)
        monkeypatch.undo()
        edit(opened_again, ids[4], 1000)
        return found

    monkeypatch.setattr(photos, "hashes", edit_afterwards)
    opened_again.features(BACKBONE).store_scores(ids, other)
    monkeypatch.setattr(module, "_WORTH_STORING", 10)
    edit(opened_again, ids[4], 4)  # the rotation is taken back
    _assert_right_when_opened_again(opened_again, ids, other)


@pytest.mark.parametrize("stored", [True, False])
def test_a_photo_edited_while_it_is_looked_up_is_looked_up_again(
    opened_again: Engine, ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch, kept: None, stored: bool
) -> None:
    """The thread that edits it may be followed by another one between the hashes and their use."""
    by, photos, table = model(0 if stored else 1), opened_again.collection.photos, opened_again.features(BACKBONE)
    real, others = photos.hashes, ids[40:]

    def edit_afterwards(asked: NDArray[np.int64]) -> object:
        found = real(asked)
        monkeypatch.setattr(photos, "hashes", real)
        edit(opened_again, ids[4], 1000)
        scores(table, others, by)
        return found

    monkeypatch.setattr(photos, "hashes", edit_afterwards)
    scores(table, ids, by)
    np.testing.assert_allclose(scores(table, ids, by), _exact_of_a_new_table(opened_again, ids, by), atol=1e-5)


def test_scores_made_without_the_imagenet_layer_are_not_stored(
    collection: CollectionStore, ids: NDArray[np.int64], layers: list[Layer]
) -> None:
    by = with_reference(model())
    with Engine(collection) as engine:
        scores(engine.features(BACKBONE), ids, by)
        engine.features(BACKBONE).store_scores(ids, by)
    layers.append(layer(0))
    with Engine(CollectionStore.open(collection.folder)) as engine:
        found = scores(engine.features(BACKBONE), ids, by)
        exact = _exact(engine, ids, by)
        np.testing.assert_allclose(found, exact, atol=1e-4)
        assert not np.allclose(exact, _exact(engine, ids, replace(by, ood_detector=without_reference(by))), atol=1e-4)


def test_scores_with_another_imagenet_layer_are_others(
    collection: CollectionStore, ids: NDArray[np.int64], layers: list[Layer], read: list[int]
) -> None:
    by = with_reference(model())
    layers.append(layer(0))
    with Engine(collection) as engine:
        engine.features(BACKBONE).store_scores(ids, by)
    read.clear()
    for number, embeddings_read in ((0, 0), (1, PHOTOS)):
        layers.append(layer(number))
        with Engine(CollectionStore.open(collection.folder)) as engine:
            scores(engine.features(BACKBONE), ids, by)
        assert sum(read) == embeddings_read


def test_a_photo_without_the_embedding_of_the_base_network_is_not_stored(
    collection: CollectionStore, ids: NDArray[np.int64], layers: list[Layer]
) -> None:
    """As with a finetuned network, whose photos get their ImageNet classes from its base."""
    by = with_reference(model())
    layers.append(layer(0))
    with Engine(collection) as engine:
        table = FeatureTable(
            collection.photos,
            collection.embeddings(BACKBONE),
            MappedMemory(collection.folder),
            collection.score_file(BACKBONE),
            ImageNetPriorCache(collection.embeddings("base"), collection.embeddings("base.imagenet"), BACKBONE),
        )
        append(collection.embeddings("base"), range(PHOTOS - 5))
        table.store_scores(ids, by)
        key = scoring_key(by, ImageNetPriorCache.of(collection, BACKBONE))
        assert key is not None
        stored = read_scores(collection.score_file(BACKBONE), key)
        assert stored is not None
        assert stored.photo_ids.tolist() == ids[: PHOTOS - 5].tolist()
        assert engine.collection is collection


def test_a_small_folder_leaves_the_stored_scores_of_a_large_one(
    opened_again: Engine, ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_UNUSED", 2)
    collection = opened_again.collection
    opened_again.features(BACKBONE).store_scores(ids[:20], model())
    stored = _stored(opened_again, model())
    assert stored is not None
    assert stored.photo_ids.tolist() == ids.tolist()
    append(collection.embeddings(BACKBONE), range(PHOTOS, PHOTOS + 5))
    both = np.append(ids[:20], known(collection, range(PHOTOS, PHOTOS + 5)))
    opened_again.features(BACKBONE).store_scores(both, model())
    stored = _stored(opened_again, model())
    assert stored is not None
    assert stored.photo_ids.tolist() == [*ids.tolist(), *both[20:].tolist()]


@pytest.mark.parametrize("appended", [3, 10])
def test_scores_do_not_outlive_the_embeddings_they_were_made_of(
    opened_again: Engine, ids: NDArray[np.int64], appended: int
) -> None:
    """The end of the embeddings is lost, as on a bad disk, and others are stored in its place."""
    folder = opened_again.collection.folder
    opened_again.close()
    keys = EmbeddingStore.files(folder / "embeddings", BACKBONE)[1]
    size = keys.stat().st_size
    with keys.open("r+b") as file:
        file.truncate(size - 5 * KEY_ROW)
    with Engine(CollectionStore.open(folder)) as engine:
        append(engine.collection.embeddings(BACKBONE), range(7, 7 + appended), WIDE)
        found = scores(engine.features(BACKBONE), ids[:50], model())
        np.testing.assert_allclose(found, _exact(engine, ids[:50]), atol=1e-5)


def test_features_of_photos_tell_which_have_a_score_only(opened_again: Engine, ids: NDArray[np.int64]) -> None:
    """A damaged embedding: its score, made while it was sound, still counts."""
    folder = opened_again.collection.folder
    opened_again.close()
    damage(folder, 3)
    with Engine(CollectionStore.open(folder)) as engine:
        table = engine.features(BACKBONE)
        assert not np.isnan(scores(table, ids, model())).any()
        embedded = table.of_photos(ids)
        assert embedded is not None
        assert embedded[1].tolist() == [number for number in range(PHOTOS) if number != 3]
        assert len(embedded[0]) == PHOTOS - 1
        assert table.of_photos(ids[3:4]) is None


def test_a_folder_is_adapted_by_the_photos_that_have_a_score_and_features(
    opened_again: Engine, ids: NDArray[np.int64]
) -> None:
    folder, by = opened_again.collection.folder, model()
    by = replace(by, ood_detector=replace(by.ood_detector, threshold=NEVER))
    opened_again.close()
    damage(folder, 3)
    with Engine(CollectionStore.open(folder)) as engine:
        found, logits, ood_score, features = folder_adaptation._known(engine, by, ids, CancelToken())
        assert found.tolist() == np.delete(ids, 3).tolist()
        assert features is not None
        assert len(features) == len(logits) == len(ood_score) == PHOTOS - 1
        exact = score(by, features)
        np.testing.assert_allclose(ood_score, exact.ood_score, atol=1e-5)


def test_a_photo_without_an_embedding_does_not_write_the_file_again(
    opened_again: Engine, ids: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "write_scores", lambda *_: pytest.fail("nothing new was scored"))
    both = np.append(ids, known(opened_again.collection, [500]))
    opened_again.features(BACKBONE).store_scores(both, model())


def edit(engine: Engine, photo_id: int, number: int) -> None:
    """Give a photo the hash, and an embedding, of other bytes, as `keep_identity` does."""
    with engine.collection.database.transaction() as connection:
        connection.execute("UPDATE photos SET sha256 = ? WHERE id = ?", (hashes_of([number])[0], int(photo_id)))
    append(engine.collection.embeddings(BACKBONE), [number])


def damage(folder: Path, number: int) -> None:
    """Spoil the row of an embedding."""
    with EmbeddingStore.files(folder / "embeddings", BACKBONE)[0].open("r+b") as file:
        file.seek(HEADER + 2 * WIDTH * number)
        file.write(b"\xff" * 2 * WIDTH)


def with_reference(by: Model) -> Model:
    """The model with a detector that asks for the ImageNet classes of a photo."""
    reference = np.zeros(1000, np.float32)
    reference[:10] = 0.1
    mean_std = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    detector = replace(by.ood_detector, reference=reference, mean_std=mean_std, weights=np.ones(3, np.float32))
    return replace(by, ood_detector=detector)


def without_reference(by: Model) -> OodDetector:
    return replace(by.ood_detector, reference=np.zeros(1000, np.float32))


def layer(seed: int) -> Layer:
    """An ImageNet layer."""
    draw = np.random.default_rng(seed)
    return draw.standard_normal((1000, WIDTH)).astype(np.float32), np.zeros(1000, np.float32)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The features and scores of a few photos are kept in memory."""
    monkeypatch.setattr(module, "_WORTH_KEEPING", 10)
    monkeypatch.setattr(kept_features, "WORTH_LENDING", 1)


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> list[Layer]:
    """The last one is the ImageNet layer of every backbone; there is none at first."""
    found: list[Layer] = []
    monkeypatch.setattr(prior_cache, "layer_of", lambda name: found[-1] if found else None)
    return found


def _assert_right_when_opened_again(engine: Engine, ids: NDArray[np.int64], by: Model) -> None:
    folder = engine.collection.folder
    engine.close()
    with Engine(CollectionStore.open(folder)) as again:
        np.testing.assert_allclose(
            scores(again.features(BACKBONE), ids, by), _exact_of_a_new_table(again, ids, by), atol=1e-5
        )


def _exact_of_a_new_table(engine: Engine, ids: NDArray[np.int64], by: Model | None = None) -> NDArray[np.float32]:
    with Engine(CollectionStore.open(engine.collection.folder, read_only=True)) as other:
        return _exact(other, ids, by)


def _exact(engine: Engine, ids: NDArray[np.int64], by: Model | None = None) -> NDArray[np.float32]:
    """The scores from features."""
    embedded = engine.features(BACKBONE).of_photos(ids)
    assert embedded is not None
    features, positions = embedded
    assert len(positions) == len(ids)
    found = score(by or model(), features)
    return np.column_stack([found.logits, found.ood_score])


def _stored(engine: Engine, by: Model) -> StoredScores | None:
    key = scoring_key(by)
    assert key is not None
    return read_scores(engine.collection.score_file(BACKBONE), key)
