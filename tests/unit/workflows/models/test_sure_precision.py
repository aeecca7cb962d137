"""The promise of *sure* is the person's to choose, and models keep it at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.library.collection import Garden
from flowersorter.vision.backbone.registry import DEFAULT
from flowersorter.vision.classifier.calibration import CAUTIOUS, PROMISES, SURE_PROMISE, Thresholds
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.models.current_model import model_for, starter
from flowersorter.workflows.models.sure_precision import Following, following, set_sure_promise, sure_promise


def answering(garden: Garden) -> Model:
    named = model_for(garden, DEFAULT)
    assert named is not None
    return named.model


def test_97_of_100_are_promised_until_somebody_asks_for_more(garden: Garden) -> None:
    assert sure_promise(garden) == SURE_PROMISE == 0.97
    assert answering(garden).thresholds == starter().model.thresholds


def test_the_model_answers_with_the_promise_at_once(garden: Garden) -> None:
    begins = []
    for promise in PROMISES:
        set_sure_promise(garden, promise)
        assert sure_promise(garden) == promise
        begins.append(answering(garden).thresholds.sure)
    assert begins == sorted(begins)
    assert begins[0] < begins[-2] < begins[-1]
    trained = garden.models.add(*starter().model.to_bundle())
    garden.models.use(trained)
    assert answering(garden).thresholds.sure == begins[-1]
    set_sure_promise(garden, PROMISES[0])
    assert answering(garden).thresholds.sure == begins[0]


def test_a_model_from_before_there_was_a_choice_stays_as_it_is(garden: Garden) -> None:
    arrays, metadata = starter().model.to_bundle()
    del metadata["sure_at"]
    garden.models.use(garden.models.add(arrays, metadata))
    set_sure_promise(garden, 0.99)
    assert answering(garden).thresholds.sure == starter().model.thresholds.sure
    assert following(answering(garden)) is Following.NEXT_TRAINING


def test_a_model_says_whether_it_follows_at_once() -> None:
    model = starter().model
    assert following(model) is Following.AT_ONCE
    assert following(replace(model, thresholds=CAUTIOUS)) is Following.TOO_FEW_PHOTOS
    assert following(replace(model, thresholds=Thresholds(0.8, 0.6))) is Following.NEXT_TRAINING


def test_a_promise_nobody_measured_is_refused(garden: Garden) -> None:
    with pytest.raises(ValueError, match="none of"):
        set_sure_promise(garden, 0.5)
    assert sure_promise(garden) == SURE_PROMISE


def test_it_is_remembered_and_nonsense_is_not(tmp_path: Path) -> None:
    for stored, meant in ((0.99, 0.99), (0.5, SURE_PROMISE), ("much", SURE_PROMISE)):
        with Garden.open(tmp_path / "garden") as garden:
            garden.settings.set("sure_promise", stored)
        with Garden.open(tmp_path / "garden") as garden:
            assert sure_promise(garden) == meant
