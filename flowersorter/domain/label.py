"""A label: the class of a photo and its origin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LabelOrigin(StrEnum):
    """Source of a label: the person, or a class folder."""

    PERSON = "person"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Label:
    """The class of a photo and the source of that label."""

    class_id: int
    origin: LabelOrigin
