"""Lower confidence bound on the number of right suggestions among N, from a random sample that grows until it suffices.

A sequential test for sampling without replacement from a finite population. To claim "at least x of 100 are right", it
rejects the hypothesis that W or more of the N are wrong, W the fewest with which the claim is false. The claim is made
as soon as `n_k` photos are checked and at most k of them are wrong; the numbers n_0 < n_1 < ... are the smallest with
which a false claim has a probability of at most 5 %, however long the person goes on. That probability is exact: it
follows the hypergeometric distribution of the wrong ones step by step, and a step with k wrong may add so much that
5 % (k + 1) / (k + 2) (W + 1) / W is spent after it (alpha spending, as in K. K. G. Lan, D. L. DeMets, "Discrete
sequential boundaries for clinical trials", 1983). With photos that are all right it asks for little more than a test
with a number of photos fixed in advance, which may not be evaluated before its end.

`python -m tests.bench sample` compares it with other sequential tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
_ERROR = 1 - CONFIDENCE


def fewest_wrong(photos: int, goal: int) -> int:
    """The fewest wrong suggestions with which "at least `goal` of 100 are right" is false."""
    return (100 - goal) * photos // 100 + 1


def right_at_least(photos: int, wrong: Sequence[bool]) -> int:
    """The largest whole x for which at least x of 100 suggestions are right, 95 % sure.

    The bound holds at all times together: whenever the person stops, it is false in at most 5 of 100 samples.

    Args:
        photos: Number of photos in the population.
        wrong: Whether the suggestion is wrong, for each checked photo in the order drawn.
    """
    claims = _Claims(photos, np.arange(1, 101), sum(wrong))
    for each in wrong:
        claims.draw(each)
    # A claim counts only with all smaller ones, so all of them together are false as rarely as one.
    return int(np.logical_and.accumulate(claims.made & ~claims.refuted).sum())


def checks_needed(photos: int, wrong: Sequence[bool], goal: int) -> int | None:
    """How many more photos have to be checked, all of them right, to be 95 % sure of a goal.

    Args:
        photos: Number of photos in the population.
        wrong: As in `right_at_least`.
        goal: The number of suggestions of 100 that are to be right.

    Returns:
        The number, 0 if the goal is reached; None if so many are wrong that it cannot be.
    """
    claims = _Claims(photos, np.array([goal]), sum(wrong))
    for each in wrong:
        claims.draw(each)
    if claims.refuted[0]:
        return None
    more = 0
    while not claims.made[0]:
        claims.draw(False)
        more += 1
    return more


def right_fewer_than(photos: int, checked: int, wrong: int, goal: int) -> bool:
    """Whether fewer than `goal` of 100 suggestions are right, 95 % sure, whenever it is asked.

    The likelihood of all populations together, each as likely as another, is compared with that of the population that
    just meets the goal. If the goal is met, that ratio reaches 20 in at most 5 of 100 samples, however many photos are
    checked (Ville's inequality; I. Waudby-Smith, A. Ramdas, "Confidence sequences for sampling without replacement",
    2020).

    Args:
        photos: Number of photos in the population.
        checked: Number of them in the sample.
        wrong: Number of wrong suggestions in the sample.
        goal: The number of suggestions of 100 that are to be right.
    """
    most = fewest_wrong(photos, goal) - 1
    if wrong > most:
        return True
    if wrong * photos <= most * checked or most - wrong > photos - checked:
        return False
    null = _log_choose(photos - checked, most - wrong) - _log_choose(photos, most)
    every = -log(checked + 1) - _log_choose(checked, wrong)
    return every - null >= -log(_ERROR)


class _Claims:
    """Claims about one population, tested together while photos are checked.

    Args:
        photos: Number of photos in the population.
        goals: (G,) int: claim that at least this many of 100 are right.
        most_wrong: Number of wrong photos that will be drawn at most.

    Attributes:
        made: (G,) bool: whether the claim could be made at some time until now.
    """

    def __init__(self, photos: int, goals: NDArray[np.int64], most_wrong: int) -> None:
        self.made = np.zeros(len(goals), np.bool_)
        self._photos, self._drawn, self._wrong = photos, 0, 0
        self._fewest = np.array([fewest_wrong(photos, goal) for goal in goals.tolist()])
        self._levels = np.arange(most_wrong + 1)
        shares = (self._levels + 1) / (self._levels + 2)
        self._may_spend = _ERROR * shares * ((self._fewest + 1) / self._fewest)[:, None]
        # If a claim is only just false: the probability that so many wrong photos were drawn and it was not made yet.
        self._probability = np.zeros((len(goals), most_wrong + 1))
        self._probability[:, 0] = 1
        self._spent = np.zeros(len(goals))
        self._allowed = np.zeros(len(goals), np.int64)  # fewer wrong photos than that make the claim now

    @property
    def refuted(self) -> NDArray[np.bool_]:
        """(G,) bool: whether so many wrong photos were drawn that the claim is false."""
        return self._fewest <= self._wrong

    def draw(self, wrong: bool) -> None:
        """Check one more photo."""
        left = self._photos - self._drawn
        is_wrong = np.clip((self._fewest[:, None] - self._levels) / left, 0, 1)
        moved = self._probability * is_wrong
        self._probability -= moved
        self._probability[:, 1:] += moved[:, :-1]
        self._drawn += 1
        self._wrong += wrong
        self._allow_more()
        self.made |= self._wrong < self._allowed

    def _allow_more(self) -> None:
        rows = np.arange(len(self._fewest))
        while len(rows):
            rows = rows[self._allowed[rows] < np.minimum(self._fewest[rows], len(self._levels))]
            level = self._allowed[rows]
            spent = self._spent[rows] + self._probability[rows, level]
            fits = spent <= self._may_spend[rows, level]
            rows, level = rows[fits], level[fits]
            self._spent[rows] = spent[fits]
            self._probability[rows, level] = 0
            self._allowed[rows] += 1


def _log_choose(of: int, number: int) -> float:
    return lgamma(of + 1) - lgamma(number + 1) - lgamma(of - number + 1)
