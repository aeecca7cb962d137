"""Estimates the memory that decoding a picture takes, from its header; limits it for one picture and for all threads.

The sizes in bytes of a pixel are those of Pillow, and of the decoders below it as measured on 24 megapixels.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from flowersorter.messages import text
from flowersorter.photos.read_errors import RefusalError

#: Memory that every picture may take.
_BYTES = 600_000_000
#: A file of a photo has at least a hundredth of the bytes that decoding it takes; a small file that claims to be a huge
#: picture has far less. So large photos may take more: HEIC of 108 megapixels 860 MB, from 12 MB in the file.
_BYTES_OF_A_FILE_BYTE = 100
#: Memory that no picture may take.
_MOST_BYTES = 2_000_000_000

#: Steps of a conversion that hold one part of the picture (see `parts.PART_PIXELS`).
_STEPS_BYTES = 32_000_000
#: Pillow keeps a pointer to each row, and rows of whole 4 bytes.
_POINTER_BYTES, _ROW_UNIT_BYTES = 8, 4
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
_COLOUR_BYTES = 4

# TIFF 6.0, sections 8 and 15.
_BITS_PER_SAMPLE, _ORIENTATION, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = 258, 274, 278, 322, 323
#: First scan and start of any scan (ITU T.81, table B.1).
_START_OF_SCAN = 0xDA


class Room:
    """Limits the memory of all pictures that the threads decode at a time.

    A picture that takes more than all of it is decoded alone.
    """

    def __init__(self, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._taken_bytes = 0
        self._in_line = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, needed_bytes: int) -> Iterator[None]:
        """Wait until there is room for a picture, and take it."""
        with self._in_line, self._changed:  # in line, as small pictures would pass a large one without end
            self._changed.wait_for(lambda: self._has_room(needed_bytes))
            self._taken_bytes += needed_bytes
        try:
            yield
        finally:
            with self._changed:
                self._taken_bytes -= needed_bytes
                self._changed.notify_all()

    def _has_room(self, needed_bytes: int) -> bool:
        return self._taken_bytes == 0 or self._taken_bytes + needed_bytes <= self._size_bytes


#: For the decoders of this process: one picture as large as any may be, or a HEIC of 14 megapixels for each core.
room = Room(max(_BYTES, 150_000_000 * min(16, os.cpu_count() or 1)))


def refuse_if_too_much_memory(image: ImageFile.ImageFile, data: bytes, *, factor: int, lower_bytes: bool) -> int:
    """Refuse a picture, not loaded yet, that takes too much memory to decode and reduce.

    Args:
        image: The picture, set to the size at which it is decoded.
        data: Its file.
        factor: By which it is reduced after decoding.
        lower_bytes: The lower bytes of its samples may have to be decoded as well.

    Returns:
        The estimate, in bytes, without those of the file.

    Raises:
        RefusalError: the estimate is above the limit for a picture.
    """
    needed = _decoder_bytes(image, data) + _result_bytes(image, factor, converted=lower_bytes) + _STEPS_BYTES
    if lower_bytes:
        needed += _decoder_bytes(image, data)
    refuse_if_too_many_bytes(needed, data, image.size)
    return needed


def refuse_if_too_many_bytes(needed: int, data: bytes, size: tuple[int, int]) -> None:
    """Refuse a picture of this (width, height) that takes too many bytes of memory to decode.

    Args:
        needed: The estimate, in bytes, without those of the file.
        data: Its file.
        size: Of the picture.

    Raises:
        RefusalError: the estimate is above what a picture may take.
    """
    allowed = min(_MOST_BYTES, max(_BYTES, _BYTES_OF_A_FILE_BYTE * len(data)))
    if needed > allowed:
        width, height = size
        raise RefusalError(
            text(
                "the image is too large to read: {width} x {height} pixels of this kind take {needed} of memory, and "
                "{allowed} is the limit; save it in a smaller size, or as JPEG",
                width=width,
                height=height,
                needed=_megabytes(needed),
                allowed=_megabytes(allowed),
            )
        )


def _decoder_bytes(image: ImageFile.ImageFile, data: bytes) -> int:
    """Return the most bytes that are held until the picture is decoded."""
    pixels = _plane_bytes(image.mode, image.size)
    if isinstance(image, JpegImageFile):
        return pixels + _coefficient_bytes(image, data)
    more = _BY_FORMAT.get(image.format or "")
    return pixels + (more(image, pixels) if more is not None else 0)


def _plane_bytes(mode: str, size: tuple[int, int]) -> int:
    width, height = size
    row = width * _PIXEL_BYTES.get(mode, _COLOUR_BYTES)
    return height * (_POINTER_BYTES + -(-row // _ROW_UNIT_BYTES) * _ROW_UNIT_BYTES)


def _result_bytes(image: ImageFile.ImageFile, factor: int, *, converted: bool) -> int:
    """Return the bytes of the reduced picture and of its copy for weighted transparency."""
    size = (-(-image.width // factor), -(-image.height // factor))
    transparent = "transparency" in image.info or image.mode.endswith(("A", "a"))
    grey = image.mode[0] in "1LIF" and not transparent
    kept = factor == 1 and not converted and image.mode in ("L", "LA", "RGB", "RGBA", "CMYK")
    result = 0 if kept else _plane_bytes("L" if grey else "RGBA", size)
    return result + (_plane_bytes("RGBA", size) if transparent else 0)


def _coefficient_bytes(image: JpegImageFile, data: bytes) -> int:
    """Return the bytes of the coefficients that libjpeg keeps of a JPEG of several scans, in full size."""
    if not (image.info.get("progressive") or _components_of_first_scan(data) < len(image.layer)):
        return 0
    width, height = _full_size(image)
    largest = max((across * down for _, across, down, _ in image.layer), default=1)
    shares = sum(across * down for _, across, down, _ in image.layer) / max(1, largest)
    return int(2 * width * height * shares)


def _full_size(image: JpegImageFile) -> tuple[int, int]:
    scale = image.decoderconfig[0] if image.decoderconfig else 1
    return image.width * scale, image.height * scale


def _components_of_first_scan(data: bytes) -> int:
    """Return how many components the first scan of a JPEG holds; many where no scan is found."""
    position = 2
    while position + 5 <= len(data) and data[position] == 0xFF:
        if data[position + 1] == _START_OF_SCAN:
            return data[position + 4]
        # A marker may follow any number of fill bytes.
        padding = data[position + 1] == 0xFF
        position += 1 if padding else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 4


def _png_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 2 * 8 * image.width  # the rows that are filtered, of up to 8 bytes a pixel


def _gif_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return pixels  # the area to dispose of


def _bmp_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 2 * image.width * image.height if any(tile.codec_name == "bmp_rle" for tile in image.tile) else 0


def _webp_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 3 * pixels  # two canvases and their copy


def _avif_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 6 * image.width * image.height


def _heif_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    deep = (image.info.get("bit_depth") or 8) > 8
    return (4 + (image.mode == "RGBA") + 4 * deep) * image.width * image.height


def _jpeg_2000_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 16 * image.width * image.height


def _jxl_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    return 8 * image.width * image.height


def _tiff_bytes(image: ImageFile.ImageFile, pixels: int) -> int:
    tags: Any = getattr(image, "tag_v2", {})
    orientation = _number(tags, _ORIENTATION, 1)
    turned = pixels if orientation != 1 else 0
    if all(tile.codec_name == "raw" for tile in image.tile):
        return turned
    width, height = image.size if orientation < 5 else image.size[::-1]
    pixel_bytes = max(_COLOUR_BYTES, int(sum(tags.get(_BITS_PER_SAMPLE, (8,)))) // 8)
    if _TILE_WIDTH in tags:
        return turned + _number(tags, _TILE_WIDTH, width) * _number(tags, _TILE_LENGTH, height) * pixel_bytes
    return turned + min(_number(tags, _ROWS_PER_STRIP, height), height) * width * pixel_bytes


def _number(tags: Any, tag: int, default: int) -> int:
    value = tags.get(tag)
    return value if isinstance(value, int) and value > 0 else default


#: Bytes that decoding takes besides the pixels, as a function of (the picture, bytes of its pixels).
_BY_FORMAT: dict[str, Callable[[ImageFile.ImageFile, int], int]] = {
    "PNG": _png_bytes,
    "GIF": _gif_bytes,
    "BMP": _bmp_bytes,
    "WEBP": _webp_bytes,
    "AVIF": _avif_bytes,
    "HEIF": _heif_bytes,
    "JPEG2000": _jpeg_2000_bytes,
    "JXL": _jxl_bytes,
    "TIFF": _tiff_bytes,
}


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.0f} MB"
