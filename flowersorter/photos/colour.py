"""Converts every kind of 8-bit pixel to sRGB: grey, palette, CMYK, transparency, colour profiles."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

try:
    from PIL import ImageCms
except ImportError:  # a Pillow built without Little CMS: colours stay as stored
    ImageCms = None  # type: ignore[assignment]

_AVERAGEABLE = ("L", "RGB", "LA", "RGBA", "CMYK", "YCbCr", "LAB")

#: Grey, and the three primaries: where the curve and the primaries of a profile show.
_RAMPS = ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))
#: Real profiles of sRGB, of seven makers, change a ramp by 1 level at most; a plain gamma of 2.2 by 9, Adobe RGB by 36.
_SAME_LEVELS = 3


def is_averageable(image: Image.Image) -> bool:
    """Whether the pixels of a loaded picture can be averaged as they are."""
    return image.mode in _AVERAGEABLE and not _has_colour_key(image)


def averageable(image: Image.Image) -> Image.Image:
    """Return a loaded picture of up to 8 bits a channel without a palette: pixels that can be averaged."""
    if _has_colour_key(image):
        return image.convert("RGBA")
    mode = image.mode
    if mode in _AVERAGEABLE:
        return image
    return image.convert({"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}.get(mode, "RGB"))


def to_srgb(image: Image.Image) -> Image.Image:
    """Return an `averageable` picture as RGB, transparency on white, its colour profile applied."""
    profile = image.info.get("icc_profile")
    opaque = _on_white(image)
    if isinstance(profile, bytes) and profile and ImageCms is not None:
        opaque = _through_profile(opaque, profile)
    return opaque if opaque.mode == "RGB" else opaque.convert("RGB")


def _has_colour_key(image: Image.Image) -> bool:
    """Whether one colour, or some palette entries, are transparent."""
    key = image.info.get("transparency")
    if key is None or image.mode not in ("P", "1", "L", "RGB"):
        return False
    # The key of a 16-bit PNG has 16 bits and matches no 8-bit colour.
    return not (isinstance(key, tuple) and max(key) > 255)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return image
    opaque_mode = image.mode[:-1]
    white = Image.new(opaque_mode, image.size, "white")
    white.paste(image.convert(opaque_mode), mask=image.getchannel("A"))
    return white


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB; unchanged where its profile is broken or for another pixel format."""
    transform = _transform(profile, image.mode)
    return image if transform is None else transform.apply(image)


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """Return the transform from a profile to sRGB; None where none is needed, or the profile is unusable.

    Cached because a folder holds the photos of one camera. Little CMS keeps no state between calls of one
    transform, so threads may share it.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
        return None if mode == "RGB" and _changes_nothing(transform) else transform
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def _changes_nothing(transform: Any) -> bool:
    """Whether a transform of RGB has the primaries and the curve of sRGB on both sides; a name proves neither."""
    ramp = np.arange(256, dtype=np.uint8)
    ramps = np.stack([ramp[:, None] * np.array(axes, np.uint8) for axes in _RAMPS])
    converted = np.asarray(transform.apply(Image.fromarray(ramps)))
    return int(np.abs(converted.astype(np.int16) - ramps).max()) <= _SAME_LEVELS
