"""Counts the decisions left in a folder before it can be sorted, and the photos left to sort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.sections import Section, SectionKind

#: Sections whose photos are checked one by one, or confirmed together.
TO_CHECK = frozenset({SectionKind.TORN, SectionKind.UNSURE, SectionKind.LIKELY, SectionKind.UNKNOWN})
#: Sections of photos that need no decision.
_DECIDED = (SectionKind.CONFIRMED, SectionKind.DONT_KNOW, SectionKind.NOT_MINE, SectionKind.SURE)


@dataclass(frozen=True, slots=True)
class ReviewProgress:
    """The decisions made and left in a folder.

    Attributes:
        groups: Groups of look-alikes without a name.
        to_name: Photos in these groups; all other counts are of photos, too.
        to_check: Photos without an answer whose suggestion is not sure, or that have none and are in no group.
        to_sort: Photos that are confirmed or sure, and are not sorted under that class yet.
        sorted_photos: Photos that are sorted under the class that they are confirmed or sure to be of.
        pending: Whether photos are still to be read or grouped, so that more may be left to do.
        done: Photos that need no decision: confirmed, sure, not mine, or not known to the person.
        total: Photos that can be read.
        no_longer_sure: Photos that needed no decision at the last answer, and need one now.
    """

    groups: int = 0
    to_name: int = 0
    to_check: int = 0
    to_sort: int = 0
    sorted_photos: int = 0
    pending: bool = False
    done: int = 0
    total: int = 0
    no_longer_sure: int = 0

    @property
    def percent(self) -> int:
        """Share of photos that need no decision, in per cent; 100 only where none is left."""
        return 100 * self.done // self.total if self.total else 0


def review_progress(
    columns: PhotoColumns, sections: Sequence[Section], filed: PhotoNumbers, *, pending: bool = False
) -> ReviewProgress:
    """Count the decisions left in a folder, whatever part of it is shown.

    Args:
        columns: All photos of the folder.
        sections: All of them, divided by `review_sections`.
        filed: The class id that each sorted photo is sorted under.
        pending: Whether the look-alikes are not known yet.
    """
    counts = {kind: sum(each.count for each in sections if each.kind is kind) for kind in SectionKind}
    settled = (columns.label_ids > 0) | (columns.shown_verdicts(slice(None)) == Verdict.SURE)
    rows = np.flatnonzero(settled & (columns.class_keys > 0) & (columns.photo_ids > 0))
    already = filed.of(columns.photo_ids[rows], 0) == columns.class_keys[rows]
    return ReviewProgress(
        groups=sum(each.kind is SectionKind.LOOK_ALIKES for each in sections),
        to_name=counts[SectionKind.LOOK_ALIKES],
        to_check=sum(counts[kind] for kind in TO_CHECK),
        to_sort=int(np.count_nonzero(~already)),
        sorted_photos=int(np.count_nonzero(already)),
        pending=pending or counts[SectionKind.WAITING] > 0,
        done=sum(counts[kind] for kind in _DECIDED),
        total=len(columns) - counts[SectionKind.UNREADABLE],
    )
