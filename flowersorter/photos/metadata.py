"""Metadata of a photo: size, orientation, time and camera."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_MAX_CAMERA_CHARACTERS = 100
#: "2024:05:05 10:00:00" (EXIF 2.32, 4.6.5), and as other programs write it: "2024-05-05T10:00:00+02:00", no seconds.
_DATE = re.compile(r"(\d{4})[:/.-](\d\d?)[:/.-](\d\d?)[ T](\d\d?):(\d\d)(?::(\d\d))?(?!\d)")


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """Metadata of a photo.

    Attributes:
        width_px: Width of the original, upright.
        height_px: Height of the original, upright.
        taken_at: The camera's clock when it was taken, without a time zone, or None.
        camera: Maker and model, or None.
    """

    width_px: int
    height_px: int
    taken_at: datetime | None
    camera: str | None


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded picture, 1 to 8; 1 where it is missing or invalid."""
    try:
        return orientation_in(image.getexif())
    except Exception:  # noqa: BLE001 - broken EXIF can raise anything, and must not fail the photo
        return 1


def orientation_in(exif: Image.Exif) -> int:
    """Return the orientation that EXIF data give, 1 to 8; 1 where it is missing or invalid."""
    value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def taken_at_of(image: Image.Image) -> datetime | None:
    """Return when a loaded picture was taken, by the camera's clock, or None."""
    return taken_at_from(image.getexif)


def taken_at_from(load: Callable[[], Image.Exif]) -> datetime | None:
    """Return when a photo was taken, by the camera's clock, as the EXIF data to load say; None where they do not."""
    try:
        exif = load()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # noqa: BLE001 - broken EXIF can raise anything, and must not fail the photo
        return None
    candidates = (
        inner.get(ExifTags.Base.DateTimeOriginal),
        exif.get(ExifTags.Base.DateTimeOriginal),  # of RAW files (TIFF/EP, 5.2.19)
        inner.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    )
    return next((date for value in candidates if (date := _date(value))), None)


def camera_of(image: Image.Image) -> str | None:
    """Return maker and model of the camera, or None."""
    return camera_from(image.getexif)


def camera_from(load: Callable[[], Image.Exif]) -> str | None:
    """Return maker and model of the camera, as the EXIF data to load say; None where they do not."""
    try:
        exif = load()
        make, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    except Exception:  # noqa: BLE001 - broken EXIF can raise anything, and must not fail the photo
        return None
    # Canon writes "Canon" and "Canon EOS 80D", Nikon "NIKON CORPORATION" and "NIKON D90".
    repeated = make and model.casefold().startswith(make.split()[0].casefold())
    camera = model if repeated else f"{make} {model}".strip()
    return camera[:_MAX_CAMERA_CHARACTERS] or None


def _date(value: Any) -> datetime | None:
    found = _DATE.match(_text(value))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None  # "0000:00:00 00:00:00" from a camera whose clock was never set


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value or "").split("\0")[0]
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
