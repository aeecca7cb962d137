"""Detects picture formats by content; the only entry to Pillow's decoders."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import pillow_heif

# Importing a plugin registers it: once here, not later from several threads at a time.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from flowersorter.messages import text
from flowersorter.photos.decoding.heif_items import jp2_exif, last_box_end
from flowersorter.photos.decoding.jpeg_scans import MAX_SCANS, too_many_scans
from flowersorter.photos.decoding.raw_kinds import RAW, is_raw
from flowersorter.photos.decoding.unsupported import unsupported_reason
from flowersorter.photos.read_errors import CUT_OFF, RefusalError

#: Importing a plugin registers it with Pillow, which finds a reader by content among those registered.
PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,  # the JPEG plugin uses it for files with several pictures
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

#: Suffixes of photos other than RAW files, for detection by name alone; decoding goes by content.
PHOTO_SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .mpo .png .webp .tif .tiff .bmp .dib .gif .avif .heic .heif .hif"  # noqa: SIM905 - reads better
    " .jp2 .j2k .jpf .jpx .jxl".split()
)

#: More than any camera makes today (200 megapixels); four bytes a pixel have to fit into memory.
MAX_PIXELS = 250_000_000

#: Pillow's name of JPEG XL, once pylibjxl is loaded.
JXL = "JXL"
NO_JXL = text("it is a JPEG XL image, which needs pylibjxl; install it with: pip install pylibjxl")
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",  # without a container
    b"\0\0\0\x0cJXL \r\n\x87\n": JXL,
    b"\xff\x0a": JXL,
}
#: Formats that begin with a box, or are bare.
_IN_BOXES = (JXL, "JPEG2000")
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
_UNSUPPORTED = {
    b"%PDF": text("it is a PDF document, not an image"),
    b"8BPS": text("it is a Photoshop file, which FlowerSorter cannot open"),
}
_PILLOW_MODULES = re.compile(r"PIL\.")

# A colour profile of a printer or scanner has a few megabytes, more than Pillow takes from a PNG otherwise.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 16_000_000
# Pillow refuses only above twice this, when it reads a header; `open_picture` applies the exact limit.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow's complaints about a file are shown as a reason; its log lines would only reach a terminal.
logging.getLogger("PIL").setLevel(logging.CRITICAL)
Image.preinit()
pillow_heif.register_heif_opener(depth_images=False, aux_images=False)


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """Open a picture of one of the known formats; its pixels are not decoded yet.

    Raises:
        RefusalError: it is not a picture, has too many pixels or scans, or its header is broken.
        Exception: any other exception of the decoder on broken bytes.
    """
    _silence_pillow()
    kind = format_of(data)
    if kind is None:
        raise RefusalError(_why_not_a_picture(data))
    if kind == "JPEG" and too_many_scans(data):
        raise RefusalError(
            text("the JPEG has more than {count} scans, which would take hours to decode", count=MAX_SCANS)
        )
    if kind == JXL:
        _load_jxl()
    try:
        image = Image.open(io.BytesIO(data), formats=(kind,))
        if kind in _IN_BOXES and _ends_too_early(data, kind):
            raise RefusalError(CUT_OFF)  # their decoders only say that it is damaged
        if kind == "JPEG2000" and (exif := jp2_exif(data)):
            image.info.setdefault("exif", exif)
    except (UnidentifiedImageError, OSError) as error:
        if _ends_too_early(data, kind):
            raise RefusalError(CUT_OFF) from error
        if reason := unsupported_reason(data, kind, error):
            raise RefusalError(reason) from error
        raise
    refuse_if_too_large(image.size)
    return image


def without_texts(png: bytes) -> bytes:
    """Return a PNG without its texts, which can be too large for Pillow (PNG, 3rd edition, 11.3.3)."""
    kept, position = [png[:8]], 8
    while position + 8 <= len(png):
        end = position + 12 + int.from_bytes(png[position : position + 4], "big")
        if png[position + 4 : position + 8] not in _PNG_TEXTS:
            kept.append(png[position:end])
        position = end
    return b"".join(kept)


def refuse_if_too_large(size: tuple[int, int]) -> None:
    """Refuse a picture of this (width, height) if it would need too much memory.

    Raises:
        RefusalError: it has more than `MAX_PIXELS`.
    """
    width_px, height_px = size
    if width_px * height_px > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise RefusalError(
            text(
                "the image is too large: {width} x {height} pixels, the limit is {limit} million",
                width=width_px,
                height=height_px,
                limit=limit,
            )
        )


def format_of(data: bytes) -> str | None:
    """Return Pillow's name for the picture format these bytes begin with, `RAW` for that of a camera, or None."""
    if is_raw(data):
        return RAW
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _brands(data: bytes) -> frozenset[bytes]:
    """Return the brands that an ISO media file declares (ISO/IEC 14496-12, 4.3), none for other files."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4], "big"), len(data), 256)
    return frozenset(data[start:stop] for start, stop in pairwise(range(8, end + 1, 4)))


def _why_not_a_picture(data: bytes) -> str:
    for signature, reason in _UNSUPPORTED.items():
        if data.startswith(signature):
            return reason
    if data[4:8] == b"ftyp":
        return text("it is a video, not an image")
    if data.count(0) == len(data):
        return text("the file holds nothing but zeros")
    return text("it is not an image")


def _ends_too_early(data: bytes, kind: str) -> bool:
    """Whether the file's headers point beyond its end."""
    if kind == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if kind == "TIFF":
        order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
        return int.from_bytes(data[4:8], order) >= len(data)
    if kind in ("HEIF", "AVIF") or (kind in _IN_BOXES and data[0] == 0):
        return last_box_end(data) > len(data)
    return False


def _load_jxl() -> None:
    """Let Pillow open JPEG XL; the package is loaded for the first such file.

    Raises:
        RefusalError: it is not there.
    """
    try:
        import pylibjxl
    except ImportError as error:
        raise RefusalError(NO_JXL) from error
    if JXL not in Image.OPEN:
        pylibjxl.register_pillow()


def _silence_pillow() -> None:
    """Keep Pillow's warnings about a file from the terminal.

    `warnings.catch_warnings` is not thread-safe: it replaces a list that all threads share, and two threads can
    restore it in the wrong order. Inserting a filter at the front, again whenever it is not first, has no such state.
    """
    filters: Sequence[tuple[Any, ...]] = warnings.filters
    if not filters or filters[0][3] != _PILLOW_MODULES:
        warnings.filterwarnings("ignore", module=_PILLOW_MODULES.pattern)
