"""Reads a photo once, from a file or from memory: hash, upright pixels for the network, thumbnail, metadata."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flowersorter.photos.decode import Decoded, decode, reduce_picture
from flowersorter.photos.decoding.file_end import lacks_end
from flowersorter.photos.file_bytes import FileBytes, FileHash, read_file
from flowersorter.photos.formats import format_of
from flowersorter.photos.metadata import PhotoMetadata
from flowersorter.photos.read_errors import END_MISSING, decoder_boundary

#: Shorter side of the thumbnail, large enough to cut further views for the network from it.
SMALL_PX = 256
#: Full colour resolution matters to the network: the cosine between features of the thumbnail and of the photo is 0.996
#: on average like this, 0.988 with chroma subsampling (96 photos of 12 megapixels); a file has 40 kB.
_QUALITY, _FULL_COLOUR = 90, 0

#: A photo file, the bytes of one, or a picture with up to 8 bits a channel.
PhotoSource: TypeAlias = Path | bytes | Image.Image
#: Stands for the name of a photo in memory.
_NO_FILE = Path("the photo")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPhoto:
    """All data read from a photo.

    Attributes:
        sha256: Digest of the file's bytes, 32 bytes; empty for a picture.
        size_bytes: Size of the file; 0 for a picture.
        mtime_ns: Its modification time; 0 for a photo in memory.
        pixels: (H, W, 3) RGB, upright, the shorter side as requested; the ends of pictures more than 8 times as
            long as wide are cut off.
        metadata: Size of the original, date, camera.
        small: The thumbnail: a JPEG, upright, its shorter side `SMALL_PX`. The tile in the window shows it, and later
            views are cut from it without reading the photo again.
        remark: The fault of a file that decodes all the same; None for a sound file.
    """

    sha256: bytes
    size_bytes: int
    mtime_ns: int
    pixels: NDArray[np.uint8]
    metadata: PhotoMetadata
    small: bytes
    remark: str | None


def read_photo(source: PhotoSource, *, short_side_px: int) -> LoadedPhoto:
    """Read all data from a photo, a file in one read; safe to call from several threads.

    Args:
        source: The photo; the suffix of a file does not matter.
        short_side_px: Length of the shorter side of the pixels, as the backbone needs it.

    Raises:
        PhotoUnreadable: with the reason in plain words.
    """
    needed_px = max(short_side_px, SMALL_PX)
    if isinstance(source, Image.Image):
        with decoder_boundary(_NO_FILE):
            return _loaded(reduce_picture(source, short_side_px=needed_px), short_side_px, FileHash(b"", 0, 0), None)
    file = FileBytes(source, len(source), 0) if isinstance(source, bytes) else read_file(source)
    with decoder_boundary(_NO_FILE if isinstance(source, bytes) else source):
        decoded = decode(file.data, short_side_px=needed_px, long_side_px=1)
        digest = FileHash(hashlib.sha256(file.data).digest(), file.size_bytes, file.mtime_ns)
        remark = END_MISSING if lacks_end(file.data, format_of(file.data) or "") else None
        return _loaded(decoded, short_side_px, digest, remark)


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


def _loaded(decoded: Decoded, short_side_px: int, file: FileHash, remark: str | None) -> LoadedPhoto:
    small = decoded.network_pixels(SMALL_PX)
    return LoadedPhoto(
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        mtime_ns=file.mtime_ns,
        pixels=small if short_side_px == SMALL_PX else decoded.network_pixels(short_side_px),
        metadata=decoded.metadata,
        small=_as_jpeg(small),
        remark=remark,
    )


def _as_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=_QUALITY, subsampling=_FULL_COLOUR)
    return file.getvalue()
