"""A backbone that was trained on some of the labelled photos: nothing is measured with these."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.learning_curve import measure_curve
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.features.packed import join, pack
from tests.unit.vision.gaussian_clusters import NAMES, clusters, examples_of, learned

SPREAD = 1.2


def by_heart(known: int = 100, fresh: int = 40) -> Examples:
    """Photos that the backbone knows by heart, all of a class in one place, and photos it never saw."""
    centres = np.random.default_rng(99).random((3, 64))
    targets = np.repeat(np.arange(3), known)
    points = np.maximum(0, centres[targets] + 0.3 * np.random.default_rng(5).standard_normal((3 * known, 64)))
    others = clusters(fresh, spread=SPREAD, seed=3)
    both = examples_of(join([pack(points), others.features]), np.concatenate([targets, others.targets]))
    return replace(both, memorised=np.arange(len(both.targets)) < 3 * known)


def truth(model: Model) -> float:
    fresh = clusters(1000, spread=SPREAD, seed=1)
    return float((predict(model, fresh.features).probabilities.argmax(axis=1) == fresh.targets).mean())


def memorised(examples: Examples) -> NDArray[np.bool_]:
    assert examples.memorised is not None
    return examples.memorised


def test_accuracy_comes_from_photos_the_backbone_never_saw() -> None:
    examples = by_heart()
    fitted = learned(examples)
    assert np.array_equal(fitted.held_out.rows, np.flatnonzero(~memorised(examples)))
    honest = fitted.model.training.held_out_accuracy
    flattering = learned(replace(examples, memorised=None)).model.training.held_out_accuracy
    assert honest is not None
    assert flattering is not None
    assert truth(fitted.model) == pytest.approx(honest, abs=0.08)
    assert flattering > honest + 0.08, "otherwise there is nothing to be honest about"


def test_it_learns_from_all_of_them() -> None:
    examples = by_heart()
    fitted = learned(examples)
    for head in range(len(fitted.heads.folds)):
        assert (fitted.state.folds[memorised(examples)] != fitted.heads.folds[head]).all()
    training = fitted.model.training
    assert (training.photos, training.memorised, training.measured) == (420, 300, 120)
    assert Model.from_bundle(*fitted.model.to_bundle()).training == training


def test_temperature_and_thresholds_are_those_of_the_unseen_alone() -> None:
    fitted = learned(by_heart())
    flattering = learned(replace(by_heart(), memorised=None))
    assert fitted.model.thresholds.sure > flattering.model.thresholds.sure
    typical = [each.model.ood_detector.mean_std for each in (fitted, flattering)]
    assert typical[0][0, 1] > typical[1][0, 1], "photos that were never seen lie further away"


def test_near_copies_of_memorised_photos_are_no_unseen_ones() -> None:
    examples = by_heart()
    rows = np.array([0, 150, 250])
    copies = Examples(
        np.concatenate([examples.ids, 10_000 + rows]),
        join([examples.features, examples.features.take(rows)]),
        np.concatenate([examples.targets, examples.targets[rows]]),
        np.ones(len(examples.ids) + 3, np.bool_),
        np.concatenate([memorised(examples), np.zeros(3, np.bool_)]),
    )
    assert learned(copies).held_out.rows.max() < len(examples.ids)


def test_a_correction_later_changes_nothing_of_that() -> None:
    examples = by_heart()
    targets = examples.targets.copy()
    targets[-1] = 0
    again = learned(replace(examples, targets=targets), last=learned(examples))
    assert again.state.changed == 1, "it started from the last one"
    assert np.array_equal(again.held_out.rows, np.flatnonzero(~memorised(examples)))


def test_where_everything_was_memorised_nothing_is_measured() -> None:
    examples = by_heart()
    fitted = learned(replace(examples, memorised=np.ones(len(examples.ids), np.bool_)))
    assert not len(fitted.held_out.rows)
    assert fitted.model.training.held_out_accuracy is None
    assert truth(fitted.model) > 0.5


def test_the_learning_curve_is_measured_on_the_unseen() -> None:
    examples = by_heart()
    honest, flattering = (
        measure_curve(each, NAMES, (0.8, 120), CancelToken()).points[-2].error
        for each in (examples, replace(examples, memorised=None))
    )
    assert honest > flattering + 0.08
