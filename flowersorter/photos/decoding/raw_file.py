"""Opens RAW files with LibRaw: the preview in the file, or the pixels of the sensor, developed in half size."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
from PIL import Image

from flowersorter.messages import text
from flowersorter.photos.decoding.memory import refuse_if_too_many_bytes, room
from flowersorter.photos.decoding.raw_kinds import as_tiff, has_all_colours, lacks_raw_end
from flowersorter.photos.metadata import camera_from, taken_at_from
from flowersorter.photos.read_errors import CUT_OFF, DAMAGED, RefusalError

if TYPE_CHECKING:
    import rawpy

NO_LIBRAW = text("it is a RAW file, which needs rawpy; install it with: pip install rawpy")
UNKNOWN_CAMERA = text("it is a RAW file of a kind that FlowerSorter cannot open; save it as DNG or JPEG")

#: EXIF orientation of each flip of LibRaw: a bit for mirrored, one for upside down, one for transposed.
_ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)
#: Bytes that LibRaw and the picture take for a pixel of a sensor, developed in half size: 6.8 and 27.1, measured on 24
#: megapixels. It does not halve a RAW with every colour of every pixel.
_PIXEL_BYTES, _ALL_COLOURS_BYTES = 8, 28
#: Canon CR3: the boxes with the TIFFs of the camera, and of the exposure (the date).
_CR3_BOXES = (b"CMT1", b"CMT2")
_CR3_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class RawFile:
    """A RAW file that LibRaw knows; its pixels are not decoded yet.

    Attributes:
        data: The file.
        size: Width and height of its photo in pixels, as stored.
        orientation: EXIF orientation of what is stored.
    """

    data: bytes
    size: tuple[int, int]
    orientation: int

    @classmethod
    def open(cls, data: bytes) -> Self:
        """Read the header.

        Raises:
            RefusalError: LibRaw does not know it, or is not there.
        """
        with _opened(data) as raw:
            sizes = raw.sizes
        if not (sizes.width and sizes.height):
            raise RefusalError(DAMAGED)
        flip = sizes.flip if 0 <= sizes.flip < len(_ORIENTATIONS) else 0
        return cls(data, (sizes.width, sizes.height), _ORIENTATIONS[flip])

    def preview(self) -> bytes | Image.Image | None:
        """The largest picture that the camera put into the file, as a JPEG or as pixels; None without one."""
        try:
            with _opened(self.data) as raw:
                found = raw.extract_thumb()
        except (RefusalError, OSError, NotImplementedError, ValueError):  # of kinds that rawpy does not know
            return None
        return found.data if isinstance(found.data, bytes) else Image.fromarray(np.squeeze(found.data))

    def developed(self) -> Image.Image:
        """Develop the pixels of the sensor in half size, in sRGB, as they are stored.

        Raises:
            RefusalError: they are missing or damaged, or take too much memory.
        """
        if lacks_raw_end(self.data):
            raise RefusalError(CUT_OFF)  # LibRaw would write to the terminal
        pixel_bytes = _ALL_COLOURS_BYTES if has_all_colours(self.data) else _PIXEL_BYTES
        needed = pixel_bytes * self.size[0] * self.size[1]
        refuse_if_too_many_bytes(needed, self.data, self.size)
        with room.taken(needed), _opened(self.data) as raw:
            pixels = raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
            return Image.fromarray(np.squeeze(pixels)).convert("RGB")

    @property
    def taken_at(self) -> datetime | None:
        """When it was taken, by the camera's clock, as far as the file itself says so."""
        dates = (taken_at_from(partial(_exif, block)) for block in reversed(self._blocks()))
        return next((date for date in dates if date is not None), None)

    @property
    def camera(self) -> str | None:
        """Maker and model of the camera, as far as the file itself says so."""
        return next((name for block in self._blocks() if (name := camera_from(partial(_exif, block)))), None)

    def _blocks(self) -> list[bytes]:
        """The TIFFs in which the file describes its photo."""
        if not self.data.startswith(b"ftyp", 4):
            return [as_tiff(self.data)]
        head = self.data[:_CR3_HEAD_BYTES]
        begins = [head.find(kind) for kind in _CR3_BOXES]
        return [head[at + 4 : at - 4 + int.from_bytes(head[at - 4 : at], "big")] for at in begins if at >= 4]


@contextmanager
def _opened(data: bytes) -> Iterator[rawpy.RawPy]:
    """Open a RAW file in LibRaw, and free what it holds.

    Raises:
        RefusalError: LibRaw is not there, or refuses the file, then or inside.
    """
    try:
        import rawpy
    except ImportError as error:
        raise RefusalError(NO_LIBRAW) from error
    raw = rawpy.RawPy()
    try:
        raw.open_buffer(io.BytesIO(data))
        yield raw
    except rawpy.LibRawError as error:
        raise RefusalError(_reason(error)) from error
    finally:
        raw.close()


def _reason(error: rawpy.LibRawError) -> str:
    import rawpy

    if isinstance(error, rawpy.LibRawFileUnsupportedError | rawpy.LibRawNotImplementedError):
        return UNKNOWN_CAMERA
    if isinstance(error, rawpy.LibRawUnsufficientMemoryError | rawpy.LibRawTooBigError):
        return text("there is not enough memory to open it")
    return CUT_OFF if isinstance(error, rawpy.LibRawIOError) else DAMAGED


def _exif(block: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(block)
    return exif
