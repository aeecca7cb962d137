"""Reads one photo, once: its hash, its upright pixels for the network, its thumbnail, its metadata."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flowersorter.photos.decode import decode
from flowersorter.photos.metadata import PhotoMetadata
from flowersorter.photos.problems import decoder_boundary
from flowersorter.photos.source import read_file

THUMBNAIL_PX = 320
_THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPhoto:
    """Everything that is ever taken from a photo's file.

    Attributes:
        sha256: Digest of the file's bytes, 32 bytes.
        size_bytes: Size of the file these bytes were read from.
        mtime_ns: Its modification time.
        pixels: (H, W, 3) RGB, upright, the shorter side as long as asked for; the ends of pictures more
            than 8 times as long as wide are cut off.
        metadata: Size of the original, date, camera.
        thumbnail: A JPEG, upright, no side longer than `THUMBNAIL_PX`.
    """

    sha256: bytes
    size_bytes: int
    mtime_ns: int
    pixels: NDArray[np.uint8]
    metadata: PhotoMetadata
    thumbnail: bytes


def read_photo(path: Path, *, short_side_px: int) -> LoadedPhoto:
    """Read a photo's file once and take everything from it; safe to call from several threads.

    Args:
        path: The file; its suffix does not matter.
        short_side_px: Length of the shorter side of the pixels, what the backbone needs.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    file = read_file(path)
    with decoder_boundary(path):
        decoded = decode(file.data, short_side_px=short_side_px, long_side_px=THUMBNAIL_PX)
        return LoadedPhoto(
            sha256=hashlib.sha256(file.data).digest(),
            size_bytes=file.size_bytes,
            mtime_ns=file.mtime_ns,
            pixels=decoded.network_pixels(short_side_px),
            metadata=decoded.metadata,
            thumbnail=_as_jpeg(decoded.fitted(THUMBNAIL_PX)),
        )


def _as_jpeg(picture: Image.Image) -> bytes:
    picture.info = {}  # Pillow would copy the photo's comment into it
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_THUMBNAIL_QUALITY)
    return file.getvalue()
