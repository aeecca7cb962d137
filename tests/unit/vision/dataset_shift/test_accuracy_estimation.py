"""Accuracy estimation without labels, and the confidence from which photos of a folder are sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.batch_novelty import PhotoSample
from flowersorter.vision.dataset_shift.accuracy_estimation import (
    LEAST_PHOTOS,
    NEVER_SURE,
    SURELY_KNOWN,
    FolderPredictions,
    agree_with_neighbours,
    estimate_accuracy,
    sure_thresholds_of,
)
from flowersorter.vision.features.packed import pack
from flowersorter.vision.features.pca import PCA


def _folder(agreed: NDArray[np.bool_], *, unfamiliar: float = 0.08) -> FolderPredictions:
    """Photos with confidences from 0.3 to 1, of which those from 0.8 on are sure so far."""
    photos = len(agreed)
    confidence = np.linspace(0.3, 0.9999, photos, dtype=np.float32)
    return FolderPredictions(
        confidence=confidence,
        unfamiliar=np.arange(photos) < unfamiliar * photos,
        unknown=np.zeros(photos, np.float32),
        suggested=np.ones(photos, np.bool_),
        sure=confidence >= 0.8,
        agreed=agreed,
    )


def test_a_folder_like_the_labelled_photos_keeps_the_threshold() -> None:
    estimate = estimate_accuracy(_folder(np.arange(200) >= 20), 0.91, 500, 0.97)
    assert estimate is not None
    assert estimate.accuracy == pytest.approx(0.9)
    assert (estimate.photos, estimate.differs, estimate.sure_from, estimate.agreed_only) == (200, False, 0, False)


def test_where_fewer_agree_photos_are_sure_from_a_higher_confidence() -> None:
    estimate = estimate_accuracy(_folder(np.arange(200) >= 60), 0.91, 500, 0.9)
    assert estimate is not None
    assert estimate.differs
    assert 0.8 < estimate.sure_from < 1
    lower = estimate_accuracy(_folder(np.arange(200) >= 80), 0.91, 500, 0.9)
    assert lower is not None
    assert lower.sure_from > estimate.sure_from


def test_where_no_confidence_reaches_the_target_precision_no_photo_is_sure() -> None:
    estimate = estimate_accuracy(_folder(np.arange(200) % 2 == 0), 0.91, 500, 0.97)
    assert estimate is not None
    assert estimate.sure_from == NEVER_SURE


def test_unfamiliar_photos_are_an_alarm_also_where_all_agree() -> None:
    agreed = np.ones(200, np.bool_)
    alarmed = estimate_accuracy(_folder(agreed, unfamiliar=0.3), 0.95, 500, 0.97)
    usual = estimate_accuracy(_folder(agreed, unfamiliar=0.1), 0.95, 500, 0.97)
    assert alarmed is not None
    assert usual is not None
    assert (alarmed.differs, usual.differs) == (True, False)


def test_sure_photos_on_which_neighbours_disagree_are_doubted_without_a_sentence() -> None:
    agreed = np.ones(200, np.bool_)
    agreed[150:200:5] = False
    estimate = estimate_accuracy(_folder(agreed), 0.95, 500, 0.97)
    assert estimate is not None
    assert (estimate.differs, estimate.sure_from, estimate.agreed_only) == (False, 0, True)


def test_unknown_photos_do_not_count_as_right() -> None:
    folder = _folder(np.ones(100, np.bool_))
    folder.agreed[:50] = False
    folder.suggested[:50] = False
    estimate = estimate_accuracy(folder, None, 0, 0.97)
    assert estimate is not None
    assert (estimate.photos, estimate.accuracy, estimate.held_out) == (50, 1.0, None)


def _beside_unknown(suggested: int, unknown: int, confidence: float, agreed: int) -> FolderPredictions:
    """Familiar photos, all sure of one confidence, of which some agree; and unknown ones of low confidence."""
    photos = suggested + unknown
    known = np.arange(photos) < suggested
    return FolderPredictions(
        confidence=np.where(known, confidence, 0.4).astype(np.float32),
        unfamiliar=np.zeros(photos, np.bool_),
        unknown=np.where(known, 0, 0.95).astype(np.float32),
        suggested=known,
        sure=known,
        agreed=np.arange(photos) < agreed,
    )


@pytest.mark.parametrize("unknown", [0, 100])
def test_unknown_photos_do_not_keep_the_others_sure(unknown: int) -> None:
    estimate = estimate_accuracy(_beside_unknown(100, unknown, 0.95, agreed=85), 0.95, 500, 0.9)
    assert estimate is not None
    assert (estimate.differs, estimate.sure_from) == (True, NEVER_SURE)


@pytest.mark.parametrize("unknown", [0, 1000])
def test_the_sampling_error_is_that_of_the_known_photos(unknown: int) -> None:
    estimate = estimate_accuracy(_beside_unknown(30, unknown, 0.9, agreed=24), None, 0, 0.97)
    assert estimate is not None
    assert not estimate.differs


def test_a_few_unfamiliar_photos_may_be_chance() -> None:
    few = estimate_accuracy(_folder(np.ones(24, np.bool_), unfamiliar=4 / 24), None, 0, 0.97)
    many = estimate_accuracy(_folder(np.ones(240, np.bool_), unfamiliar=4 / 24), None, 0, 0.97)
    assert few is not None
    assert many is not None
    assert (few.differs, many.differs) == (False, True)


def test_a_photo_that_may_be_unknown_is_not_sure_unless_the_labels_of_its_folder_say_so() -> None:
    folder = replace(
        _folder(np.ones(4, np.bool_)), unknown=np.array([0, 1, 2, 40], np.float32) * np.float32(SURELY_KNOWN)
    )
    assert sure_thresholds_of(folder, None).tolist() == pytest.approx([0, 0, NEVER_SURE, NEVER_SURE])
    labelled = replace(folder, by_folder=np.array([False, True, True, False]))
    assert sure_thresholds_of(labelled, None).tolist() == pytest.approx([0, 0, 0, NEVER_SURE])


def test_where_agreement_decides_the_others_are_not_sure() -> None:
    folder = _folder(np.arange(200) % 8 > 0)
    estimate = estimate_accuracy(folder, 0.95, 500, 0.9)
    assert estimate is not None
    assert estimate.agreed_only
    thresholds = sure_thresholds_of(folder, estimate)
    np.testing.assert_allclose(thresholds, np.where(folder.agreed, estimate.sure_from, NEVER_SURE))


@pytest.mark.parametrize("photos", [0, 1, LEAST_PHOTOS - 1])
def test_a_handful_of_photos_is_not_judged(photos: int) -> None:
    assert estimate_accuracy(_folder(np.ones(photos, np.bool_)), 0.9, 500, 0.97) is None


def test_a_folder_of_unknown_photos_only_is_not_judged() -> None:
    folder = _folder(np.ones(100, np.bool_))
    folder.suggested[:] = False
    assert estimate_accuracy(folder, 0.9, 500, 0.97) is None


def _samples(shift: float, seed: int = 0) -> tuple[PhotoSample, PhotoSample]:
    """Labelled photos of three classes, and a folder of the same ones that is moved; it is predicted as class 7."""
    fixed, draw = np.random.default_rng(5), np.random.default_rng(seed)
    centres, moved = fixed.standard_normal((3, 64)), fixed.standard_normal(64)
    classes = np.tile([3, 7, 9], 40)
    rows = 4 + 2 * np.tile(centres, (40, 1)) + draw.standard_normal((120, 64))
    others = 4 + 2 * np.tile(centres, (40, 1)) + draw.standard_normal((120, 64)) + shift * moved
    features = [pack(np.square(np.maximum(points, 0))) for points in (rows, others)]
    axes = PCA.of(features[0].unpack(), 8, 0)
    labelled, folder = (PhotoSample(each, axes.project(each), classes) for each in features)
    return labelled, folder


def test_right_predictions_agree_with_their_neighbours_and_wrong_ones_do_not() -> None:
    labelled, folder = _samples(0.3)
    wrong = PhotoSample(folder.features, folder.coordinates, np.full(120, 7))
    assert agree_with_neighbours(labelled, folder, CancelToken()).mean() > 0.95
    assert np.array_equal(agree_with_neighbours(labelled, wrong, CancelToken()), folder.classes == 7)
