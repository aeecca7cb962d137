"""Scales samples of more than 8 bits to 8, by the white that the file names or by the range that it uses.

Industrial cameras and microscopes store 10, 12 or 14 bits in samples of 16, mostly without a note; shown as 16 bits,
such a picture is nearly black. A picture that is only dark is not brightened where its writer names all 16 bits, gives
it a colour profile, or made it from 8 bits.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from flowersorter.photos.decoding.parts import Box, boxes, part_of

#: Bits used of a larger sample: by cameras, and 8 by programs that store a picture without scaling it.
_USED_BITS = (8, 10, 12, 14, 16)

# TIFF 6.0, section 8; the ranges of numbers in section 19.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE, _PLANAR = 258, 262, 281, 284
_SAMPLE_FORMAT, _SMIN_SAMPLE, _SMAX_SAMPLE = 339, 340, 341
_WHITE_IS_ZERO, _SEPARATE_PLANES, _UNSIGNED = 0, 2, 1

#: The same samples, read in the other byte order: their lower bytes where Pillow takes the upper.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
#: Raw modes of Pillow that take the upper bytes of colours of 16 bits. Premultiplied alpha is divided out with the
#: upper bytes, so its lower bytes cannot be had.
_COLOURS_OF_16_BITS = ("RGB;16", "RGBA;16", "RGBX;16", "R;16", "G;16", "B;16", "A;16")
_GREY_WITH_ALPHA = "LA;16B"


class Samples(Protocol):
    """The samples of a picture that has more than 8 bits."""

    def eight_bits(self, part: Image.Image, box: Box) -> Image.Image:
        """Return a part of the picture with 8 bits a channel, its transparent value as alpha."""
        ...


@dataclass(frozen=True, slots=True)
class GreySamples:
    """Grey samples, as integers or numbers.

    Attributes:
        black: Value of black.
        white: Value of white.
        inverted: White is stored as zero.
        unsigned: Pillow holds 32 bits as if they had a sign.
    """

    black: float
    white: float
    inverted: bool = False
    unsigned: bool = False

    def eight_bits(self, part: Image.Image, box: Box) -> Image.Image:
        """Return a part of the picture with 8 bits, its transparent value as alpha."""
        values = _values(part, unsigned=self.unsigned)
        levels = self._levels(values)
        result = Image.fromarray(255 - levels if self.inverted else levels)
        key = part.info.get("transparency")
        if isinstance(key, int):
            result.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
        result.info = {name: value for name, value in part.info.items() if name != "transparency"}
        return result

    def _levels(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        bits = int(self.white).bit_length()
        if values.dtype.kind in "iu" and self.black == 0 and self.white == 2**bits - 1 and bits >= 8:
            return (values >> (bits - 8)).astype(np.uint8)
        scaled = values.astype(np.float64)  # 32 bits overflow where numbers use all of them
        scaled -= self.black
        scaled *= 255.0 / ((self.white - self.black) or 1.0)
        np.nan_to_num(scaled, copy=False)
        return np.clip(scaled, 0, 255, out=scaled).round().astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class ColourSamples:
    """Colour samples of 16 bits that use the lower bits only; the picture holds their upper bytes.

    Attributes:
        lower: The lower bytes.
        channels: Where they are for each channel of the picture; None where all are at the same place.
        bits: Used by the colours.
        alpha_bits: Used by alpha.
    """

    lower: Image.Image
    channels: list[int] | None
    bits: int
    alpha_bits: int

    def eight_bits(self, part: Image.Image, box: Box) -> Image.Image:
        """Return a part of the picture with 8 bits a channel."""
        upper, lower = np.asarray(part), _taken(part_of(self.lower, box), self.channels)
        levels = (upper << (16 - self.bits)) | (lower >> (self.bits - 8))
        if self.alpha_bits != self.bits:
            levels[..., 3] = (upper[..., 3] << (16 - self.alpha_bits)) | (lower[..., 3] >> (self.alpha_bits - 8))
        result = Image.fromarray(levels)
        result.info = dict(part.info)
        return result


def correct_planes(image: ImageFile.ImageFile) -> None:
    """Set a TIFF of separate planes and 16 bits, not loaded yet, to be read as 16 bits: Pillow takes them for 8."""
    tags = _tags(image)
    if tags.get(_PLANAR) != _SEPARATE_PLANES or max(tags.get(_BITS_PER_SAMPLE, (1,))) != 16:
        return
    order = "L" if tags.prefix == b"II" else "B"
    image.tile = [
        tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))
        if tile.codec_name == "raw" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def has_lower_bytes(image: ImageFile.ImageFile) -> bool:
    """Whether a picture, not loaded yet, is in colour, with 16 bits a sample of which Pillow takes the upper bytes."""
    if image.format == "JXL":  # its tiles are of pylibjxl, which gives 8 bits
        return False
    return bool(image.tile) and all(_lower(tile) is not None for tile in image.tile)


def take_lower_bytes(image: ImageFile.ImageFile) -> None:
    """Set a picture for which `has_lower_bytes` is true to be loaded with the lower bytes of its samples."""
    image.tile = [lower for tile in image.tile if (lower := _lower(tile)) is not None]


def grey_samples(image: Image.Image, data: bytes) -> GreySamples | None:
    """Return how the samples of a loaded picture are scaled; None where it has 8 bits or is in colour.

    Args:
        image: The picture.
        data: Its file.
    """
    tags = _tags(image)
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    if image.mode.startswith("I;16"):
        return GreySamples(0, 2 ** _bits_of_grey(image, data) - 1, inverted)
    if image.mode == "I":
        unsigned = _first(tags.get(_SAMPLE_FORMAT)) == _UNSIGNED
        return GreySamples(*_integer_range(image, unsigned=unsigned), inverted, unsigned)
    return GreySamples(*_number_range(image), inverted) if image.mode == "F" else None


def colour_bits(upper: Image.Image, data: bytes) -> tuple[int, int]:
    """Return how many of 16 bits the colours and the alpha of a loaded picture use, judged by their upper bytes."""
    declared = _declared_bits(upper, data)
    if declared == 16:
        return 16, 16
    brightest = alpha = 0
    for part in _parts(upper):
        extremes: Any = part.getextrema()  # of several channels, a pair for each
        most = [high for _, high in extremes]
        brightest, alpha = max(brightest, *most[:3]), max(alpha, *most[3:], 0)
        if brightest >= 1 << 6:
            return 16, 16
    bits = _used_bits(brightest << 8, declared)
    return bits, bits if alpha << 8 < 1 << bits else 16


def colour_samples(upper: Image.Image, lower: Image.Image, data: bytes, bits: tuple[int, int]) -> ColourSamples | None:
    """Return how the colours of a loaded picture are scaled; None where they were made from 8 bits.

    Args:
        upper: The picture, with the upper bytes of its samples.
        lower: The same picture loaded after `take_lower_bytes`.
        data: The file.
        bits: Of `colour_bits`.
    """
    channels = [1, 1, 1, 3] if _is_grey_with_alpha(data) else None
    if _declared_bits(upper, data) is None:
        from_8_bits = _From8Bits()
        for box in boxes(upper.size):
            high = np.asarray(part_of(upper, box))
            from_8_bits.add(high, _taken(part_of(lower, box), channels))
        if from_8_bits:
            return None
    return ColourSamples(lower, channels, *bits)


def _lower(tile: ImageFile._Tile) -> ImageFile._Tile | None:
    """Return the tile that reads lower bytes, None where there are none."""
    mode = tile.args if isinstance(tile.args, str) else str(_first(tile.args))
    if mode == _GREY_WITH_ALPHA:
        lower = "RGBA"
    elif mode[:-1] in _COLOURS_OF_16_BITS:
        lower = mode[:-1] + _OTHER_ORDER[mode[-1]]
    else:
        return None
    return tile._replace(args=(lower, *tile.args[1:]) if isinstance(tile.args, tuple) else lower)


@dataclass(slots=True)
class _From8Bits:
    """Whether all samples of 16 bits were made from 8: the lower bytes repeat the upper, or are zero.

    A drawing has zeros there by chance as well: then there must be more levels than 12 bits leave to the upper bytes.
    """

    _repeated: bool = True
    _zero: bool = True
    _seen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(256, np.bool_))

    def add(self, upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> None:
        self._repeated = self._repeated and bool((lower == upper).all())
        self._zero = self._zero and not lower.any()
        if self._zero and not self:
            counts = np.array(Image.fromarray(upper).histogram()).reshape(-1, 256)  # quicker than NumPy's
            self._seen |= counts.any(axis=0)

    def __bool__(self) -> bool:
        return self._repeated or (self._zero and int(np.count_nonzero(self._seen)) > 16)


def _taken(lower: Image.Image, channels: list[int] | None) -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = np.asarray(lower)
    return values if channels is None else values[..., channels]


def _bits_of_grey(image: Image.Image, data: bytes) -> int:
    declared = _declared_bits(image, data)
    if declared == 16:
        return 16
    brightest, from_8_bits = 0, _From8Bits()
    for part in _parts(image):
        values = np.asarray(part)
        brightest = max(brightest, int(values.max()))
        if brightest >= 1 << 14:
            return 16
        from_8_bits.add((values >> 8).astype(np.uint8), values.astype(np.uint8))
    return 16 if declared is None and from_8_bits else _used_bits(brightest, declared)


def _used_bits(brightest: int, declared: int | None) -> int:
    if declared is not None:
        return declared if brightest < 1 << declared else 16
    return next((bits for bits in _USED_BITS if brightest < 1 << bits), 16)


def _declared_bits(image: Image.Image, data: bytes) -> int | None:
    """Return how many of the 16 bits the writer of a file says are used, None where it does not."""
    tags = _tags(image)
    if tags:
        bits = max(tags.get(_BITS_PER_SAMPLE, (16,)))
        if bits < 16:
            return int(bits)
        if most := _most_sample(tags):
            return _used_bits(most, None)
    if image.info.get("icc_profile"):
        return 16
    return next((max(body) for kind, body in _png_header(data) if kind == b"sBIT" and body and max(body) >= 8), None)


def _integer_range(image: Image.Image, *, unsigned: bool) -> tuple[float, float]:
    """Return black and white of integers of up to 32 bits; their own range where they use more than 16 or a sign."""
    parts = [(int(values.min()), int(values.max())) for values in _all_values(image, unsigned=unsigned)]
    darkest, brightest = min(low for low, _ in parts), max(high for _, high in parts)
    if darkest < 0 or brightest > 0xFFFF:
        return float(darkest), float(brightest)
    return 0, 2 ** _used_bits(max(brightest, _most_sample(_tags(image))), None) - 1


def _number_range(image: Image.Image) -> tuple[float, float]:
    """Return black and white of floating-point numbers: as the file says, 0 to 1, or their own range."""
    tags = _tags(image)
    black, white = _first(tags.get(_SMIN_SAMPLE)), _first(tags.get(_SMAX_SAMPLE))
    if isinstance(black, float) and isinstance(white, float) and -math.inf < black < white < math.inf:
        return black, white
    finite = (values[np.isfinite(values)] for values in _all_values(image))
    parts = [(float(values.min()), float(values.max())) for values in finite if values.size]
    darkest, brightest = min((low for low, _ in parts), default=0.0), max((high for _, high in parts), default=1.0)
    return (0.0, 1.0) if darkest >= 0 and brightest <= 1 else (darkest, brightest)


def _is_grey_with_alpha(data: bytes) -> bool:
    return any(kind == b"IHDR" and body[9:10] == b"\4" for kind, body in _png_header(data))


def _png_header(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the kind and the first bytes of the chunks before the pixels of a PNG; none of another file."""
    position = 8 if data.startswith(b"\x89PNG") else len(data)
    while position + 8 <= len(data) and (kind := data[position + 4 : position + 8]) != b"IDAT":
        length = int.from_bytes(data[position : position + 4], "big")
        yield kind, data[position + 8 : position + 8 + min(length, 64)]
        position += length + 12


def _parts(image: Image.Image) -> Iterator[Image.Image]:
    return (part_of(image, box) for box in boxes(image.size))


def _all_values(image: Image.Image, *, unsigned: bool = False) -> Iterator[NDArray[Any]]:
    return (_values(part, unsigned=unsigned) for part in _parts(image))


def _values(part: Image.Image, *, unsigned: bool) -> NDArray[Any]:
    values: NDArray[Any] = np.asarray(part)
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values


def _tags(image: Image.Image) -> Any:
    return getattr(image, "tag_v2", {})


def _most_sample(tags: Any) -> int:
    """Return the largest sample that a TIFF names, 0 where it names none or one of 8 bits, as careless programs do."""
    value = tags.get(_MAX_SAMPLE, 0)
    values = value if isinstance(value, tuple) else (value,)
    return max((most for most in values if isinstance(most, int) and most > 0xFF), default=0)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value
