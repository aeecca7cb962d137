"""The promise of *sure* is the person's to choose, and models keep it at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.settings import SURE_PRECISION, Setting
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.calibration import CAUTIOUS, Thresholds
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.models.current_model import model_for, starter
from flowersorter.workflows.models.sure_precision import Following, following, set_sure_precision, sure_precision


def answering(collection: CollectionStore) -> Model:
    named = model_for(collection, DEFAULT)
    assert named is not None
    return named.model


def test_97_of_100_are_promised_until_somebody_asks_for_more(collection: CollectionStore) -> None:
    assert sure_precision(collection) == DEFAULT_SURE_PRECISION == 0.97
    assert answering(collection).thresholds == starter().model.thresholds


def test_the_model_answers_with_the_promise_at_once(collection: CollectionStore) -> None:
    begins = []
    for promise in SURE_PRECISIONS:
        set_sure_precision(collection, promise)
        assert sure_precision(collection) == promise
        begins.append(answering(collection).thresholds.sure)
    assert begins == sorted(begins)
    assert begins[0] < begins[-2] < begins[-1]
    trained = collection.models.add(*starter().model.to_bundle())
    collection.models.use(trained)
    assert answering(collection).thresholds.sure == begins[-1]
    set_sure_precision(collection, SURE_PRECISIONS[0])
    assert answering(collection).thresholds.sure == begins[0]


def test_a_model_from_before_there_was_a_choice_stays_as_it_is(collection: CollectionStore) -> None:
    arrays, metadata = starter().model.to_bundle()
    del metadata["sure_at"]
    collection.models.use(collection.models.add(arrays, metadata))
    set_sure_precision(collection, 0.99)
    assert answering(collection).thresholds.sure == starter().model.thresholds.sure
    assert following(answering(collection)) is Following.NEXT_TRAINING


def test_a_model_says_whether_it_follows_at_once() -> None:
    model = starter().model
    assert following(model) is Following.AT_ONCE
    assert following(replace(model, thresholds=CAUTIOUS)) is Following.TOO_FEW_PHOTOS
    assert following(replace(model, thresholds=Thresholds(0.8, 0.6))) is Following.NEXT_TRAINING


def test_a_promise_nobody_measured_is_refused(collection: CollectionStore) -> None:
    with pytest.raises(ValueError, match="none of"):
        set_sure_precision(collection, 0.5)
    assert sure_precision(collection) == DEFAULT_SURE_PRECISION


def test_it_is_remembered_and_nonsense_is_not(tmp_path: Path) -> None:
    for stored, meant in ((0.99, 0.99), (0.5, DEFAULT_SURE_PRECISION), ("much", DEFAULT_SURE_PRECISION)):
        with CollectionStore.open(tmp_path / "collection") as collection:
            collection.settings.set(Setting[object](SURE_PRECISION.key, None), stored)
        with CollectionStore.open(tmp_path / "collection") as collection:
            assert sure_precision(collection) == meant
