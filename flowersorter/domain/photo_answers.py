"""Answers about a photo besides its class: classes it does not show, or that it shows none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.arrays import values_of


class Mark(IntEnum):
    """An answer in place of a class; stored as uint8 in arrays and by name in the library."""

    NONE = 0
    NOT_MINE = 1  # background: the photo shows none of the classes
    DONT_KNOW = 2  # the person looked at the photo and cannot say


@dataclass(frozen=True, slots=True)
class PhotoAnswers:
    """The answers about one photo besides its label; they never contradict the label.

    Attributes:
        rejected: Ids of the classes that the photo does not show.
        mark: The answer in place of a class.
    """

    rejected: frozenset[int] = frozenset()
    mark: Mark = Mark.NONE

    def contradict(self, class_id: int) -> bool:
        """Whether the photo cannot have this label."""
        return self.mark is not Mark.NONE or class_id in self.rejected


NO_ANSWERS = PhotoAnswers()


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """One answer about a photo in place of a label.

    Attributes:
        rejected: Id of a class that the photo does not show; 0 for none.
        mark: The answer in place of a class; `Mark.NONE` leaves that as it is.
    """

    rejected: int = 0
    mark: Mark = Mark.NONE

    def added_to(self, answers: PhotoAnswers) -> PhotoAnswers:
        """The answers about a photo together with this one."""
        rejected = answers.rejected | {self.rejected} if self.rejected else answers.rejected
        return replace(answers, rejected=rejected, mark=self.mark or answers.mark)


#: Class id by photo id: the photo was left out when others were confirmed as that class.
LeftOutOf = Mapping[int, int]
NOTHING_LEFT_OUT: LeftOutOf = MappingProxyType({})


def is_left_out(
    photo_ids: NDArray[np.int64], label_ids: NDArray[np.int32], class_ids: NDArray[np.int32], left_out: LeftOutOf
) -> NDArray[np.bool_]:
    """Find the photos that still have the suggestion they were left out of.

    Args:
        photo_ids: (N,).
        label_ids: (N,) class ids of labels, 0 for none; a photo with a label is not left out any more.
        class_ids: (N,) class ids of suggestions, 0 for none.
        left_out: What was left out.

    Returns:
        (N,) bool.
    """
    if not left_out:
        return np.zeros(len(photo_ids), np.bool_)
    known = np.array(sorted(left_out), np.int64)
    classes = np.array([left_out[photo_id] for photo_id in known.tolist()], np.int32)
    same = values_of(photo_ids, known, classes, 0) == class_ids
    found: NDArray[np.bool_] = same & (class_ids > 0) & (label_ids == 0)
    return found
