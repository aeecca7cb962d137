"""Reads photos as QImages, off the GUI thread: thumbnails from the library's cache, else from the file.

What decodes them is imported when the first one is wanted, the decoders of photos when the first file has to be read: a
known folder needs only the cache.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from flowersorter.library.collection import CollectionStore
from flowersorter.workers.thumbnail_pool import Wanted

THUMBNAIL_PX = 320


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """Make an image that owns its pixels, in the format that paints fastest.

    Args:
        pixels: (H, W, 3) uint8 RGB.
    """
    height, width, _ = pixels.shape
    contiguous = np.ascontiguousarray(pixels)
    image = QImage(contiguous.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a deep copy


def large_image(path: Path, max_side_px: int) -> QImage:
    """Read a photo large, upright.

    Raises:
        PhotoUnreadable: it cannot be shown.
    """
    from flowersorter.photos.thumbnail import load_large

    return to_image(load_large(path, max_side_px))


class ThumbnailLoader:
    """Loads a thumbnail for the pool; called in any thread."""

    def __init__(self, collection: CollectionStore) -> None:
        self._collection = collection

    def __call__(self, wanted: Wanted) -> QImage:
        """Return the stored thumbnail of a photo that was read before, else a quick one.

        Raises:
            PhotoUnreadable: the file cannot be shown.
        """
        if not wanted.photo_id:
            from flowersorter.photos.thumbnail import quick_thumbnail

            return to_image(quick_thumbnail(wanted.path, THUMBNAIL_PX))
        from flowersorter.photos.decoding.cached_thumbnail import decode_thumbnail

        sha256 = self._collection.photos.photo(wanted.photo_id).sha256
        jpeg = self._collection.thumbnails.get(sha256)
        # Not by Qt's readers: they translate their messages while they hold a lock that other threads wait for. A
        # translator in Python waits for the interpreter meanwhile, and a thread that waits for the lock may hold it.
        pixels = decode_thumbnail(jpeg) if jpeg is not None else None
        if pixels is None:
            pixels = decode_thumbnail(self._made_again(sha256, wanted.path))
        assert pixels is not None, "it has just been made"
        return to_image(pixels)

    def _made_again(self, sha256: bytes, path: Path) -> bytes:
        """Decode a thumbnail missing from the cache, and store it unless the file has changed."""
        from flowersorter.photos.read import SMALL_PX, read_photo

        photo = read_photo(path, short_side_px=SMALL_PX)
        if photo.sha256 == sha256:
            self._collection.thumbnails.put(sha256, photo.small)
        return photo.small
