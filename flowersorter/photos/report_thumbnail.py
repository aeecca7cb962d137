"""Pictures small enough to stand inside a page."""

from __future__ import annotations

import io

from PIL import Image

from flowersorter.photos.read import read_small

_QUALITY = 78


def tiny_jpeg(small: bytes, *, short_side_px: int) -> bytes | None:
    """Make a JPEG of a few kilobytes from a small picture that `read_photo` made; None if that is damaged."""
    pixels = read_small(small, short_side_px=short_side_px)
    if pixels is None:
        return None
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY, optimize=True)
    return file.getvalue()
