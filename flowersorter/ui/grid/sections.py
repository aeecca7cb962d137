"""Sections of the grid: consecutive photos under one header."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flowersorter.ui.grid.photo_columns import Rows

#: Kind and key of a section: stays the same while photos come and go.
Identity = tuple["SectionKind", tuple[int | str, ...]]


class Grouping(StrEnum):
    """The division of the shown photos into sections."""

    NONE = "none"
    LIKENESS = "likeness"
    CLASS = "class"
    DAY = "day"
    FOLDER = "folder"


class SectionKind(StrEnum):
    """Property that the photos of a section share; the header depends on it."""

    ALL = "all"  # the only section, without a header
    LOOK_ALIKES = "look-alikes"  # no reliable suggestion, but they look alike
    TORN = "torn"  # either of two classes
    UNSURE = "unsure"  # perhaps of one class
    LIKELY = "likely"  # of one class
    SURE = "sure"  # of one class
    UNKNOWN = "unknown"  # no suggestion, and each looks different
    WAITING = "waiting"  # not read yet
    CONFIRMED = "confirmed"  # labelled with one class
    DONT_KNOW = "don't know"
    NOT_MINE = "not mine"
    UNREADABLE = "unreadable"
    CLASS = "class"
    DAY = "day"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Section:
    """Consecutive rows of the grid's model.

    Attributes:
        kind: The property that the photos share.
        key: Identifies the section of this kind while photos come and go: class ids, the day, the folder, the photo id
            that is most typical of a group.
        first: First model row.
        count: Number of photos, at least 1.
        behind: How many of them are behind the front photo of their stack, on its tile.
    """

    kind: SectionKind
    key: tuple[int | str, ...]
    first: int
    count: int
    behind: int = 0

    @property
    def rows(self) -> range:
        """The model rows, one a tile."""
        return range(self.first, self.first + self.count - self.behind)

    @property
    def identity(self) -> Identity:
        """Kind and key."""
        return self.kind, self.key


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """Photos in the order shown, divided into sections.

    Attributes:
        order: (M,) column rows, in the order shown.
        sections: They cover all M photos, in the order shown.
    """

    order: Rows
    sections: tuple[Section, ...]
