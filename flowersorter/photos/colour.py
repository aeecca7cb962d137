"""Converts every kind of pixel to 8-bit sRGB: 16-bit, grey, palette, CMYK, transparency, colour profiles."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

try:
    from PIL import ImageCms
except ImportError:  # a Pillow built without Little CMS: colours stay as stored
    ImageCms = None  # type: ignore[assignment]

_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262  # TIFF 6.0, section 8
_WHITE_IS_ZERO = 0

#: Grey, and the three primaries: where the curve and the primaries of a profile show.
_RAMPS = ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))
#: Real profiles of sRGB, of seven makers, change a ramp by 1 level at most; a plain gamma of 2.2 by 9, Adobe RGB by 36.
_SAME_LEVELS = 3


def averageable(image: Image.Image) -> Image.Image:
    """Return a loaded picture with 8 bits a channel and no palette: pixels that can be averaged."""
    mode = image.mode
    if mode.startswith(("I", "F")):
        return _eight_bits(image)
    if _has_colour_key(image):
        return image.convert("RGBA")
    if mode in ("L", "RGB", "LA", "RGBA", "CMYK", "YCbCr", "LAB"):
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


def _eight_bits(image: Image.Image) -> Image.Image:
    values: NDArray[Any] = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = _from_16_bits(values, image)
    elif image.mode == "I" and values.min() >= 0 and values.max() <= 0xFFFF:
        grey = _scaled(values, 0.0, 65535.0)
    elif image.mode == "F" and np.nanmin(values) >= 0 and np.nanmax(values) <= 1:
        grey = _scaled(values, 0.0, 1.0)
    else:  # measurements without a defined white: scale to their own range
        finite = np.where(np.isfinite(values), values, 0)
        grey = _scaled(finite, float(finite.min()), float(finite.max()))
    result = Image.fromarray(grey)
    key = image.info.get("transparency")
    if isinstance(key, int):
        result.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    result.info = dict(image.info)
    result.info.pop("transparency", None)
    return result


def _from_16_bits(values: NDArray[Any], image: Image.Image) -> NDArray[np.uint8]:
    tags = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    grey: NDArray[np.uint8] = (values >> max(0, bits - 8)).astype(np.uint8)
    return 255 - grey if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else grey


def _scaled(values: NDArray[Any], black: float, white: float) -> NDArray[np.uint8]:
    span = (white - black) or 1.0
    scaled: NDArray[np.float32] = (values.astype(np.float32) - np.float32(black)) * np.float32(255.0 / span)
    levels: NDArray[np.uint8] = np.clip(np.nan_to_num(scaled), 0, 255).round().astype(np.uint8)
    return levels


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
