"""The place where photos were taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flowersorter.errors import UserError
from flowersorter.messages import text

_NUMBERS = re.compile(r"\s*([+-]?\d+(?:[.]\d+)?)\s*[,;\s]\s*([+-]?\d+(?:[.]\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """A place in degrees, WGS84.

    Attributes:
        latitude: -90 to 90.
        longitude: -180 to 180.

    Raises:
        UserError: these are no degrees of a place.
    """

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= 90 and abs(self.longitude) <= 180):
            raise _no_place(f"{self.latitude}, {self.longitude}")

    @classmethod
    def read(cls, written: str) -> PhotoPlace:
        """Read "48.1351, 11.5820".

        Raises:
            UserError: these are not two numbers of degrees.
        """
        found = _NUMBERS.fullmatch(written)
        if found is None:
            raise _no_place(written)
        return cls(float(found[1]), float(found[2]))


def _no_place(written: str) -> UserError:
    return UserError(
        text("{place!r} is not a place", place=written),
        hint=text("Give latitude and longitude in degrees, such as {example}", example="48.1351,11.582"),
    )
