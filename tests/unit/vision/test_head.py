"""The head: what it learns, how it is measured, and what a model survives on its way to disk and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.errors import Cancelled, ModelFileBad, TooFewPhotos
from flowersorter.job import CancelToken
from flowersorter.vision.features import average_views, features_of
from flowersorter.vision.fit import Examples, Fitted, PrincipalAxes, fit
from flowersorter.vision.folds import assign_folds, near_copy_groups
from flowersorter.vision.model import Model
from flowersorter.vision.predict import predict
from flowersorter.vision.verdict import Verdict

WIDTH = 64
NAMES = ("aster", "begonia", "clematis")


def clusters(per_class: int, *, classes: int = 3, spread: float = 0.5, seed: int = 0) -> Examples:
    """Non-negative clouds around random centres, as features."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(99).random((classes, WIDTH))
    targets = np.repeat(np.arange(classes), per_class)
    points = np.maximum(0, centres[targets] + spread * draw.standard_normal((len(targets), WIDTH)))
    return Examples(features_of(points), targets, np.ones(len(targets), np.bool_))


def learned(examples: Examples, *, seed: int = 42) -> Fitted:
    return fit(examples, NAMES[: int(examples.targets.max()) + 1], "resnet50", CancelToken(), seed=seed)


def test_a_head_tells_classes_apart_that_it_never_saw() -> None:
    fitted = learned(clusters(40))
    fresh = clusters(200, seed=1)
    guessed = predict(fitted.model, fresh.features).probabilities.argmax(axis=1)
    assert (guessed == fresh.targets).mean() > 0.9


def test_held_out_accuracy_is_what_fresh_photos_show() -> None:
    fitted = learned(clusters(100, spread=1.2))
    fresh = clusters(1000, spread=1.2, seed=1)
    truth = (predict(fitted.model, fresh.features).probabilities.argmax(axis=1) == fresh.targets).mean()
    accuracy = fitted.model.training.held_out_accuracy
    assert accuracy is not None
    assert truth < 0.97, "too easy to tell an honest figure from the one on training photos"
    assert abs(accuracy - truth) < 0.07


def test_the_same_seed_gives_the_same_model_to_the_last_bit() -> None:
    one, two = learned(clusters(30)), learned(clusters(30))
    assert np.array_equal(one.model.weight, two.model.weight)
    assert one.model.temperature == two.model.temperature


def test_small_classes_weigh_as_much_as_large_ones() -> None:
    many, few = clusters(200, classes=2, spread=1.0), clusters(20, classes=2, spread=1.0, seed=5)
    features = np.concatenate([many.features[many.targets == 0], few.features[few.targets == 1]])
    targets = np.repeat([0, 1], [200, 20])
    model = fit(Examples(features, targets, np.ones(220, np.bool_)), NAMES[:2], "resnet50", CancelToken()).model
    fresh = clusters(500, classes=2, spread=1.0, seed=9)
    guessed = predict(model, fresh.features).probabilities.argmax(axis=1)
    recalls = [(guessed[fresh.targets == c] == c).mean() for c in (0, 1)]
    assert min(recalls) > 0.6


def test_one_photo_a_class_is_enough_to_start() -> None:
    fitted = learned(clusters(1))
    assert fitted.model.training.held_out_accuracy is None
    assert len(fitted.held_out.rows) == 0
    assert predict(fitted.model, clusters(20, seed=3).features).probabilities.shape == (60, 3)


def test_one_class_is_nothing_to_tell_apart() -> None:
    with pytest.raises(TooFewPhotos, match="at least two classes"):
        learned(clusters(10, classes=1))


def test_a_cancelled_fit_stops() -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        fit(clusters(10), NAMES, "resnet50", cancel)


def test_photos_all_alike_do_not_break_the_fit() -> None:
    features = features_of(np.ones((10, WIDTH)))
    fitted = fit(Examples(features, np.arange(10) % 2, np.ones(10, np.bool_)), NAMES[:2], "resnet50", CancelToken())
    assert np.isfinite(fitted.model.weight).all()
    assert np.isfinite(predict(fitted.model, features).probabilities).all()


def test_only_the_persons_photos_count_in_the_accuracy() -> None:
    easy, hard = clusters(50, spread=0.3), clusters(20, spread=0.3, seed=7)
    wrong = (hard.targets + 1) % 3  # the person's labels contradict the starter's
    both = Examples(
        np.concatenate([easy.features, hard.features]),
        np.concatenate([easy.targets, wrong]),
        np.repeat([False, True], [150, 60]),
    )
    fitted = learned(both)
    assert fitted.model.training.own_photos == 60
    assert fitted.model.training.photos == 210
    assert fitted.model.training.built_on_starter
    accuracy = fitted.model.training.held_out_accuracy
    assert accuracy is not None
    assert accuracy < 0.5


def test_near_copies_stay_in_one_fold() -> None:
    examples = clusters(20)
    copies = np.concatenate([examples.features, examples.features + 1e-4])
    targets = np.concatenate([examples.targets, examples.targets])
    groups = near_copy_groups(copies, targets)
    folds = assign_folds(targets, groups, seed=1)
    assert np.array_equal(folds[:60], folds[60:])
    assert len(np.unique(groups)) == 60


@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=6),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_folds_spread_every_class_evenly(counts: list[int], seed: int) -> None:
    targets = np.repeat(np.arange(len(counts)), counts)
    folds = assign_folds(targets, np.arange(len(targets)), seed)
    for target, count in enumerate(counts):
        sizes = np.bincount(folds[targets == target], minlength=5)
        assert sizes.sum() == count
        assert sizes.max() - sizes.min() <= 1


def test_principal_axes_lose_nothing_while_photos_are_few() -> None:
    features = clusters(20).features
    axes = PrincipalAxes.of(features, rank=256, seed=0)
    back = axes.coordinates @ axes.basis + axes.centre
    np.testing.assert_allclose(back, features, atol=1e-5)


def test_principal_axes_of_many_photos_keep_most_of_the_variance() -> None:
    draw = np.random.default_rng(0)
    decaying = draw.standard_normal((400, 300)) / np.arange(1, 301)
    features = (decaying @ np.linalg.qr(draw.standard_normal((300, 300)))[0]).astype(np.float32)
    axes = PrincipalAxes.of(features, rank=20, seed=0)
    exact = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)[:20]
    assert axes.coordinates.shape == (400, 20)
    np.testing.assert_allclose(axes.basis @ axes.basis.T, np.eye(20), atol=1e-4)
    np.testing.assert_allclose(np.sqrt(axes.variances * 400), exact, rtol=0.02)


def test_strangers_are_new_and_known_photos_mostly_are_not() -> None:
    model = learned(clusters(50, spread=0.3)).model
    fresh = clusters(100, spread=0.3, seed=1)
    strangers = features_of(np.random.default_rng(4).random((50, WIDTH)) ** 8)
    assert (predict(model, strangers).verdicts == Verdict.NEW).mean() > 0.9
    assert (predict(model, fresh.features).verdicts == Verdict.NEW).mean() < 0.1


def test_a_model_comes_back_from_its_bundle_as_it_was() -> None:
    model = learned(clusters(30)).model
    back = Model.from_bundle(*model.to_bundle())
    fresh = clusters(10, seed=2).features
    assert np.array_equal(predict(back, fresh).probabilities, predict(model, fresh).probabilities)
    assert np.array_equal(predict(back, fresh).verdicts, predict(model, fresh).verdicts)
    assert back.class_names == model.class_names
    assert back.training == model.training


def _without(key: str) -> dict[str, object]:
    return {"drop": key}


@pytest.mark.parametrize(
    "damage",
    [
        {"class_names": []},
        {"class_names": ["a", "a", "b"]},
        {"class_names": ["a", "b"]},
        {"class_names": ["a", "b", 3]},
        {"class_names": ["a", "b", ""]},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"sure": "very"},
        {"format": 99},
        _without("backbone"),
        _without("familiarity"),
    ],
    ids=str,
)
def test_a_model_with_damaged_metadata_is_refused(damage: dict[str, object]) -> None:
    arrays, metadata = learned(clusters(5)).model.to_bundle()
    metadata.pop(str(damage.pop("drop", "")), None)
    with pytest.raises(ModelFileBad):
        Model.from_bundle(arrays, {**metadata, **damage})


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("weight", np.zeros((2, WIDTH), np.float32)),
        ("weight", np.zeros(WIDTH, np.float32)),
        ("weight", np.full((3, WIDTH), np.nan, np.float32)),
        ("bias", np.zeros(4, np.float32)),
        ("references", np.zeros((4, 3), np.float16)),
    ],
)
def test_a_model_with_damaged_arrays_is_refused(name: str, array: NDArray[np.float32]) -> None:
    arrays, metadata = learned(clusters(5)).model.to_bundle()
    with pytest.raises(ModelFileBad):
        Model.from_bundle({**arrays, name: array}, metadata)


def test_views_are_averaged_and_features_have_length_one() -> None:
    one, two = np.full((2, 4), 1.0), np.full((2, 4), 3.0)
    mean = average_views([one, two])
    np.testing.assert_allclose(mean, 2.0)
    np.testing.assert_allclose(np.linalg.norm(features_of(mean), axis=1), 1.0, rtol=1e-6)
    assert not features_of(np.zeros((1, 4))).any()


def test_a_model_ignores_who_trained_it_when_it_predicts() -> None:
    model = learned(clusters(10)).model
    renamed = replace(model, training=replace(model.training, note="another note"))
    fresh = clusters(10, seed=2).features
    assert np.array_equal(predict(renamed, fresh).verdicts, predict(model, fresh).verdicts)
