"""Estimates of a model that is not in use yet: they are kept apart, and join those found meanwhile when it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from flowersorter.domain.photo_values import PhotoValues
from flowersorter.vision.classifier.model import Model
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.models.current_model import starter
from flowersorter.workflows.predicting.folder_accuracy import sure_thresholds
from flowersorter.workflows.predicting.folder_adaptation import FolderTerms, logit_terms
from flowersorter.workflows.predicting.unknown_photos import judged_by_folder, unknown_probability
from flowersorter.workflows.training.folder_estimates import FolderEstimates

_ALL = np.arange(1, 7, dtype=np.int64)
_WANTED = np.array([1, 2, 3], np.int64)


def remember(engine: Engine, model: Model, photo_ids: Sequence[int], value: float) -> None:
    """Let an engine have the same estimate of some photos, and of no others."""
    ids, key = np.array(photo_ids, np.int64), model.ood_detector.key
    values = PhotoValues(key, ids, np.full(len(ids), value, np.float32))
    engine.unknown_photos = engine.unknown_by_folder = engine.sure_from = values
    terms = np.full((1, len(model.class_names)), value, np.float32)
    engine.folder_terms = FolderTerms((key, model.class_names), ids, np.zeros(len(ids), np.intp), terms)


def found(engine: Engine, model: Model) -> list[float]:
    """The estimate of each photo; 0 for none."""
    values = unknown_probability(engine, model, _ALL)
    terms = logit_terms(engine, model, _ALL)
    np.testing.assert_array_equal(values, 0 if terms is None else terms[:, 0])
    np.testing.assert_array_equal(values, sure_thresholds(engine, model, _ALL))
    np.testing.assert_array_equal(values > 0, judged_by_folder(engine, model, _ALL))
    return [float(value) for value in values]


@pytest.fixture
def other() -> Model:
    """A model with other classes than the starter has, and other scores."""
    model = starter().model
    names = (*model.class_names[:-1], "another")
    axes = replace(model.ood_detector.axes, centre=model.ood_detector.axes.centre + 1)
    return replace(model, class_names=names, ood_detector=replace(model.ood_detector, axes=axes))


def test_another_model_takes_the_place_of_the_one_in_use_only_with_its_estimates(engine: Engine, other: Model) -> None:
    used, apart = starter().model, engine.apart()
    remember(engine, used, [1, 2, 4], 0.5)
    remember(apart, other, [1, 3], 0.25)
    assert apart.features("resnet50") is engine.features("resnet50")
    assert (found(engine, used), found(engine, other)) == ([0.5, 0.5, 0, 0.5, 0, 0], [0] * 6)
    FolderEstimates.of(apart, other, _WANTED).put_into(engine)
    assert (found(engine, used), found(engine, other)) == ([0] * 6, [0.25, 0, 0.25, 0, 0, 0])


def test_what_was_found_meanwhile_of_other_photos_stays(engine: Engine) -> None:
    """A folder is read while a refit with the same scores runs: each knows other photos."""
    used = starter().model
    remember(engine, used, [1, 2, 4], 0.5)
    apart = engine.apart()
    remember(apart, used, [1, 3, 4], 0.25)
    remember(engine, used, [1, 2, 4, 6], 0.75)
    FolderEstimates.of(apart, used, _WANTED).put_into(engine)
    assert found(engine, used) == [0.25, 0, 0.25, 0.75, 0, 0.75]


def test_what_was_not_estimated_with_the_model_changes_nothing(engine: Engine, other: Model) -> None:
    used = starter().model
    remember(engine, used, [1, 2], 0.5)
    FolderEstimates.of(engine.apart(), other, _WANTED).put_into(engine)
    assert found(engine, used) == [0.5, 0.5, 0, 0, 0, 0]
