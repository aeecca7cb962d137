"""How many photos a check of a sample asks about, and how often it certifies what is false, beside other tests."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from flowersorter.workflows.evaluation.sample_bound import checks_needed, fewest_wrong

SAMPLES, MOST_WRONG = 2000, 25
#: Photos, goal, and shares of wrong suggestions at which the goal is met.
CASES = (
    (100, 98, (0.0, 0.01)),
    (600, 98, (0.0, 0.005, 0.01)),
    (10_000, 98, (0.0, 0.005, 0.01)),
    (600, 95, (0.0, 0.02)),
)


def sampling(options: argparse.Namespace) -> None:
    """photos asked about until at least 98 or 95 of 100 are right for sure, in simulated folders"""
    del options
    print("photos  goal  test                      all right     mean with a share wrong      false certificates")
    for photos, goal, shares in CASES:
        for name, test in TESTS.items():
            needed = test(photos, goal)
            false = _stops(photos, fewest_wrong(photos, goal), needed)[1]
            means = "   ".join(
                f"{share:.1%}: {_stops(photos, round(share * photos), needed)[0]:4.0f}" for share in shares[1:]
            )
            print(f"{photos:6}  {goal:4}  {name:24}  {needed[0]:9}     {means:28}  {false:.1%}", flush=True)


def _alpha_spending(photos: int, goal: int) -> list[int]:
    """The test of the program: photos to check with 0, 1, 2... wrong ones."""
    most = min(fewest_wrong(photos, goal), MOST_WRONG)
    return [(checks_needed(photos, [True] * wrong, goal) or 0) + wrong for wrong in range(most)]


def _union_bound(photos: int, goal: int) -> list[int]:
    """Exact hypergeometric bounds, of which the one with k wrong ones has the error 5 % / 2^(k + 1)."""
    fewest = fewest_wrong(photos, goal)
    return _first(
        photos,
        fewest,
        lambda checked, wrong: _log_tail(photos, fewest, checked, wrong) <= log(0.05) - (wrong + 1) * log(2),
    )


def _mixture(photos: int, goal: int) -> list[int]:
    """The likelihood of a Beta(0.5, 50) mixture of populations against the null (Waudby-Smith, Ramdas, 2020)."""
    fewest, a, b = fewest_wrong(photos, goal), 0.5, 50.0

    def certain(checked: int, wrong: int) -> bool:
        mixed = _log_beta(a + wrong, b + checked - wrong) - _log_beta(a, b)
        null = _log_choose(photos - checked, fewest - wrong) - _log_choose(photos, fewest)
        return mixed - null >= log(20)

    return _first(photos, fewest, certain)


def _fixed(photos: int, goal: int) -> list[int]:
    """A number fixed in advance: the fewest photos if all are right, and no certificate with a wrong one."""
    fewest = fewest_wrong(photos, goal)
    return _first(photos, fewest, lambda checked, wrong: _log_tail(photos, fewest, checked, wrong) <= log(0.05))[:1]


TESTS: dict[str, Callable[[int, int], list[int]]] = {
    "alpha spending": _alpha_spending,
    "exact bounds, union": _union_bound,
    "mixture martingale": _mixture,
    "fixed in advance": _fixed,
}


def _first(photos: int, fewest: int, certain: Callable[[int, int], bool]) -> list[int]:
    """The fewest photos to check, for each number of wrong ones."""
    needed, checked = list[int](), 1
    for wrong in range(min(fewest, MOST_WRONG)):
        checked = max(checked, wrong + 1)
        while checked < photos and not certain(checked, wrong):
            checked += 1
        needed.append(checked)
    return needed


def _stops(photos: int, wrong: int, needed: list[int]) -> tuple[float, float]:
    """Mean number of photos checked, and the share of samples that certify, with so many wrong ones in the folder."""
    draw = np.random.default_rng(photos + wrong)
    places = np.sort([draw.choice(photos, wrong, replace=False) for _ in range(SAMPLES)], axis=1)
    stopped = np.full(SAMPLES, photos)
    for allowed, checked in enumerate(needed):
        stopped = np.minimum(stopped, np.where((places < checked).sum(axis=1) <= allowed, checked, photos))
    certified = stopped < photos
    return float(stopped.mean()), float(certified.mean())


def _log_choose(of: int, number: int) -> float:
    return lgamma(of + 1) - lgamma(number + 1) - lgamma(of - number + 1) if 0 <= number <= of else float("-inf")


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _log_tail(photos: int, fewest: int, checked: int, wrong: int) -> float:
    """The logarithm of the probability of so few wrong ones among those checked."""
    terms = [_log_choose(checked, k) + _log_choose(photos - checked, fewest - k) for k in range(wrong + 1)]
    shares: NDArray[np.float64] = np.array(terms) - _log_choose(photos, fewest)
    return float(np.logaddexp.reduce(shares))
