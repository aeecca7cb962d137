"""A folder adapts its predictions to its photos: the classes it has, the shift of all of them, their neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.domain.verdict import Verdict
from flowersorter.errors import ModelFileBad
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.model import Model
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.dataset_shift.folder_adaptation import LEAST_PHOTOS, connect, folder_bias, follow_neighbours
from flowersorter.vision.features.packed import pack
from flowersorter.vision.parallel import ThreadPool
from tests.unit.vision.gaussian_clusters import clusters, learned

CLASSES = 5
#: Mean calibrated logits of the photos of each class.
MEANS = (4.0 * np.eye(CLASSES)).astype(np.float32)


def drawn(
    counts: tuple[int, ...], shift: tuple[float, ...] = (0.0,) * CLASSES
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Calibrated logits of so many photos of each class, all of them moved alike, and their classes."""
    targets = np.repeat(np.arange(CLASSES), counts)
    noise = np.random.default_rng(7).standard_normal((len(targets), CLASSES))
    logits = MEANS[targets] + 2 * noise + np.array(shift)
    return logits.astype(np.float32), targets


def familiar(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.zeros(len(logits), np.float32)


def accuracy(logits: NDArray[np.float32], targets: NDArray[np.intp]) -> float:
    return float((logits.argmax(axis=1) == targets).mean())


def test_an_even_folder_like_the_labelled_photos_stays_as_it_is() -> None:
    logits, targets = drawn((60,) * CLASSES)
    bias = folder_bias(logits, familiar(logits), MEANS)
    assert np.abs(bias).max() < 0.3
    assert accuracy(logits + bias, targets) >= accuracy(logits, targets) - 0.01


@pytest.mark.parametrize("counts", [(150, 150, 0, 0, 0), (200, 60, 20, 10, 10)])
def test_the_frequent_classes_of_a_folder_are_predicted_more_often(counts: tuple[int, ...]) -> None:
    logits, targets = drawn(counts)
    bias = folder_bias(logits, familiar(logits), MEANS)
    assert accuracy(logits + bias, targets) > accuracy(logits, targets) + 0.03
    assert bias[counts.index(min(counts))] < -0.5 < bias[0]


def test_a_shift_of_all_photos_is_subtracted_where_the_held_out_means_are_known() -> None:
    logits, targets = drawn((60,) * CLASSES, shift=(1.5, 0.8, 0.0, -0.8, -1.5))
    adapted = logits + folder_bias(logits, familiar(logits), MEANS)
    assert accuracy(adapted, targets) > accuracy(logits, targets) + 0.02
    assert accuracy(adapted, targets) > accuracy(logits + folder_bias(logits, familiar(logits), None), targets)


def test_too_few_familiar_photos_say_nothing_of_a_folder() -> None:
    logits, _ = drawn((60, 0, 0, 0, 0))
    strange = np.where(np.arange(len(logits)) < LEAST_PHOTOS - 1, 0, 3).astype(np.float32)
    assert not folder_bias(logits, strange, MEANS).any()
    assert folder_bias(logits[:LEAST_PHOTOS], familiar(logits[:LEAST_PHOTOS]), MEANS).any()


def test_a_constant_of_a_row_changes_nothing() -> None:
    logits, _ = drawn((100, 50, 20, 10, 5))
    moved = logits + np.linspace(-5, 5, len(logits), dtype=np.float32)[:, None]
    bias = folder_bias(logits, familiar(logits), MEANS)
    assert np.allclose(folder_bias(moved, familiar(moved), MEANS), bias, atol=1e-3)


def pulled(noise: bool) -> tuple[float, float, NDArray[np.float32], NDArray[np.float32]]:
    """Weak logits of photos of three clusters, and what their neighbours make of them; with noise for features."""
    some, others = clusters(8, spread=0.2, seed=1), clusters(60, spread=0.2, seed=2)
    features, labelled = others.features, some.features
    if noise:
        draw = np.random.default_rng(0)
        features, labelled = pack(draw.random((180, 64))), pack(draw.random((24, 64)))
    logits = np.eye(3)[others.targets] + np.random.default_rng(3).standard_normal((180, 3))
    weak = logits.astype(np.float32)
    with ThreadPool() as pool:
        graph = connect(labelled, features, pool, CancelToken())
        found = follow_neighbours(weak, graph, np.eye(3, dtype=np.float32)[some.targets], pool, CancelToken())
    return accuracy(weak, others.targets), accuracy(found, others.targets), weak, found


def test_photos_follow_the_classes_of_their_neighbours() -> None:
    before, after, _, found = pulled(noise=False)
    assert after > before + 0.15
    assert np.isfinite(found).all()


def test_outputs_of_one_class_share_the_pull_of_its_labels() -> None:
    some, others = clusters(8, spread=0.2, seed=1), clusters(60, spread=0.2, seed=2)
    logits = np.zeros((180, 4), np.float32)  # the first and the last output mean the first class
    labels = np.eye(4, dtype=np.float32)[some.targets]
    labels[some.targets == 0] = (0.5, 0, 0, 0.5)
    with ThreadPool() as pool:
        graph = connect(some.features, others.features, pool, CancelToken())
        found = follow_neighbours(logits, graph, labels, pool, CancelToken())
    of_first = softmax(found)[others.targets == 0]
    assert np.allclose(of_first[:, 0], of_first[:, 3])
    assert (of_first[:, 0] + of_first[:, 3]).min() > 0.5


def test_features_that_say_nothing_pull_nothing() -> None:
    before, after, weak, found = pulled(noise=True)
    assert abs(after - before) < 0.03
    assert np.abs(softmax(weak) - softmax(found)).mean() < 0.05


def test_a_folder_takes_sure_back_but_never_gives_it() -> None:
    model = learned(clusters(60, seed=1)).model
    features = clusters(40, spread=0.7, seed=2).features
    alone = predict(model, features)
    sure = alone.verdicts == Verdict.SURE
    predictions = alone.probabilities.argmax(axis=1)
    assert 10 < sure.sum() < 110
    agreeing, opposing = (np.eye(3, dtype=np.float32)[(predictions + other) % 3] * 200 for other in (0, 1))
    same, moved = (predict(model, features, terms=terms) for terms in (agreeing, opposing))
    assert np.array_equal(same.verdicts == Verdict.SURE, sure)
    assert not (moved.verdicts == Verdict.SURE).any()
    assert (moved.probabilities.argmax(axis=1) == (predictions + 1) % 3).all()
    assert np.array_equal(moved.ood_score, alone.ood_score), "how strange a photo is does not depend on its folder"
    unknown = alone.verdicts == Verdict.UNKNOWN
    assert np.array_equal(same.verdicts == Verdict.UNKNOWN, unknown)


def test_a_model_remembers_the_mean_logits_of_its_held_out_photos() -> None:
    fitted = learned(clusters(20, spread=1.0, seed=1))
    model, held_out = fitted.model, fitted.held_out
    assert model.class_logits is not None
    of_second = held_out.logits[held_out.targets == 1].mean(axis=0) / model.temperature
    assert np.allclose(model.class_logits[1], of_second, atol=1e-4)
    arrays, metadata = model.to_bundle()
    again = Model.from_bundle(arrays, metadata).class_logits
    assert again is not None
    assert np.array_equal(again, model.class_logits)
    older = {name: array for name, array in arrays.items() if name != "class_logits"}
    assert Model.from_bundle(older, metadata).class_logits is None
    with pytest.raises(ModelFileBad):
        Model.from_bundle(arrays | {"class_logits": np.zeros((2, 2))}, metadata)


def test_a_class_that_was_not_held_out_has_no_mean_logits() -> None:
    examples = clusters(20, seed=1)
    kept = np.flatnonzero((examples.targets != 2) | (np.cumsum(examples.targets == 2) <= 2))
    few = replace(
        examples,
        ids=examples.ids[kept],
        features=examples.features.take(kept),
        targets=examples.targets[kept],
        own=examples.own[kept],
    )
    assert learned(few).model.class_logits is None
