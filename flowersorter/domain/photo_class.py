"""A class that photos are sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Okabe and Ito's colours without black (https://jfly.uni-koeln.de/color/), then five of Paul Tol's "muted"
#: scheme (https://sronpersonalpages.nl/~pault/): distinguishable with every common kind of colour blindness.
PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
    "#332288", "#117733", "#882255", "#999933", "#aa4499",
)  # fmt: skip


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
