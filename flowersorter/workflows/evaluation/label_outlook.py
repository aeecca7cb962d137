"""Decides whether there are enough labels: one rule for the window and the terminal.

The accuracy is measured on the labelled photos. Where these came in groups of photos that look alike, those of the
folder differ from them, and the measure says nothing about that: so the suggestions of the folder count, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from flowersorter.domain.photo_class import NEEDED_LABELS
from flowersorter.domain.verdict import Verdict
from flowersorter.workflows.evaluation.label_next import LabelNextResult, Standing

#: Share of the photos of a folder that may be not sure or unknown where the labels are enough.
_MOST_UNCLEAR = 0.1
#: Where less than this part of the share of sure held-out photos is sure in the folder, its photos are not like these.
_LEAST_OF_SURE = 0.5
#: Fewer photos without a label than this say nothing about the labels.
_FEWEST_PHOTOS = 10
_MOST_CLASSES_NAMED = 3


class Outlook(Enum):
    """Whether more labels would help, and which."""

    UNMEASURED = auto()
    #: Ten more of each would hardly help, as measured; but some classes have fewer than `NEEDED_LABELS`.
    FEW_OF_SOME = auto()
    #: Ten more of each would help.
    MORE = auto()
    #: Ten more of each would hardly help, twice as many would.
    TWICE = auto()
    #: More of all would hardly help, but more of some classes, or of the folder's photos.
    MORE_OF_SOME = auto()
    ENOUGH = auto()


@dataclass(frozen=True, slots=True)
class LabelOutlook:
    """Whether there are enough labels.

    Attributes:
        kind: Whether more would help.
        classes: The classes that would gain from more, the largest gain first, three at most; for `MORE_OF_SOME`.
        unclear: Number of photos of the folder without a label that are less than sure, if these show that their like
            is missing among the labels; else 0.
        unlabelled: Number of photos of the folder without a label that have a suggestion.
    """

    kind: Outlook
    classes: tuple[str, ...] = ()
    unclear: int = 0
    unlabelled: int = 0


def label_outlook(advice: LabelNextResult) -> LabelOutlook:
    """Decide whether more labels would help, from the measure and the suggestions of the folder."""
    overall = advice.overall
    if overall.accuracy is None or overall.gain is None:
        return LabelOutlook(Outlook.UNMEASURED)
    if not overall.hardly_more:
        return LabelOutlook(Outlook.MORE)
    unclear = _unclear(overall, advice.verdicts)
    if any(each.photos < NEEDED_LABELS for each in advice.classes):
        return LabelOutlook(Outlook.FEW_OF_SOME, (), unclear, len(advice.verdicts))
    classes = tuple(each.name for each in advice.classes if not each.hardly_more)[:_MOST_CLASSES_NAMED]
    if classes or unclear:
        return LabelOutlook(Outlook.MORE_OF_SOME, classes, unclear, len(advice.verdicts))
    return LabelOutlook(Outlook.ENOUGH if overall.enough or overall.twice is None else Outlook.TWICE)


def _unclear(overall: Standing, verdicts: NDArray[np.uint8]) -> int:
    if len(verdicts) < _FEWEST_PHOTOS:
        return 0
    sure = int(np.count_nonzero(verdicts == Verdict.SURE))
    unlike = int(np.count_nonzero((verdicts == Verdict.UNSURE) | (verdicts == Verdict.UNKNOWN)))
    is_many = unlike > _MOST_UNCLEAR * len(verdicts) or sure < _LEAST_OF_SURE * (overall.sure or 0.0) * len(verdicts)
    return len(verdicts) - sure if is_many else 0
