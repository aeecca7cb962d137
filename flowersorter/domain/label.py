"""A label: the class of a photo, and who set it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Labelled photos a class, on average, up to which those nobody labelled can be learned from too. With 20 that still
#: is 1 point of accuracy, but what the model says of itself is off by 3.1 points instead of 2.8 (fifteen draws).
FEW_LABELS = 15


class LabelOrigin(StrEnum):
    """Who said so."""

    PERSON = "person"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Label:
    """The class of a photo, and who said so."""

    class_id: int
    origin: LabelOrigin
