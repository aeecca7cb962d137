"""Compares the predictions before and after an answer: the photos whose suggestion or verdict changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_rows import PhotoPredictions
from flowersorter.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Flow:
    """Numbers of photos that a class or a verdict gained and lost."""

    gained: int
    lost: int


@dataclass(frozen=True, slots=True, eq=False)
class Ripple:
    """The photos whose prediction changed.

    Attributes:
        photo_ids: (M,) int64, ascending; photos whose suggested class or verdict changed.
        classes: Photos that each class id gained or lost as a suggestion; classes without a change are left out. An
            unknown photo has no suggested class.
        verdicts: Photos that each verdict gained or lost; verdicts without a change are left out.
    """

    photo_ids: NDArray[np.int64]
    classes: Mapping[int, Flow]
    verdicts: Mapping[Verdict, Flow]

    def __len__(self) -> int:
        return len(self.photo_ids)


def ripple(before: PhotoPredictions, after: PhotoPredictions, left_out: Collection[int] = ()) -> Ripple:
    """Find the photos whose prediction changed.

    Args:
        before: The predictions before an answer.
        after: The predictions after it, perhaps of another model; photos in only one of them do not count.
        left_out: Photos that do not count, such as those with a label: no suggestion is shown for them.
    """
    photo_ids, first, second = np.intersect1d(before.photo_ids, after.photo_ids, return_indices=True)
    counted = ~np.isin(photo_ids, list(left_out))
    photo_ids, first, second = photo_ids[counted], first[counted], second[counted]
    classes = _suggested(before)[first], _suggested(after)[second]
    verdicts = before.verdicts[first], after.verdicts[second]
    changed = (classes[0] != classes[1]) | (verdicts[0] != verdicts[1])
    return Ripple(
        photo_ids=photo_ids[changed],
        classes={key: flow for key, flow in _flows(*classes).items() if key},
        verdicts={Verdict(key): flow for key, flow in _flows(*verdicts).items()},
    )


def _suggested(predictions: PhotoPredictions) -> NDArray[np.int32]:
    """(N,) int32 the suggested class ids; 0 for an unknown photo."""
    return np.where(predictions.verdicts == Verdict.UNKNOWN, np.int32(0), predictions.best)


def _flows(before: NDArray[np.int32 | np.uint8], after: NDArray[np.int32 | np.uint8]) -> dict[int, Flow]:
    """Count the photos that each value of (N,) columns gained and lost."""
    moved = before != after
    lost, gained = before[moved], after[moved]
    return {
        int(value): Flow(int(np.count_nonzero(gained == value)), int(np.count_nonzero(lost == value)))
        for value in np.unique(np.concatenate([lost, gained]))
    }
