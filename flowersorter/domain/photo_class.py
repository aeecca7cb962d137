"""A class that photos are sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Okabe and Ito's colours without black (https://jfly.uni-koeln.de/color/), then those of a search for the others that
#: are most distinct: any two of all are at least 26 apart in CIELAB, 15 as a person without red or green cones sees
#: them, and each is 24 from a light or a dark ground.
PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#443311",
    "#0044cc", "#33ff99", "#ee2255", "#bbeecc", "#880044", "#00eeee", "#660088", "#884411",
    "#8888ff", "#333366", "#ccaaaa", "#99ee66", "#bb9944", "#776677", "#bb0099", "#557744",
)  # fmt: skip

#: Labels that a class needs before its accuracy says much: ten more are asked for at a time.
NEEDED_LABELS = 10


class ClassOrigin(StrEnum):
    """Source of a class: the person, a class folder, or a model."""

    PERSON = "person"
    FOLDER = "folder"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class PhotoClass:
    """A class that the person sorts by.

    Attributes:
        position: Its position in the list, from 0.
        colour: "#rrggbb"; it stays with the class when the list is reordered.
    """

    id: int
    name: str
    origin: ClassOrigin
    position: int
    colour: str
