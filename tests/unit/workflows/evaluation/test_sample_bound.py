"""The bound on a sample: false as rarely as it says, whenever the person stops, in every population."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from flowersorter.workflows.evaluation.sample_bound import (
    checks_needed,
    fewest_wrong,
    right_at_least,
    right_fewer_than,
)


@pytest.mark.parametrize("photos", range(1, 8))
def test_in_every_small_population_the_bound_is_false_in_at_most_5_of_100_orders(photos: int) -> None:
    """Counted over every order, with the person stopping where the bound is best."""
    for number_wrong in range(photos + 1):
        orders = list(combinations(range(photos), number_wrong))
        false = 0
        for places in orders:
            wrong = [at in places for at in range(photos)]
            highest = max(right_at_least(photos, wrong[:checked]) for checked in range(photos + 1))
            false += 100 * (photos - number_wrong) < highest * photos
        assert false <= 0.05 * len(orders), (photos, number_wrong)


@pytest.mark.parametrize(("photos", "goal"), [(60, 98), (200, 90), (200, 98), (1000, 95)])
def test_in_larger_populations_a_false_certificate_is_as_rare(photos: int, goal: int) -> None:
    fewest = fewest_wrong(photos, goal)
    allowed = [
        (checks_needed(photos, [True] * wrong, goal) or 0) + wrong for wrong in range(min(fewest, 12))
    ]  # the photos to check before the goal is reached with so many wrong ones
    rng = np.random.default_rng(photos + goal)
    places = np.sort([rng.choice(photos, fewest, replace=False) for _ in range(4000)], axis=1)  # of the wrong ones
    false = np.zeros(len(places), np.bool_)
    for wrong, checked in enumerate(allowed):
        false |= (places < checked).sum(axis=1) <= wrong
    assert 0.02 < false.mean() < 0.06  # 0.05 within the error of the simulation; far below it would ask for too much


@pytest.mark.parametrize("photos", [1, 2, 5, 19, 20, 21, 50, 100, 333])
@pytest.mark.parametrize("goal", [50, 90, 98, 99])
def test_no_more_photos_are_asked_for_than_there_are(photos: int, goal: int) -> None:
    needed = checks_needed(photos, [], goal)
    assert needed is not None
    assert 1 <= needed <= photos
    assert right_at_least(photos, [False] * needed) >= goal
    assert right_at_least(photos, [False] * (needed - 1)) < goal
    assert right_at_least(photos, [False] * photos) == 100


def test_of_five_photos_all_are_the_answer() -> None:
    assert checks_needed(5, [], 98) == 5
    assert checks_needed(5, [False] * 4, 98) == 1
    assert right_at_least(5, [False] * 5) == 100
    assert right_at_least(5, [False, False, True, False, False]) == 80
    assert checks_needed(5, [True], 98) is None


@pytest.mark.parametrize("photos", [1, 3, 7, 40])
def test_where_all_photos_are_checked_the_bound_is_the_share_itself(photos: int) -> None:
    for number_wrong in range(photos + 1):
        wrong = [True] * number_wrong + [False] * (photos - number_wrong)
        assert right_at_least(photos, wrong) == 100 * (photos - number_wrong) // photos


def test_the_first_wrong_one_costs_more_photos_and_not_the_goal() -> None:
    assert checks_needed(600, [], 98) == 145
    assert checks_needed(600, [False] * 100, 98) == 45
    assert checks_needed(600, [False] * 99 + [True], 98) == 129
    assert checks_needed(600, [False] * 145, 98) == 0


def test_it_asks_for_few_more_photos_than_a_test_that_may_not_be_looked_at_before_its_end() -> None:
    """149 photos of very many, all right, show 98 of 100; so do 59 for 95 of 100."""
    assert checks_needed(100_000, [], 98) == 183
    assert checks_needed(100_000, [], 95) == 72


def test_more_right_photos_never_lower_the_bound_and_wrong_ones_only_where_they_refute_it() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        wrong = (rng.random(60) < 0.1).tolist()
        bounds = [right_at_least(60, wrong[:checked]) for checked in range(61)]
        possible = [100 * (60 - sum(wrong[:checked])) // 60 for checked in range(61)]
        assert all(bound <= most for bound, most in zip(bounds, possible, strict=True))
        for before, after, most in zip(bounds, bounds[1:], possible[1:], strict=False):
            assert after >= min(before, most)


@pytest.mark.parametrize(("photos", "goal"), [(30, 90), (200, 98), (500, 90)])
def test_a_goal_that_is_just_met_is_called_missed_in_at_most_5_of_100_samples(photos: int, goal: int) -> None:
    most = fewest_wrong(photos, goal) - 1
    rng = np.random.default_rng(photos)
    missed = 0
    for _ in range(300):
        wrong = np.cumsum(rng.permutation(photos) < most).tolist()
        missed += any(right_fewer_than(photos, n, found, goal) for n, found in enumerate(wrong, 1))
    assert missed <= 0.05 * 300


def test_a_goal_out_of_reach_is_found_out_soon() -> None:
    assert right_fewer_than(600, 14, 3, 98)
    assert not right_fewer_than(600, 14, 0, 98)
    assert right_fewer_than(5, 1, 1, 98)
    assert not right_fewer_than(100, 0, 0, 98)
