"""The head: what it learns, how it is measured, and what a model survives on its way to disk and back."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled, ModelFileBad, TooFewPhotos
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.calibration import CAUTIOUS, CAUTIOUS_BEFORE
from flowersorter.vision.classifier.fit import fit
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.classifier.training_state import Examples
from flowersorter.vision.export.linear_head import fit_plain_head
from flowersorter.vision.features.packed import Features, join, pack
from tests.unit.vision.gaussian_clusters import NAMES, WIDTH, clusters, examples_of, learned, with_bursts


def test_a_head_tells_classes_apart_that_it_never_saw() -> None:
    fitted = learned(clusters(40))
    fresh = clusters(200, seed=1)
    predicted = predict(fitted.model, fresh.features).probabilities.argmax(axis=1)
    assert (predicted == fresh.targets).mean() > 0.9


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
    features = join([many.features.take(many.targets == 0), few.features.take(few.targets == 1)])
    model = learned(examples_of(features, np.repeat([0, 1], [200, 20]))).model
    fresh = clusters(500, classes=2, spread=1.0, seed=9)
    predicted = predict(model, fresh.features).probabilities.argmax(axis=1)
    recalls = [(predicted[fresh.targets == c] == c).mean() for c in (0, 1)]
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


def test_a_fit_can_be_cancelled_wherever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many looks at the token, in every part: no part of it makes a person wait who has changed their mind."""
    examples = with_bursts(clusters(400, spread=1.0), copies=1)
    places: set[str] = set()
    check = CancelToken.check

    def seen(self: CancelToken) -> None:
        places.add(sys._getframe(1).f_code.co_qualname)
        check(self)

    monkeypatch.setattr(CancelToken, "check", seen)
    learned(examples)
    for part in ("PCA.project", "near_duplicate_groups", "Solver._loss"):
        assert any(place.startswith(part) for place in places), part


def test_photos_all_alike_do_not_break_the_fit() -> None:
    features = pack(np.ones((10, WIDTH)))
    fitted = learned(examples_of(features, np.arange(10) % 2))
    assert np.isfinite(fitted.model.weight).all()
    assert np.isfinite(predict(fitted.model, features).probabilities).all()


def test_only_the_persons_photos_count_in_the_accuracy() -> None:
    easy, hard = clusters(50, spread=0.3), clusters(20, spread=0.3, seed=7)
    wrong = (hard.targets + 1) % 3  # the person's labels contradict the starter's
    both = Examples(
        np.arange(210),
        join([easy.features, hard.features]),
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


def test_a_photo_is_never_judged_by_a_model_that_saw_its_near_copy() -> None:
    """Labels drawn by lot, the same for all photos of a burst: known only to who saw another one of it."""
    bursts = clusters(60, classes=1, spread=1.0)
    by_lot = np.random.default_rng(1).integers(0, 2, 60)
    again = with_bursts(Examples(bursts.ids, bursts.features, by_lot, bursts.own), copies=4)
    held_out = learned(again).held_out
    assert len(held_out.rows) == len(again.targets)
    assert held_out.right.mean() < 0.65


def test_a_model_comes_back_from_its_bundle_as_it_was() -> None:
    model = learned(clusters(30)).model
    back = Model.from_bundle(*model.to_bundle())
    fresh = clusters(10, seed=2).features
    assert np.array_equal(predict(back, fresh).probabilities, predict(model, fresh).probabilities)
    assert np.array_equal(predict(back, fresh).verdicts, predict(model, fresh).verdicts)
    assert back.class_names == model.class_names
    assert back.training == model.training


def test_the_cautious_thresholds_of_an_earlier_version_become_those_of_now() -> None:
    few = replace(learned(clusters(30)).model, thresholds=CAUTIOUS_BEFORE)
    assert Model.from_bundle(*few.to_bundle()).thresholds == CAUTIOUS
    measured = replace(few, thresholds=replace(CAUTIOUS_BEFORE, sure_at=((0.97, CAUTIOUS_BEFORE.sure),)))
    assert Model.from_bundle(*measured.to_bundle()).thresholds == measured.thresholds


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
        _without("unfamiliarity"),
        {"unfamiliarity": float("inf")},
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
        ("novelty_axes", np.zeros((4, 3), np.float16)),
        ("novelty_axes", np.zeros(WIDTH, np.float16)),
        ("novelty_axes", np.full((4, WIDTH), np.nan, np.float16)),
        ("novelty_centre", np.zeros(3, np.float32)),
        ("novelty_centre", np.zeros((1, WIDTH), np.float32)),
    ],
)
def test_a_model_with_damaged_arrays_is_refused(name: str, array: NDArray[np.float32]) -> None:
    arrays, metadata = learned(clusters(5)).model.to_bundle()
    with pytest.raises(ModelFileBad):
        Model.from_bundle({**arrays, name: array}, metadata)


def test_features_have_length_one() -> None:
    np.testing.assert_allclose(np.linalg.norm(pack(np.full((2, 4), 2.0)).unpack(), axis=1), 1.0, rtol=1e-6)
    assert not pack(np.zeros((1, 4))).unpack().any()


def test_a_model_ignores_who_trained_it_when_it_predicts() -> None:
    model = learned(clusters(10)).model
    renamed = replace(model, training=replace(model.training, note="another note"))
    fresh = clusters(10, seed=2).features
    assert np.array_equal(predict(renamed, fresh).verdicts, predict(model, fresh).verdicts)


def test_the_whole_collection_is_multiplied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = learned(clusters(10)).model
    shapes: list[tuple[int, ...]] = []
    times = Features.matmul

    def counted(self: Features, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        shapes.append((len(self), *matrix.shape))
        return times(self, matrix)

    monkeypatch.setattr(Features, "matmul", counted)
    predict(model, clusters(400).features)
    assert len(shapes) == 1
    assert shapes[0][0] == 1200


def test_no_photos_get_no_predictions() -> None:
    predictions = predict(learned(clusters(10)).model, clusters(1).features.take(slice(0, 0)))
    assert predictions.probabilities.shape == (0, 3)
    assert predictions.verdicts.shape == (0,)


def test_a_head_on_raw_features_needs_no_square_root() -> None:
    embeddings = np.random.default_rng(0).gamma(1.0, 1.0, (200, WIDTH))
    targets = np.arange(200) % 2
    embeddings[targets == 1, :20] += 1.5
    examples = examples_of(pack(embeddings), targets)
    head = fit_plain_head(examples, embeddings.sum(axis=1).astype(np.float32), 2, CancelToken())
    assert head.held_out_accuracy is not None
    assert head.held_out_accuracy > 0.9
    assert ((embeddings @ head.weight.T + head.bias).argmax(axis=1) == targets).mean() > 0.95
