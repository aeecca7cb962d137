"""How strongly to hold a head back: the weight decay under which held-out photos are likeliest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Found = TypeVar("Found")

#: Strongest first: each is a good start for the next one. Photos of very small classes make the losses uneven, so
#: that all have to be looked at: stopping at the first rise measured 2 points worse with five photos in one class.
PENALTIES = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)


def choose_penalty(
    loss: Callable[[float, Found | None], tuple[float, Found]], start: Found | None
) -> tuple[float, Found]:
    """Try all penalties, and choose between the best one and its neighbours.

    Args:
        loss: Takes a penalty and what was found with the one before; gives the held-out loss and what was found.
        start: What was found for nearly the same photos, if anything.

    Returns:
        The penalty, and what was found with the closest one that was tried.
    """
    losses: list[float] = []
    found: list[Found] = []
    for penalty in PENALTIES:
        held_out_loss, start = loss(penalty, start)
        losses.append(held_out_loss)
        found.append(start)
    best = int(np.argmin(losses))
    return _lowest_point(losses, best), found[best]


def _lowest_point(losses: Sequence[float], best: int) -> float:
    """Where the parabola through the best penalty and its neighbours is lowest, in the logarithm of the penalty.

    Without it a handful of photos could move the choice by a whole step, and many predictions with it.
    """
    if not 0 < best < len(PENALTIES) - 1:
        return PENALTIES[best]
    around = slice(best - 1, best + 2)
    steps = np.log(PENALTIES[around]) - np.log(PENALTIES[best])
    curve, slope, _ = np.polyfit(steps, losses[around], 2)
    if curve <= 0:  # all three alike
        return PENALTIES[best]
    return float(PENALTIES[best] * np.exp(-slope / (2 * curve)))
