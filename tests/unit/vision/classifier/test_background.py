"""Photos near those called not mine are background, photos of the classes are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from flowersorter.errors import Cancelled
from flowersorter.jobs import CancelToken
from flowersorter.vision.classifier.background import BackgroundDetector
from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.vision.features.packed import Features, pack

WIDTH = 64


def cluster(seed: int, centre: int, count: int) -> NDArray[np.float32]:
    """(count, 64) features around a direction."""
    features = np.abs(np.random.default_rng(seed).normal(0, 0.05, (count, WIDTH)))
    features[:, centre] += 1
    return features.astype(np.float32)


@pytest.fixture
def known() -> Features:
    return pack(np.vstack([cluster(0, 0, 100), cluster(1, 20, 100)]))


CLASSES = np.repeat([0, 1], 100)


def test_photos_like_the_background_are_unknown_and_photos_of_the_classes_are_not(known: Features) -> None:
    detector = BackgroundDetector.fit(pack(cluster(2, 40, 5)), known, CLASSES, CancelToken())
    assert detector is not None
    others = detector.probabilities(pack(cluster(3, 40, 50)), CancelToken())
    assert (others > UNKNOWN).mean() > 0.95
    same = detector.probabilities(pack(np.vstack([cluster(4, 0, 100), cluster(5, 20, 100)])), CancelToken())
    assert (same > UNKNOWN).mean() < 0.03
    assert (same > MAYBE_UNKNOWN).mean() < 0.08


def test_other_photos_of_a_class_labelled_by_look_alikes_stay_known() -> None:
    """Look-alikes are more similar to one another than the rest of their class is to them."""
    narrow = np.where(np.isin(np.arange(WIDTH), (0, 20)), 1, 0.1)
    alike = pack((np.vstack([cluster(0, 0, 10), cluster(1, 20, 10)]) * narrow).astype(np.float32))
    background = pack(cluster(2, 40, 4))
    detector = BackgroundDetector.fit(background, alike, np.repeat([0, 1], 10), CancelToken())
    assert detector is not None
    rest = detector.probabilities(pack(np.vstack([cluster(4, 0, 100), cluster(5, 20, 100)])), CancelToken())
    assert (rest > UNKNOWN).mean() < 0.05
    others = detector.probabilities(pack(cluster(3, 40, 50)), CancelToken())
    assert (others > UNKNOWN).mean() > 0.9


def test_with_too_few_photos_there_is_nothing_to_compare(known: Features) -> None:
    assert BackgroundDetector.fit(known.take(slice(0, 0)), known, CLASSES, CancelToken()) is None
    assert BackgroundDetector.fit(known, known.take(slice(0, 3)), CLASSES[:3], CancelToken()) is None
    one = BackgroundDetector.fit(pack(cluster(2, 40, 1)), known, CLASSES, CancelToken())
    assert one is not None
    assert (one.probabilities(pack(cluster(3, 40, 50)), CancelToken()) > UNKNOWN).mean() > 0.9


def test_it_is_the_same_every_time_and_can_be_cancelled(known: Features) -> None:
    photos, background = pack(cluster(3, 40, 50)), pack(cluster(2, 40, 5))
    found = [BackgroundDetector.fit(background, known, CLASSES, CancelToken()) for _ in range(2)]
    first, second = (each.probabilities(photos, CancelToken()) for each in found if each is not None)
    assert np.array_equal(first, second)
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        BackgroundDetector.fit(background, known, CLASSES, stopped)
