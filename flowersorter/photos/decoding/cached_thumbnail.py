"""Decodes the thumbnails of the cache, without the decoders of photos, which take longer to import."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def decode_thumbnail(jpeg: bytes) -> NDArray[np.uint8] | None:
    """Decode a JPEG thumbnail; (H, W, 3) RGB, None if it is damaged: it can be made again."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception:  # noqa: BLE001 - Pillow has many errors for damaged files
        return None
