"""Decodes a picture at a reduced size and returns it upright, in sRGB, in any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from flowersorter.messages import text
from flowersorter.photos.colour import averageable, is_averageable, to_srgb
from flowersorter.photos.decoding.bit_depth import (
    Samples,
    colour_bits,
    colour_samples,
    correct_planes,
    grey_samples,
    has_lower_bytes,
    take_lower_bytes,
)
from flowersorter.photos.decoding.libtiff_messages import libtiff_messages
from flowersorter.photos.decoding.memory import refuse_if_too_much_memory, room
from flowersorter.photos.decoding.parts import boxes, part_of
from flowersorter.photos.decoding.raw_file import RawFile
from flowersorter.photos.decoding.raw_kinds import RAW
from flowersorter.photos.formats import format_of, open_picture, refuse_if_too_large, without_texts
from flowersorter.photos.metadata import PhotoMetadata, camera_of, orientation_of, taken_at_of
from flowersorter.photos.read_errors import CUT_OFF, RefusalError, decoder_reason

#: Transposition that turns the stored picture upright, by EXIF orientation (EXIF 2.32, 4.6.4).
_UPRIGHT_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

#: The ends of longer pictures are cut off for the network: 1 x 20,000 pixels enlarged to 256 would be 5 million long.
MAX_ASPECT = 8

#: How many times the needed size a picture must keep while it is reduced by averaging, before the final resize.
FINE, QUICK = 2.0, 1.0
#: The same for a JPEG, whose decoder reduces better than averaging does. Measured on 12 megapixels: decoded at 1.46
#: times the needed size (an eighth), the features of a photo agree with those of a full decode to a cosine of 0.9992,
#: at twice the size (a quarter) to 0.9998, which takes 7 ms longer.
_JPEG_FINE = 1.25

#: A side more than this many times as long as needed is averaged first: `resize` keeps 32 bytes of weights for each of
#: its pixels, a gigabyte for a line of 30 million. Other shapes are less than 4 times as large as needed.
_MOST_RESIZED = 16

#: The last marker of a JPEG (ITU T.81, table B.1).
_JPEG_END = b"\xff\xd9"
#: Two endings without a marker: a decoder that still wants data reads them, and shows them as different pixels.
_FILLERS = (bytes(4096), b"\xaa" * 4096)

#: The preview in a RAW file is shown where its shorter side has so many pixels: it takes a hundredth of the time.
_LEAST_PREVIEW_PX = 512
#: A RAW file is developed where its preview has less than this share of the pixels to be shown along a side.
_LEAST_SHARE = 0.6
#: The preview shows all of the photo where the shapes of the two differ by less than this.
_SAME_SHAPE = 0.02

_NO_DATE_YEAR = 1970

#: (left, top, right, bottom), in pixels of a picture and parts of them.
_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A decoded picture, as stored, at least as large as requested.

    Attributes:
        image: Averageable pixels, neither upright nor in sRGB yet.
        box: The part of ``image`` that the original fills, (left, top, right, bottom) in its pixels.
        orientation: EXIF orientation, not applied yet.
        metadata: Of the original.
    """

    image: Image.Image
    box: _Box
    orientation: int
    metadata: PhotoMetadata

    def network_pixels(self, short_side_px: int) -> NDArray[np.uint8]:
        """Return (H, W, 3) RGB, upright, the shorter side ``short_side_px`` long, small pictures enlarged."""
        left, top, right, bottom = self.box
        width, height = right - left, bottom - top
        longest = MAX_ASPECT * min(width, height)
        cut_x, cut_y = max(0.0, width - longest) / 2, max(0.0, height - longest) / 2
        box = (left + cut_x, top + cut_y, right - cut_x, bottom - cut_y)
        scale = short_side_px / min(width, height)
        size = (round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale))
        return np.array(self._rendered(size, box))

    def fitted(self, longest_side_px: int) -> Image.Image:
        """Return the picture as RGB, upright, no side longer than requested; never enlarged."""
        width, height = self.box[2] - self.box[0], self.box[3] - self.box[1]
        scale = min(1.0, longest_side_px / max(width, height))
        return self._rendered((max(1, round(width * scale)), max(1, round(height * scale))), self.box)

    def _rendered(self, size: tuple[int, int], box: _Box) -> Image.Image:
        resized, box = _shortened(self.image, size, box)
        if size != resized.size or box != (0, 0, *size):
            resized = resized.resize(size, Image.Resampling.BICUBIC, box)
        picture = to_srgb(resized)
        turn = _UPRIGHT_BY_ORIENTATION.get(self.orientation)
        return picture if turn is None else picture.transpose(turn)


def reduce_picture(image: Image.Image, *, short_side_px: int) -> Decoded:
    """Reduce a picture that another program opened, as `decode` does; its pixels stay as they are.

    Args:
        image: Up to 8 bits a channel.
        short_side_px: The shorter side is needed this long.

    Raises:
        RefusalError: it is too large, or has more than 8 bits a channel.
        Exception: any other exception of the decoder where its file was not read yet (see `decoder_boundary`).
    """
    refuse_if_too_large(image.size)
    if image.mode in ("I", "F") or ";" in image.mode:
        raise RefusalError(text("it has more than 8 bits a channel; convert it to RGB"))
    image.load()
    factor = max(1, int(min(image.size) / short_side_px / FINE))
    orientation = orientation_of(image)
    return Decoded(
        image=_reduced(image, None, factor),
        box=(0.0, 0.0, image.width / factor, image.height / factor),
        orientation=orientation,
        metadata=_metadata(image, image.size, orientation),
    )


def decode(
    data: bytes, *, short_side_px: int, long_side_px: int, margin: float = FINE, preview: bool = False
) -> Decoded:
    """Decode the first picture of a file, reduced as far as the sizes allow.

    A JPEG that lacks only its end marker is decoded: every pixel of it is there. A PNG whose texts are too large for
    Pillow is decoded without them. Of a RAW file the preview is decoded, or its pixels where that is too small.

    Args:
        data: The whole file.
        short_side_px: The shorter side is needed this long.
        long_side_px: The longer side is needed this long.
        margin: How many times the needed size the reduced picture must keep.
        preview: Use a large enough preview inside a HEIC; the metadata is then the preview's.

    Raises:
        RefusalError: it is not a picture, or too large.
        Exception: any other exception of the decoder on broken bytes (see `decoder_boundary`).
    """
    sizes = _Sizes(short_side_px, long_side_px, margin, preview)
    if format_of(data) == RAW:
        return _of_raw(data, sizes)
    try:
        return _decoded(data, sizes)
    except ValueError:  # of Pillow, for a PNG with large texts among other reasons
        if format_of(data) != "PNG" or (without := without_texts(data)) == data:
            raise
        return _decoded(without, sizes)
    except OSError as error:  # of Pillow
        if format_of(data) != "JPEG" or decoder_reason(error) != CUT_OFF:
            raise
        whole = _without_end_marker(data, sizes)
        if whole is None:
            raise
        return whole


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How large a picture is needed, as in `decode`."""

    short_side_px: int
    long_side_px: int
    margin: float
    preview: bool


def _shortened(image: Image.Image, size: tuple[int, int], box: _Box) -> tuple[Image.Image, _Box]:
    """Return a picture and a box in it; a very long and thin one is reduced along its length."""
    left, top, right, bottom = box
    across, down = (
        max(1, int(length / needed / _MOST_RESIZED))
        for length, needed in zip((right - left, bottom - top), size, strict=True)
    )
    if across == down == 1:
        return image, box
    return image.reduce((across, down)), (left / across, top / down, right / across, bottom / down)


def _without_end_marker(data: bytes, sizes: _Sizes) -> Decoded | None:
    """Decode a JPEG with two different endings; None where they show, as then some of its pixels are missing."""
    complete = data.removesuffix(_JPEG_END[:1])  # half of the marker
    try:
        one, other = (_decoded(complete + filler + _JPEG_END, sizes) for filler in _FILLERS)
    except OSError:
        return None
    return one if np.array_equal(np.asarray(one.image), np.asarray(other.image)) else None


def _decoded(data: bytes, sizes: _Sizes) -> Decoded:
    with open_picture(data) as image, libtiff_messages():
        if sizes.preview and image.format == "HEIF":
            _draft_preview(image, sizes.long_side_px)
        size = image.size
        spare = min(min(size) / sizes.short_side_px, max(size) / sizes.long_side_px)
        drafted = _draft(image, spare / min(sizes.margin, _JPEG_FINE))
        factor = max(1, int(spare / sizes.margin / drafted))
        correct_planes(image)
        has_lower = has_lower_bytes(image)
        with room.taken(refuse_if_too_much_memory(image, data, factor=factor, lower_bytes=has_lower)):
            image.load()
            if drafted == 1:
                size = image.size  # libheif knows the true size only after decoding
                refuse_if_too_large(size)
            reduced = _reduced(image, _samples(image, data, has_lower), factor)
        scale = drafted * factor
        orientation = _orientation_left(image)
        return Decoded(
            image=reduced,
            box=(0.0, 0.0, size[0] / scale, size[1] / scale),
            orientation=orientation,
            metadata=_metadata(image, size, orientation),
        )


def _of_raw(data: bytes, sizes: _Sizes) -> Decoded:
    """Decode a RAW file: its preview or the pixels of the sensor, whichever is enough, or else can be decoded.

    Raises:
        RefusalError: neither can be decoded, or the photo is too large.
    """
    raw = RawFile.open(data)
    refuse_if_too_large(raw.size)
    preview = raw.preview()
    found = None if preview is None else _size_of(preview)
    if preview is None or found is None:
        return _developed(raw, sizes)
    ways: list[Callable[[], Decoded]] = [
        partial(_of_preview, raw, preview, found, sizes),
        partial(_developed, raw, sizes),
    ]
    wanted_px = min(sizes.long_side_px, max(raw.size) // 2)
    if min(found) < _LEAST_PREVIEW_PX or max(found) < _LEAST_SHARE * wanted_px:
        ways.reverse()
    try:
        return ways[0]()
    except Exception:  # noqa: BLE001 - decoders can raise anything on broken bytes; the other picture may be intact
        return ways[1]()


def _size_of(preview: bytes | Image.Image) -> tuple[int, int] | None:
    """Width and height of the preview in a RAW file; None where it is damaged, or of a kind that is not decoded."""
    if isinstance(preview, Image.Image):
        return preview.size
    try:
        with open_picture(preview) as image:
            return image.size if image.format in ("JPEG", "MPO") else None
    except Exception:  # noqa: BLE001 - decoders can raise anything on broken bytes
        return None


def _of_preview(raw: RawFile, preview: bytes | Image.Image, size: tuple[int, int], sizes: _Sizes) -> Decoded:
    """Decode the preview in a RAW file. The RAW says how it is turned, which the preview may repeat."""
    if isinstance(preview, Image.Image):
        decoded = _in_memory(preview, sizes)
    else:
        decoded = decode(
            preview, short_side_px=sizes.short_side_px, long_side_px=sizes.long_side_px, margin=sizes.margin
        )
    is_upright = raw.orientation >= 5 and _is_landscape(size) != _is_landscape(raw.size)
    return _described(raw, decoded, _full_size(raw, size), 1 if is_upright else raw.orientation)


def _is_landscape(size: tuple[int, int]) -> bool:
    return size[0] >= size[1]


def _full_size(raw: RawFile, preview: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the photo in the shape of its preview: cameras crop to 16:9 in the preview only."""
    shape, long_side_px = max(preview) / min(preview), max(raw.size)
    same = abs(shape * min(raw.size) / long_side_px - 1) < _SAME_SHAPE
    short_side_px = min(raw.size) if same else round(long_side_px / shape)
    return (long_side_px, short_side_px) if _is_landscape(preview) else (short_side_px, long_side_px)


def _developed(raw: RawFile, sizes: _Sizes) -> Decoded:
    return _described(raw, _in_memory(raw.developed(), sizes), raw.size, raw.orientation)


def _in_memory(image: Image.Image, sizes: _Sizes) -> Decoded:
    """Reduce a picture without a file of its own, as far as the sizes allow."""
    spare = min(min(image.size) / sizes.short_side_px, max(image.size) / sizes.long_side_px)
    factor = max(1, int(spare / sizes.margin))
    box = (0.0, 0.0, image.width / factor, image.height / factor)
    return Decoded(_reduced(image, None, factor), box, 1, _metadata(image, image.size, 1))


def _described(raw: RawFile, decoded: Decoded, size: tuple[int, int], orientation: int) -> Decoded:
    """A picture out of a RAW file with the size and orientation of its photo.

    The date may stand in the preview alone; LibRaw writes 1970 into one that has none.
    """
    width_px, height_px = size if orientation < 5 else size[::-1]
    inside = decoded.metadata
    dated = inside.taken_at is not None and inside.taken_at.year > _NO_DATE_YEAR
    taken_at = raw.taken_at or (inside.taken_at if dated else None)
    metadata = PhotoMetadata(width_px, height_px, taken_at, raw.camera or inside.camera)
    return replace(decoded, orientation=orientation, metadata=metadata)


def _draft(image: ImageFile.ImageFile, most: float) -> int:
    """Set a JPEG to decode at 1/2, 1/4 or 1/8 of its size where ``most`` allows; return the divisor."""
    if not isinstance(image, JpegImageFile):
        return 1
    divisor = next((divisor for divisor in (8, 4, 2) if divisor <= most), 1)
    if divisor > 1:
        width, height = image.size
        if image.draft(None, (max(1, width // divisor), max(1, height // divisor))) is None:
            return 1
        divisor = image.decoderconfig[0]
    return divisor


def _draft_preview(image: ImageFile.ImageFile, long_side_px: int) -> None:
    """Select the smallest preview that is large enough: a 12-megapixel HEIC takes 0.8 s, its preview 40 ms."""
    scale = min(1.0, long_side_px / max(image.size))
    image.draft(None, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _samples(image: ImageFile.ImageFile, data: bytes, has_lower: bool) -> Samples | None:
    """Return how a loaded picture of more than 8 bits a sample is scaled, None where Pillow did it."""
    if not has_lower:
        return grey_samples(image, data)
    bits = colour_bits(image, data)
    if bits[0] == 16:
        return None
    with open_picture(data) as lower:
        correct_planes(lower)
        take_lower_bytes(lower)
        lower.load()
        return colour_samples(image, lower, data, bits)


def _reduced(image: Image.Image, samples: Samples | None, factor: int) -> Image.Image:
    """Return the picture averageable and reduced by a factor, made one part after the other."""
    if factor == 1 and samples is None and is_averageable(image):
        return image
    result: Image.Image | None = None
    for box in boxes(image.size, factor):
        stored = part_of(image, box)
        part = averageable(stored) if samples is None else samples.eight_bits(stored, box)
        part = part if factor == 1 else part.reduce(factor)
        if result is None:
            result = Image.new(part.mode, (-(-image.width // factor), -(-image.height // factor)))
            result.info = part.info
        result.paste(part, (box[0] // factor, box[1] // factor))
    assert result is not None  # a picture has pixels
    return result


def _orientation_left(image: ImageFile.ImageFile) -> int:
    # libheif and libjxl apply the orientation, and Pillow that of a TIFF; applying it again would turn them wrongly.
    return 1 if image.format in ("HEIF", "JXL", "TIFF") else orientation_of(image)


def _metadata(image: Image.Image, size: tuple[int, int], orientation: int) -> PhotoMetadata:
    width_px, height_px = size if orientation < 5 else size[::-1]
    return PhotoMetadata(width_px, height_px, taken_at_of(image), camera_of(image))
