"""Names intact files of a kind that Pillow cannot decode, so that they are not called damaged."""

from __future__ import annotations

import io
import re
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

from flowersorter.messages import Text, plural, text

# TIFF 6.0, section 8; DNG 1.7 and the register of the Library of Congress for the compressions.
_BITS_PER_SAMPLE, _COMPRESSION, _PHOTOMETRIC, _SAMPLES_PER_PIXEL, _SAMPLE_FORMAT = 258, 259, 262, 277, 339
_COMPRESSIONS = frozenset(
    (9, 10, 32766, 32767, 32895, 32896, 32897, 32898, 33003, 33004, 33005, 33007, 34661, 34712, 34713, 34887, 34892,
     34926, 34927, 34933, 34934, 50002, 52546, 65535)
)  # fmt: skip
_BITS = frozenset((1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64, 128))
_PHOTOMETRICS = frozenset((0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 32844, 32845, 34892, 51177, 52527))
_NUMBERS = {
    1: "",
    2: text(" with a sign"),
    3: text(", floating-point"),
    4: "",
    5: text(", complex"),
    6: text(", complex"),
}
_MOST_SAMPLES = 1000
#: Pillow's messages about a TIFF whose tags contradict nothing.
_TIFF_REFUSALS = ("unknown pixel mode", "invalid value for samples per pixel")

#: Values in Pillow's messages about a BMP that existing programs write; others are damage.
_BMP_VALUES = {
    text("header type"): range(16, 65),
    text("pixel depth"): (2, 64),
    text("compression"): (4, 5, 11, 12, 13),
}
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
        return _unsupported(text("a kind of {kind}", kind=kind))
    return None


def _unsupported(kind: Text) -> Text:
    return text("it is {kind}, which FlowerSorter cannot open; save it as JPEG or PNG", kind=kind)


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
        return _unsupported(text("a TIFF in compression {compression}", compression=compression))
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
    return _unsupported(
        plural(
            "a TIFF of 1 channel of {bits} bits{numbers}",
            "a TIFF of {number} channels of {bits} bits{numbers}",
            samples,
            bits=max(bits),
            numbers=_NUMBERS[max(numbers)],
        )
    )


def _kind_of_bmp(words: str) -> str | None:
    for subject, values in _BMP_VALUES.items():
        if (found := re.search(rf"unsupported bmp {subject} \((\d+)\)", words)) and int(found[1]) in values:
            return _unsupported(text("a BMP of {subject} {number}", subject=subject, number=found[1]))
    return _unsupported(text("a BMP of an unusual order of colours")) if "bitfields layout" in words else None


def _kind_of_jpeg(data: bytes, words: str) -> str | None:
    if data.startswith(_JPEG_LS):
        return _unsupported(text("a JPEG-LS image"))
    if found := re.search(r"cannot handle (\d+)-(bit|layer)", words):
        number, unit = found.groups()
        if unit == "bit" and number in ("12", "16"):
            return _unsupported(text("a JPEG of {number} bits", number=number))
        if unit == "layer" and number == "2":
            return _unsupported(text("a JPEG of 2 channels"))
    return None
