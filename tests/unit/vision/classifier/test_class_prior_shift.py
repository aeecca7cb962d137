"""Class bias: held-out photos give classes of few photos their due, and no photo decides about itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier import fit as fit_module
from flowersorter.vision.classifier.calibration import softmax
from flowersorter.vision.classifier.class_prior_shift import correct_class_prior
from flowersorter.vision.classifier.predict import predict
from flowersorter.vision.export.linear_head import fit_plain_head
from tests.unit.vision.gaussian_clusters import NAMES, clusters, examples_of, learned

Logits = NDArray[np.float32]


def shy(counts: tuple[int, ...], shyness: float, seed: int = 0) -> tuple[Logits, NDArray[np.intp], NDArray[np.intp]]:
    """Calibrated logits of photos of some classes, then the first class named too rarely by so much."""
    draw = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(counts)), counts)
    logits = 1.5 * draw.standard_normal((len(targets), len(counts)))
    logits[np.arange(len(targets)), targets] += 2.25  # for two normal clouds the logarithm of their odds
    logits[:, 0] -= shyness
    return logits.astype(np.float32), targets, draw.integers(0, 5, len(targets))


def recalls(logits: Logits, targets: NDArray[np.intp]) -> NDArray[np.float64]:
    right = logits.argmax(axis=1) == targets
    return np.array([right[targets == number].mean() for number in range(logits.shape[1])])


@pytest.mark.parametrize("counts", [(400, 400, 400), (60, 400, 400), (2000, 9000, 9000)])
def test_a_class_named_too_rarely_is_named_as_often_as_others(counts: tuple[int, ...]) -> None:
    logits, targets, folds = shy(counts, 1.5)
    assert recalls(logits, targets)[0] < 0.75 * recalls(logits, targets)[1:].mean()
    corrected, bias = correct_class_prior(logits, targets, folds)
    assert recalls(corrected, targets)[0] == pytest.approx(recalls(corrected, targets)[1:].mean(), abs=0.08)
    assert bias[0] - bias[1:].mean() == pytest.approx(1.5, abs=0.4)


def test_the_fewer_there_are_to_tell_the_less_is_believed() -> None:
    strength = [
        np.mean([np.ptp(correct_class_prior(*shy((n, 200, 200), 1.5, seed))[1]) for seed in range(20)])
        for n in (3, 12, 100)
    ]
    assert strength[0] < strength[1] < strength[2]


def test_where_nothing_is_wrong_hardly_anything_is_changed() -> None:
    logits, targets, folds = shy((300, 300, 300), 0.0)
    _, bias = correct_class_prior(logits, targets, folds)
    assert np.abs(bias).max() < 0.25


def test_it_is_the_likeliest_bias_for_classes_that_count_alike() -> None:
    """Far from the prior's reach the shares named and the shares there are agree, class by class."""
    logits, targets, folds = shy((3000, 1000, 500), 1.0)
    _, bias = correct_class_prior(logits, targets, folds)
    shares = softmax(logits + bias)
    named = np.array([shares[targets == number].mean(axis=0) for number in range(3)]).mean(axis=0)
    assert named == pytest.approx(np.full(3, 1 / 3), abs=0.01)


def test_no_photo_has_a_say_in_its_own_correction() -> None:
    logits, targets, folds = shy((40, 60, 60), 1.0)
    before, _ = correct_class_prior(logits, targets, folds)
    here = folds == 2
    swapped = targets.copy()
    swapped[here] = np.random.default_rng(1).permutation(swapped[here])
    after, _ = correct_class_prior(logits, swapped, folds)
    difference_here, difference_elsewhere = (np.abs(after - before)[rows].max() for rows in (here, ~here))
    assert difference_here < 0.05, "only the temperature, a number that all photos have in common"
    assert difference_elsewhere > 2 * difference_here


def test_a_class_nobody_could_hold_out_stays_as_it_is() -> None:
    logits, targets, folds = shy((50, 100, 100), 1.0)
    there = targets != 2
    corrected, bias = correct_class_prior(logits[there], targets[there], folds[there])
    assert bias[2] == 0
    assert (corrected[:, 2] == logits[there][:, 2]).all()
    assert bias[0] > bias[1]


@pytest.mark.parametrize("photos", [0, 1, 2])
def test_of_next_to_nothing_nothing_is_learned(photos: int) -> None:
    logits, targets, folds = shy((1, 1, 1), 0.5)
    corrected, bias = correct_class_prior(logits[:photos], targets[:photos], folds[:photos])
    assert corrected.shape == (photos, 3)
    assert np.isfinite(corrected).all()
    assert np.isfinite(bias).all()


def test_logits_beyond_all_measure_are_survived() -> None:
    logits, targets, folds = shy((5, 50, 50), 0.0)
    corrected, bias = correct_class_prior(logits * np.float32(1e6), targets, folds)
    assert np.isfinite(corrected).all()
    assert np.isfinite(bias).all()


def test_a_small_class_beside_large_ones_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, new = clusters(160, spread=1.0), clusters(300, spread=1.0, seed=5)
    keep = (whole.targets != 0) | (np.arange(len(whole.targets)) < 8)
    few = examples_of(whole.features.take(keep), whole.targets[keep])

    def found() -> NDArray[np.float64]:
        return recalls(predict(learned(few).model, new.features).probabilities, new.targets)

    with_bias = found()
    with monkeypatch.context() as without:
        without.setattr(fit_module, "correct_class_prior", lambda logits, *_: (logits, np.zeros(3, np.float32)))
        alone = found()
    assert with_bias[0] > alone[0] + 0.1
    assert with_bias.mean() > alone.mean() + 0.02


def test_a_plain_head_gives_them_their_due_too() -> None:
    whole, new = clusters(160, spread=1.0), clusters(300, spread=1.0, seed=5)
    keep = (whole.targets != 0) | (np.arange(len(whole.targets)) < 8)
    few = examples_of(whole.features.take(keep), whole.targets[keep])
    head = fit_plain_head(few, np.ones(len(few.ids), np.float32), len(NAMES), CancelToken())
    logits = np.square(new.features.unpack()) @ head.weight.T + head.bias
    assert recalls(logits, new.targets)[0] > 0.6 * recalls(logits, new.targets)[1:].mean()
