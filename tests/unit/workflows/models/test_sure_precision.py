"""The person chooses the target precision of *sure*, and models follow at once."""

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
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import model_for, starter
from flowersorter.workflows.models.sure_precision import Following, following, set_sure_precision, sure_precision


def answering(engine: Engine) -> Model:
    named = model_for(engine, DEFAULT)
    assert named is not None
    return named.model


def test_the_target_is_97_of_100_until_another_is_chosen(engine: Engine) -> None:
    assert sure_precision(engine) == DEFAULT_SURE_PRECISION == 0.97
    assert answering(engine).thresholds == starter().model.thresholds


def test_the_model_answers_with_the_target_precision_at_once(engine: Engine) -> None:
    begins = []
    for precision in SURE_PRECISIONS:
        set_sure_precision(engine, precision)
        assert sure_precision(engine) == precision
        begins.append(answering(engine).thresholds.sure)
    assert begins == sorted(begins)
    assert begins[0] < begins[-2] < begins[-1]
    trained = engine.collection.models.add(*starter().model.to_bundle())
    engine.collection.models.use(trained)
    assert answering(engine).thresholds.sure == begins[-1]
    set_sure_precision(engine, SURE_PRECISIONS[0])
    assert answering(engine).thresholds.sure == begins[0]


def test_a_model_from_before_there_was_a_choice_stays_as_it_is(engine: Engine) -> None:
    arrays, metadata = starter().model.to_bundle()
    del metadata["sure_at"]
    engine.collection.models.use(engine.collection.models.add(arrays, metadata))
    set_sure_precision(engine, 0.99)
    assert answering(engine).thresholds.sure == starter().model.thresholds.sure
    assert following(answering(engine)) is Following.NEXT_TRAINING


def test_a_model_says_whether_it_follows_at_once() -> None:
    model = starter().model
    assert following(model) is Following.AT_ONCE
    assert following(replace(model, thresholds=CAUTIOUS)) is Following.TOO_FEW_PHOTOS
    assert following(replace(model, thresholds=Thresholds(0.8, 0.6))) is Following.NEXT_TRAINING


def test_a_target_precision_that_was_not_measured_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="none of"):
        set_sure_precision(engine, 0.5)
    assert sure_precision(engine) == DEFAULT_SURE_PRECISION


def test_it_is_remembered_and_nonsense_is_not(tmp_path: Path) -> None:
    for stored, meant in ((0.99, 0.99), (0.5, DEFAULT_SURE_PRECISION), ("much", DEFAULT_SURE_PRECISION)):
        with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
            engine.collection.settings.set(Setting[object](SURE_PRECISION.key, None), stored)
        with Engine(CollectionStore.open(tmp_path / "collection")) as engine:
            assert sure_precision(engine) == meant
