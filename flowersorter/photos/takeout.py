"""Reads when a photo was taken from the JSON file that Google Takeout puts beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

#: The files have some kilobytes; a larger one is of another program.
_MOST_BYTES = 1 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: From the first photograph on; other numbers are no dates, nor is 0: programs write it where they know none.
_FIRST, _UNKNOWN = datetime(1826, 1, 1, tzinfo=UTC), _EPOCH
#: Clocks of cameras and zones may be some hours ahead.
_AHEAD = timedelta(days=2)


def takeout_moment(sidecars: Iterable[Path]) -> datetime | None:
    """Return when a photo was taken, in UTC.

    Args:
        sidecars: Those of the photo.

    Returns:
        The moment in the first one that has any; None without one.
    """
    files = (path for path in sidecars if path.suffix.lower() == ".json")
    return next((moment for path in files if (moment := _moment_in(path)) is not None), None)


def local_date(moment: datetime) -> datetime:
    """Return a moment by the clock of this computer, without a zone.

    Takeout counts the seconds in UTC and knows no zone; most photos are taken where their owner is.

    Args:
        moment: In UTC.
    """
    try:
        return moment.astimezone().replace(tzinfo=None)
    except (OSError, OverflowError):  # a year that this system knows no zones of
        return moment.replace(tzinfo=None)


def _moment_in(path: Path) -> datetime | None:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        value = json.loads(data) if len(data) <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError):  # missing, no JSON, or no text
        return None
    return _moment(value.get("photoTakenTime")) if isinstance(value, dict) else None


def _moment(taken: Any) -> datetime | None:
    written = taken.get("timestamp") if isinstance(taken, dict) else None
    try:
        moment = _EPOCH + timedelta(seconds=int(written)) if isinstance(written, (str, int)) else None
    except (ValueError, OverflowError):
        return None
    if moment is None or moment == _UNKNOWN or not _FIRST <= moment <= datetime.now(UTC) + _AHEAD:
        return None
    return moment
