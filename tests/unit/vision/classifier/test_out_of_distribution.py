"""New to me: strangers are told by what the known directions leave unsaid, and known photos are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.vision.classifier.model import FORMAT, Model
from flowersorter.vision.classifier.out_of_distribution import NEVER, detector_of_references, threshold_from
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.features.packed import pack
from tests.unit.vision.gaussian_clusters import WIDTH, clusters, examples_of, learned


def share_of_new(model: Model, embeddings: NDArray[np.float64]) -> float:
    return float((predict(model, pack(embeddings)).verdicts == Verdict.UNKNOWN).mean())


def strangers() -> NDArray[np.float64]:
    return np.random.default_rng(4).random((50, WIDTH)) ** 8


def test_strangers_are_new_and_known_photos_mostly_are_not() -> None:
    model = learned(clusters(50, spread=0.3)).model
    fresh = clusters(100, spread=0.3, seed=1).features
    assert share_of_new(model, strangers()) > 0.9
    assert (predict(model, fresh).verdicts == Verdict.UNKNOWN).mean() < 0.1


@pytest.mark.parametrize("per_class", [20, 60, 300])
def test_two_photos_in_a_hundred_are_taken_for_strangers(per_class: int) -> None:
    """Axes that were found with the photo itself would promise this and not keep it."""
    model = learned(clusters(per_class, spread=1.0, width=512)).model
    fresh = clusters(500, spread=1.0, seed=1, width=512).features
    assert (predict(model, fresh).verdicts == Verdict.UNKNOWN).mean() < 0.045


def test_the_classes_weigh_the_same_in_what_is_known() -> None:
    """A new photo of a class with few labels is not a stranger because another class has many."""
    many, few = clusters(400, spread=0.4), clusters(25, spread=0.4, seed=5)
    rows = np.concatenate([np.flatnonzero(many.targets == 0), 1200 + np.flatnonzero(few.targets > 0)])
    both = np.concatenate([many.features.unpack(), few.features.unpack()])[rows]
    targets = np.concatenate([many.targets, few.targets])[rows]
    model = learned(examples_of(pack(np.square(both)), targets)).model
    fresh = clusters(300, spread=0.4, seed=6)
    small = fresh.features.take(fresh.targets > 0)
    assert (predict(model, small).verdicts == Verdict.UNKNOWN).mean() < 0.15


def test_what_is_unfamiliar_is_not_sure_however_confident_the_guess() -> None:
    model = learned(clusters(200, spread=0.8)).model
    fresh = clusters(300, spread=0.8, seed=1).features
    said = predict(model, fresh)
    confident = said.probabilities.max(axis=1) >= model.thresholds.sure
    unfamiliar = confident & (said.ood_score > model.ood_detector.familiar)
    assert 0.02 < (said.ood_score > model.ood_detector.familiar).mean() < 0.2
    assert set(said.verdicts[confident & ~unfamiliar].tolist()) == {Verdict.SURE}
    assert unfamiliar.any()
    assert set(said.verdicts[unfamiliar].tolist()) <= {Verdict.LIKELY, Verdict.UNKNOWN}


def test_while_there_are_too_few_photos_to_measure_with_nothing_is_new() -> None:
    model = learned(clusters(2)).model
    assert model.ood_detector.threshold == NEVER
    assert share_of_new(model, strangers()) == 0


def test_a_handful_of_photos_leaves_room_for_others() -> None:
    ood_score = np.array([0.4, 0.5, 0.6], np.float32)
    assert threshold_from(ood_score, 0.02) == pytest.approx(0.6 + ood_score.std())
    many = np.linspace(0, 1, 1001, dtype=np.float32)
    assert threshold_from(many, 0.02) == pytest.approx(0.98)
    assert threshold_from(np.empty(0, np.float32), 0.02) == NEVER


def old_model(references: NDArray[np.float32]) -> Model:
    """As the first version of the program saved it: with the features of photos instead of their directions."""
    arrays, metadata = learned(clusters(50, spread=0.3)).model.to_bundle()
    for name in [name for name in arrays if name.startswith("novelty_")]:
        del arrays[name]
    del metadata["unfamiliarity"]
    arrays["references"] = references.astype(np.float16)
    return Model.from_bundle(arrays, {**metadata, "format": 1, "familiarity": 0.8})


def test_a_model_of_the_first_format_still_tells_strangers() -> None:
    model = old_model(clusters(50, spread=0.3).features.unpack())
    assert share_of_new(model, strangers()) > 0.9
    assert (predict(model, clusters(100, spread=0.3, seed=1).features).verdicts == Verdict.UNKNOWN).mean() < 0.1
    assert Model.from_bundle(*model.to_bundle()).to_bundle()[1]["format"] == FORMAT


@pytest.mark.parametrize(
    "references",
    [
        np.zeros((0, WIDTH)),
        np.zeros((3, WIDTH)),
        pack(np.ones((1, WIDTH))).unpack(),
        pack(np.ones((9, WIDTH))).unpack(),
    ],
    ids=["none", "zeros", "one", "all alike"],
)
def test_whatever_a_model_of_the_first_format_remembers_it_can_be_read(references: NDArray[np.float32]) -> None:
    model = old_model(references)
    assert np.isfinite(model.ood_detector.threshold)
    assert predict(model, clusters(5).features).verdicts.shape == (15,)


def test_a_memory_of_many_photos_is_read_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.vision.classifier.out_of_distribution.SAMPLE", 100)
    rows = clusters(100, spread=0.3).features.unpack()
    few, all_ = detector_of_references(rows, 3), detector_of_references(rows[::3], 3)
    assert few.key == all_.key
    np.testing.assert_array_equal(few.directions, all_.directions)
