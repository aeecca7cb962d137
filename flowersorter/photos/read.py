"""Reads a photo file once: hash, upright pixels for the network, thumbnail, metadata."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flowersorter.photos.decode import decode
from flowersorter.photos.decoding.file_end import lacks_end
from flowersorter.photos.file_bytes import read_file
from flowersorter.photos.formats import format_of
from flowersorter.photos.metadata import PhotoMetadata
from flowersorter.photos.read_errors import END_MISSING, decoder_boundary

#: Shorter side of the thumbnail, large enough to cut further views for the network from it.
SMALL_PX = 256
#: Full colour resolution matters to the network: the cosine between features of the thumbnail and of the photo is 0.996
#: on average like this, 0.988 with chroma subsampling (96 photos of 12 megapixels); a file has 40 kB.
_QUALITY, _FULL_COLOUR = 90, 0


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPhoto:
    """All data read from a photo file.

    Attributes:
        sha256: Digest of the file's bytes, 32 bytes.
        size_bytes: Size of the file.
        mtime_ns: Its modification time.
        pixels: (H, W, 3) RGB, upright, the shorter side as requested; the ends of pictures more than 8 times as
            long as wide are cut off.
        metadata: Size of the original, date, camera.
        small: The thumbnail: a JPEG, upright, its shorter side `SMALL_PX`. The tile in the window shows it, and later
            views are cut from it without reading the photo again.
        remark: On a file that is not as it should be, though it decodes; None for others.
    """

    sha256: bytes
    size_bytes: int
    mtime_ns: int
    pixels: NDArray[np.uint8]
    metadata: PhotoMetadata
    small: bytes
    remark: str | None


def read_photo(path: Path, *, short_side_px: int) -> LoadedPhoto:
    """Read all data from a photo file, in one read; safe to call from several threads.

    Args:
        path: The file; its suffix does not matter.
        short_side_px: Length of the shorter side of the pixels, as the backbone needs it.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    file = read_file(path)
    with decoder_boundary(path):
        decoded = decode(file.data, short_side_px=max(short_side_px, SMALL_PX), long_side_px=1)
        small = decoded.network_pixels(SMALL_PX)
        return LoadedPhoto(
            sha256=hashlib.sha256(file.data).digest(),
            size_bytes=file.size_bytes,
            mtime_ns=file.mtime_ns,
            pixels=small if short_side_px == SMALL_PX else decoded.network_pixels(short_side_px),
            metadata=decoded.metadata,
            small=_as_jpeg(small),
            remark=END_MISSING if lacks_end(file.data, format_of(file.data) or "") else None,
        )


def read_small(jpeg: bytes, *, short_side_px: int) -> NDArray[np.uint8] | None:
    """Decode a thumbnail that `read_photo` made.

    Args:
        jpeg: The file.
        short_side_px: Length of the shorter side of the pixels, as for `read_photo`.

    Returns:
        (H, W, 3) RGB, or None if the file is damaged.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            if picture.mode != "RGB":
                return None
            if min(picture.size) != short_side_px:
                scale = short_side_px / min(picture.size)
                size = (round(picture.width * scale), round(picture.height * scale))
                return np.array(picture.resize(size, Image.Resampling.BICUBIC))
            return np.array(picture)
    except (OSError, SyntaxError, Image.DecompressionBombError):  # all that Pillow raises for truncated files
        return None


def _as_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY, subsampling=_FULL_COLOUR)
    return file.getvalue()
