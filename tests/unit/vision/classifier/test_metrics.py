"""The figures: metrics, calibration and verdict thresholds against values worked out by hand or by their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowersorter.domain.figures import wilson_interval
from flowersorter.domain.verdict import DEFAULT_SURE_PRECISION, SURE_PRECISIONS
from flowersorter.vision.classifier.calibration import (
    CAUTIOUS,
    WEAK_PRIOR,
    HeldOutLoss,
    TemperaturePrior,
    fit_temperature,
    fit_thresholds,
    softmax,
)
from flowersorter.vision.classifier.metrics import (
    calibration_bins,
    confusion_matrix,
    expected_calibration_error,
    precision,
    recall,
)


def test_confusion_recall_and_precision_of_a_small_case() -> None:
    true = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 1, 1])
    confusion = confusion_matrix(true, predicted, 4)
    assert confusion.tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(recall(confusion), [2 / 3, 1, 0, np.nan])
    np.testing.assert_allclose(precision(confusion), [1, 0.5, np.nan, np.nan])


def test_wilson_interval_of_a_known_case() -> None:
    # 8 of 10: 0.490 to 0.943 (Newcombe, 1998, table I gives the method's worked figures).
    low, high = wilson_interval(8, 10)
    assert low == pytest.approx(0.4902, abs=1e-3)
    assert high == pytest.approx(0.9433, abs=1e-3)
    assert wilson_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_stays_in_bounds(case: tuple[int, int]) -> None:
    right, photos = case
    low, high = wilson_interval(right, photos)
    assert 0 <= low <= right / photos + 1e-12
    assert right / photos - 1e-12 <= high <= 1


def test_calibration_error_of_a_case_worked_by_hand() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55], np.float32)
    right = np.array([True, True, True, False])
    bins = calibration_bins(confidence, right)
    assert [b.photos for b in bins] == [2, 2]
    assert expected_calibration_error(bins) == pytest.approx(0.05, abs=1e-6)
    assert expected_calibration_error(()) == 0


@pytest.mark.parametrize("true_temperature", [0.3, 1.0, 4.0])
def test_temperature_is_found_again(true_temperature: float) -> None:
    draw = np.random.default_rng(1)
    logits = draw.standard_normal((20_000, 4)).astype(np.float32) * 2
    chances = softmax(logits)
    targets = (chances.cumsum(axis=1) > draw.random((len(chances), 1))).argmax(axis=1)
    found = fit_temperature(HeldOutLoss(logits * np.float32(true_temperature), targets))
    assert found == pytest.approx(true_temperature, rel=0.05)


def test_few_held_out_photos_move_the_temperature_little_from_its_prior_and_many_do() -> None:
    draw, prior = np.random.default_rng(4), TemperaturePrior(np.log(2.0), photos=30)

    def found(photos: int, of: TemperaturePrior) -> float:
        logits = draw.standard_normal((photos, 4)).astype(np.float32) * 2
        targets = (softmax(logits).cumsum(axis=1) > draw.random((photos, 1))).argmax(axis=1)
        return float(np.log(fit_temperature(HeldOutLoss(logits * 2, targets, of))))

    weak, strong = (np.array([found(25, of) for _ in range(30)]) for of in (WEAK_PRIOR, prior))
    assert strong.std() < 0.6 * weak.std()
    assert abs(strong.mean() - np.log(2)) < 0.1
    assert found(20_000, TemperaturePrior(np.log(20.0), photos=30)) == pytest.approx(np.log(2), abs=0.05)


def test_held_out_loss_is_the_logarithm_of_the_softmax() -> None:
    logits = np.random.default_rng(2).standard_normal((50, 3)).astype(np.float32) * 5
    targets = np.arange(50) % 3
    expected = -np.log(softmax(logits / np.float32(2.5))[np.arange(50), targets])
    np.testing.assert_allclose(HeldOutLoss(logits, targets).at(2.5), expected, rtol=1e-4, atol=1e-6)


def test_sure_keeps_its_target_precision_on_other_photos_of_the_same_kind() -> None:
    draw = np.random.default_rng(3)
    confidence = draw.random((2, 5000)).astype(np.float32)
    right = draw.random((2, 5000)) < confidence
    thresholds = fit_thresholds(confidence[0], right[0])
    sure = confidence[1] >= thresholds.at_precision(0.9).sure
    assert sure.sum() > 500
    assert right[1][sure].mean() > 0.88


def test_a_higher_target_precision_calls_fewer_sure() -> None:
    draw = np.random.default_rng(3)
    confidence = np.sqrt(draw.random((2, 20000))).astype(np.float32)
    right = draw.random((2, 20000)) < confidence
    thresholds = fit_thresholds(confidence[0], right[0])
    assert thresholds == thresholds.at_precision(DEFAULT_SURE_PRECISION)
    begins = [thresholds.at_precision(target).sure for target in SURE_PRECISIONS]
    assert begins == sorted(set(begins))
    for target, begin in zip(SURE_PRECISIONS, begins, strict=True):
        assert right[1][confidence[1] >= begin].mean() > target - 0.01
    assert thresholds.at_precision(0.5) is thresholds, "nobody measured that"


def test_what_can_not_be_sure_does_not_count_for_the_target_precision() -> None:
    confidence = np.linspace(0.5, 1, 1000, dtype=np.float32)
    familiar = np.arange(1000) % 4 > 0
    thresholds = fit_thresholds(confidence, familiar, familiar)
    assert thresholds.sure == confidence[1:2].item(), "all familiar ones are right"
    assert fit_thresholds(confidence, familiar).sure > 1, "no confidence keeps the precision if they may be sure too"


def test_nothing_is_sure_where_no_confidence_deserves_it() -> None:
    confidence = np.linspace(0, 1, 200, dtype=np.float32)
    thresholds = fit_thresholds(confidence, np.arange(200) % 2 == 0)
    assert not (confidence >= thresholds.sure).any()


def test_few_photos_get_cautious_thresholds() -> None:
    assert fit_thresholds(np.ones(10, np.float32), np.ones(10, np.bool_)) == CAUTIOUS
    assert CAUTIOUS.sure == DEFAULT_SURE_PRECISION, "no photo is sure whose confidence is less than what sure promises"


def test_photos_of_one_confidence_are_sure_together_or_not_at_all() -> None:
    right = np.arange(200) < 150
    assert fit_thresholds(np.ones(200, np.float32), right).sure > 1
    confidence = np.where(np.arange(200) < 100, 1.0, 0.9).astype(np.float32)
    assert fit_thresholds(confidence, right).sure == 1
