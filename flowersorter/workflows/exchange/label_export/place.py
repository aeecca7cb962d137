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
    """

    latitude: float
    longitude: float

    @classmethod
    def read(cls, written: str) -> PhotoPlace:
        """Read "48.1351, 11.5820".

        Raises:
            UserError: these are not two numbers of degrees.
        """
        found = _NUMBERS.fullmatch(written)
        place = None if found is None else cls(float(found[1]), float(found[2]))
        if place is None or abs(place.latitude) > 90 or abs(place.longitude) > 180:
            raise UserError(
                text("{place!r} is not a place", place=written),
                hint=text("Give latitude and longitude in degrees, such as {example}", example="48.1351,11.582"),
            )
        return place
