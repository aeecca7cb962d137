"""Names intact files of a kind that Pillow cannot decode, so that they are not called damaged."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

_WAY_OUT = "which FlowerSorter cannot open; save it as JPEG or PNG"

# TIFF 6.0, section 8; DNG 1.7 and the register of the Library of Congress for the compressions.
_BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _SAMPLES_PER_PIXEL, _SAMPLE_FORMAT = 258, 259, 262, 277, 339
_COMPRESSIONS = frozenset(
    (9, 10, 32766, 32767, 32895, 32896, 32897, 32898, 33003, 33004, 33005, 33007, 34661, 34712, 34713, 34887, 34892,
     34926, 34927, 34933, 34934, 50002, 52546, 65535)
)  # fmt: skip
_BITS = frozenset((1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64, 128))
_PHOTOMETRICS = frozenset((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 32844, 32845, 34892, 51177, 52527))
_NUMBERS = {1: "", 2: " with a sign", 3: ", floating-point", 4: "", 5: ", complex", 6: ", complex"}
_MOST_SAMPLES = 1000
#: Pillow's messages about a TIFF whose tags contradict nothing.
_TIFF_REFUSALS = ("unknown pixel mode", "invalid value for samples per pixel")

#: Values in Pillow's messages about a BMP that existing programs write; others are damage.
_BMP_VALUES = {"header type": range(16, 65), "pixel depth": (2, 64), "compression": (4, 5, 11, 12, 13)}
_JPEG_LS = b"\xff\xd8\xff\xf7"  # ITU T.87: its own start of frame


def unsupported_reason(data: bytes, kind: str, error: Exception) -> str | None:
    """Name the kind of a file that Pillow refuses to open; None if it seems to be damaged.

    Args:
        data: The file.
        kind: Pillow's name of its format.
        error: Pillow's refusal.
    """
    words = _words(data, kind, error)
    if kind == "TIFF":
        return _kind_of_tiff(data, words)
    if kind == "BMP":
        return _kind_of_bmp(words)
    if kind == "JPEG":
        return _kind_of_jpeg(data, words)
    if kind in ("HEIF", "AVIF") and ("unsupported" in words or "no codec" in words):
        return f"it is a kind of {kind}, {_WAY_OUT}"
    return None


def _words(data: bytes, kind: str, error: Exception) -> str:
    """Return the message of Pillow's decoder; `Image.open` replaces most by its own."""
    try:
        Image.OPEN[kind][0](io.BytesIO(data), "")
    except (SyntaxError, OSError, ValueError) as cause:
        return str(cause).lower()
    return str(error).lower()


def _kind_of_tiff(data: bytes, words: str) -> str | None:
    try:
        tags: Any = ImageFileDirectory_v2(data[: 16 if b"+" in data[2:4] else 8])
        stream = io.BytesIO(data)
        stream.seek(tags.next)
        tags.load(stream)
        bits = tags.get(_BITS_PER_SAMPLE, (1,))
        samples, photometric = tags.get(_SAMPLES_PER_PIXEL, 1), tags.get(_PHOTOMETRIC, 0)
        compression, numbers = tags.get(_COMPRESSION, 1), set(tags.get(_SAMPLE_FORMAT, (1,)))
    except (SyntaxError, OSError, ValueError, TypeError, KeyError, IndexError, ArithmeticError):
        return None
    if compression in _COMPRESSIONS:
        return f"it is a TIFF in compression {compression}, {_WAY_OUT}"
    plausible = (
        words in _TIFF_REFUSALS
        and compression in COMPRESSION_INFO
        and photometric in _PHOTOMETRICS
        and len(bits) in (1, samples)
        and set(bits) <= _BITS
        and numbers <= _NUMBERS.keys()
        and isinstance(samples, int)
        and 1 <= samples <= _MOST_SAMPLES
    )
    if not plausible:
        return None
    channels = "1 channel" if samples == 1 else f"{samples} channels"
    return f"it is a TIFF of {channels} of {max(bits)} bits{_NUMBERS[max(numbers)]}, {_WAY_OUT}"


def _kind_of_bmp(words: str) -> str | None:
    for subject, values in _BMP_VALUES.items():
        if (found := re.search(rf"unsupported bmp {subject} \((\d+)\)", words)) and int(found[1]) in values:
            return f"it is a BMP of {subject} {found[1]}, {_WAY_OUT}"
    return f"it is a BMP of an unusual order of colours, {_WAY_OUT}" if "bitfields layout" in words else None


def _kind_of_jpeg(data: bytes, words: str) -> str | None:
    if data.startswith(_JPEG_LS):
        return f"it is a JPEG-LS image, {_WAY_OUT}"
    if found := re.search(r"cannot handle (\d+)-(bit|layer)", words):
        number, unit = found.groups()
        if unit == "bit" and number in ("12", "16"):
            return f"it is a JPEG of {number} bits, {_WAY_OUT}"
        if unit == "layer" and number == "2":
            return f"it is a JPEG of 2 channels, {_WAY_OUT}"
    return None
