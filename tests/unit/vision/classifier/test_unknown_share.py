"""The fraction of unknown photos in a folder is the prior of each of its photos."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowersorter.vision.classifier.predict import MAYBE_UNKNOWN, UNKNOWN
from flowersorter.vision.classifier.unknown_share import Reached, unknown_probabilities

KNOWN_STD, UNKNOWN_MEAN = 1.5, 1.8


def scores(known: int, unknown: int, seed: int = 0, mean: float = UNKNOWN_MEAN) -> NDArray[np.float32]:
    draw = np.random.default_rng(seed)
    return np.concatenate(
        [KNOWN_STD * draw.standard_normal(known) - 0.2, KNOWN_STD * draw.standard_normal(unknown) + mean]
    ).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("photos", [20, 50, 200])
def test_a_folder_of_known_photos_has_few_unknown_ones(photos: int, seed: int) -> None:
    assert unknown_probabilities(scores(photos, 0, seed)).mean() < 0.2


@pytest.mark.parametrize(("photos", "least"), [(20, 0.4), (50, 0.75), (200, 0.9)])
def test_the_more_photos_of_an_unknown_flower_the_more_of_them_are_unknown(photos: int, least: float) -> None:
    found = [(unknown_probabilities(scores(0, photos, seed)) > 0.5).mean() for seed in range(20)]
    assert np.mean(found) > least


def test_the_same_score_means_more_in_a_folder_of_unknown_photos() -> None:
    """That is what a prior is."""
    one = np.float32(1.2)
    among_known = unknown_probabilities(np.append(one, scores(100, 0)))[0]
    among_unknown = unknown_probabilities(np.append(one, scores(0, 100)))[0]
    assert among_known < 0.3
    assert among_unknown > 0.7


@pytest.mark.parametrize("unknown", [50, 100, 150])
def test_the_mean_probability_is_about_the_fraction(unknown: int) -> None:
    found = unknown_probabilities(scores(200 - unknown, unknown, mean=2.5))
    assert abs(found.mean() - unknown / 200) < 0.1


def test_the_comparison_decides_where_the_ood_score_cannot() -> None:
    weak = scores(100, 100, mean=1.0)
    apart = np.repeat([0.0, 3.0], 100).astype(np.float32)
    alone, compared = unknown_probabilities(weak), unknown_probabilities(weak, apart)
    assert (alone[100:] > 0.5).mean() < 0.5
    assert (compared[100:] > 0.5).mean() > 0.8
    assert (compared[:100] > 0.5).mean() < 0.2


def test_familiar_photos_from_another_camera_stay_known() -> None:
    """They all differ from the labelled ones, and none of them is unusual for its class."""
    familiar = scores(200, 0)
    assert np.array_equal(unknown_probabilities(familiar, np.full(200, 3, np.float32)), unknown_probabilities(familiar))


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=60))
def test_any_scores_give_probabilities_that_rise_with_the_score(numbers: list[float]) -> None:
    score = np.sort(np.array(numbers, np.float32))
    found = unknown_probabilities(score)
    assert found.shape == score.shape
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


def reached(score: NDArray[np.float32], unknown: int = 0) -> Reached:
    """Of photos whose neighbours are all known, but for the last ones, whose neighbours are these."""
    split = len(score) - unknown

    def of_neighbours(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = (numbers[:split], numbers[split:])
        return np.concatenate([np.full(len(part), part.mean() if len(part) else 0) for part in parts])

    return Reached(score, of_neighbours)


def test_a_class_that_no_label_reaches_is_unknown_though_its_photos_look_familiar() -> None:
    draw = np.random.default_rng(0)
    score = np.concatenate([draw.normal(0, 1.5, 200), draw.normal(0.8, 1.5, 60)]).astype(np.float32)
    scores = np.exp(np.concatenate([draw.normal(0, 0.4, 200), draw.normal(-1.5, 0.4, 60)])).astype(np.float32)
    alone, together = unknown_probabilities(score), unknown_probabilities(score, reached=reached(scores, 60))
    assert (alone[200:] > UNKNOWN).mean() < 0.2
    assert (together[200:] > UNKNOWN).mean() > 0.6
    assert (together[:200] > UNKNOWN).mean() < 0.05
    known = unknown_probabilities(score[:200], reached=reached(scores[:200]))
    assert (known <= MAYBE_UNKNOWN).mean() > 0.95, "of known photos some are reached less too"


def test_a_photo_among_unknown_ones_is_rather_unknown_itself() -> None:
    draw = np.random.default_rng(1)
    score = np.concatenate([draw.normal(0, 1.5, 200), draw.normal(1.8, 1.5, 60)]).astype(np.float32)
    scores = np.exp(np.concatenate([draw.normal(0, 0.4, 200), draw.normal(-0.6, 0.4, 60)])).astype(np.float32)
    apart = Reached(scores, lambda numbers: numbers)
    alone, together = (unknown_probabilities(score, reached=each) for each in (apart, reached(scores, 60)))
    assert together[200:].min() > 1.5 * alone[200:].min()
    assert together[:200].max() < alone[:200].max()


@pytest.mark.parametrize("unknown", [100, 300])
def test_the_more_are_unknown_the_known_ones_are_known_all_the_same(unknown: int) -> None:
    draw = np.random.default_rng(2)
    score = np.concatenate([draw.normal(0, 1.5, 100), draw.normal(2, 1.5, unknown)]).astype(np.float32)
    scores = np.exp(np.concatenate([draw.normal(0, 0.4, 100), draw.normal(-1.5, 0.4, unknown)])).astype(np.float32)
    found = unknown_probabilities(score, reached=reached(scores, unknown))
    assert (found[:100] > UNKNOWN).mean() < 0.1
    assert (found[100:] > UNKNOWN).mean() > 0.9


def test_photos_of_which_it_is_not_known_what_reaches_them_have_their_score_alone() -> None:
    score = np.random.default_rng(0).normal(0, 1.5, 100).astype(np.float32)
    nothing = reached(np.full(100, np.nan, np.float32))
    assert np.array_equal(unknown_probabilities(score, reached=nothing), unknown_probabilities(score))
    half = reached(np.ones(50, np.float32)).among(np.arange(0, 100, 2), 100)
    assert np.isnan(half.score[1::2]).all()
    assert np.array_equal(half.of_neighbours(np.arange(100.0))[1::2], np.arange(1.0, 100, 2))
    assert np.isfinite(unknown_probabilities(score, reached=half)).all()
