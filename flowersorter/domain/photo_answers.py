"""Answers about a photo besides its class: classes it does not show, or that it shows none of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum


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
