"""Draws photos for tests: small pictures whose upright orientation, colours, date and format are known."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]

RED: Colour = (220, 40, 40)
GREEN: Colour = (40, 180, 60)
BLUE: Colour = (50, 80, 220)
YELLOW: Colour = (240, 200, 40)

#: Upright: red top left, green top right, blue bottom left, yellow bottom right.
CORNERS: tuple[Colour, Colour, Colour, Colour] = (RED, GREEN, BLUE, YELLOW)

#: The upright picture turned by this gives what a camera stores with that tag (EXIF 2.32, 4.6.4).
_STORED_BY_ORIENTATION: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

_MAKE, _MODEL, _ORIENTATION, _EXIF_FOLDER, _TAKEN_AT = 0x010F, 0x0110, 0x0112, 0x8769, 0x9003

#: Kinds of values in a TIFF, with their bytes and layouts (TIFF 6.0, section 2).
_BYTE, _TEXT, _SHORT, _LONG, _RATIO, _SIGNED_RATIO = 1, 2, 3, 4, 5, 10
_VALUE_BYTES = {_BYTE: 1, _TEXT: 1, _SHORT: 2, _LONG: 4, _RATIO: 8, _SIGNED_RATIO: 8}
_LAYOUTS = {_BYTE: "B", _SHORT: "H", _LONG: "I"}
#: Stands for the offset of the data behind a folder, and for that of the next folder.
_DATA, _NEXT = -1, -2
#: From XYZ to the linear colours of sRGB, in ten-thousandths: the sensor of the drawn camera sees these.
_SEES_SRGB = (32405, -15371, -4985, -9693, 18760, 416, 556, -2040, 10572)


def four_corners(size: tuple[int, int] = (120, 80), colours: Sequence[Colour] = CORNERS) -> Image.Image:
    """Draw an RGB picture of four plain quarters; ``size`` is (width, height), ``colours`` as `CORNERS`."""
    width, height = size
    picture = Image.new("RGB", size)
    middle_x, middle_y = width // 2, height // 2
    boxes = (
        (0, 0, middle_x, middle_y),
        (middle_x, 0, width, middle_y),
        (0, middle_y, middle_x, height),
        (middle_x, middle_y, width, height),
    )
    for box, colour in zip(boxes, colours, strict=True):
        picture.paste(colour, box)
    return picture


def textured(size: tuple[int, int] = (96, 72), colour: Colour = RED, seed: int = 0) -> Image.Image:
    """Draw an RGB picture of one colour with soft noise, another one for every ``seed``."""
    width, height = size
    noise = np.random.default_rng(seed).normal(0, 25, (max(2, height // 8), max(2, width // 8), 3))
    coarse = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def exif_of(
    *, orientation: int | None = None, taken_at: datetime | None = None, camera: str | None = None
) -> Image.Exif:
    """Write the EXIF block of a photo; ``camera`` is "Make Model"."""
    exif = Image.Exif()
    if orientation is not None:
        exif[_ORIENTATION] = orientation
    if camera is not None:
        make, _, model = camera.partition(" ")
        exif[_MAKE], exif[_MODEL] = make, model
    if taken_at is not None:
        exif.get_ifd(_EXIF_FOLDER)[_TAKEN_AT] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    return exif


def as_stored(upright: Image.Image, orientation: int) -> Image.Image:
    """Turn an upright picture into what a camera stores together with this EXIF orientation, 1 to 8."""
    turn = _STORED_BY_ORIENTATION.get(orientation)
    return upright if turn is None else upright.transpose(turn)


def write_jpeg(
    path: Path,
    picture: Image.Image | None = None,
    *,
    size: tuple[int, int] = (120, 80),
    orientation: int | None = None,
    taken_at: datetime | None = None,
    camera: str | None = None,
    **save: Any,
) -> Path:
    """Write a JPEG that looks like ``picture`` (default `four_corners` of ``size``) once turned upright."""
    upright = four_corners(size) if picture is None else picture
    exif = exif_of(orientation=orientation, taken_at=taken_at, camera=camera)
    options: dict[str, Any] = {"quality": 92, "subsampling": 0, "exif": exif} | save
    as_stored(upright, orientation or 1).save(path, "JPEG", **options)
    return path


def write_png(path: Path, picture: Image.Image | None = None, *, size: tuple[int, int] = (120, 80)) -> Path:
    """Write a PNG of ``picture`` (default `four_corners` of ``size``)."""
    (four_corners(size) if picture is None else picture).save(path, "PNG")
    return path


def write_heic(
    path: Path,
    picture: Image.Image | None = None,
    *,
    size: tuple[int, int] = (120, 80),
    orientation: int | None = None,
    taken_at: datetime | None = None,
    camera: str | None = None,
    **save: Any,
) -> Path:
    """Write a HEIC that looks like ``picture`` upright, turned the way phones do it (box and EXIF tag)."""
    upright = four_corners(size) if picture is None else picture
    exif = exif_of(orientation=orientation, taken_at=taken_at, camera=camera)
    file = pillow_heif.from_pillow(as_stored(upright, orientation or 1))
    options: dict[str, Any] = {"quality": 90, "chroma": 444, "exif": exif.tobytes()} | save
    file.save(path, **options)
    return path


def jpeg_bytes(picture: Image.Image | None = None, **save: Any) -> bytes:
    """Return ``picture`` (default `four_corners`) as the bytes of a JPEG."""
    file = io.BytesIO()
    (four_corners() if picture is None else picture).save(file, "JPEG", **({"quality": 92} | save))
    return file.getvalue()


def camera_preview(stored: Image.Image, size: tuple[int, int] = (160, 120)) -> bytes:
    """Return the preview that a camera makes of a photo as it is stored: black bars beside one of another shape."""
    small = stored.copy()
    small.thumbnail(size, Image.Resampling.BICUBIC)
    preview = Image.new("RGB", size)
    preview.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return jpeg_bytes(preview)


def exif_with_preview(preview: bytes, *, orientation: int = 1) -> bytes:
    """Return the EXIF block of a camera: the orientation, and the preview in a folder behind it (EXIF 2.32, 4.5)."""
    short, long, after = 3, 4, 8 + 18 + 42
    first = struct.pack(">HHHIHHI", 1, _ORIENTATION, short, 1, orientation, 0, 8 + 18)
    entries = ((0x0103, short, 6 << 16), (0x0201, long, after), (0x0202, long, len(preview)))
    second = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in entries)
    tiff = b"MM\0*" + struct.pack(">I", 8) + first + struct.pack(">H", 3) + second + bytes(4) + preview
    return b"Exif\0\0" + tiff


def write_camera_photo(
    path: Path, picture: Image.Image, *, preview: Image.Image | None = None, orientation: int = 1
) -> Path:
    """Write a JPEG with a preview of it, or of another picture; both look like theirs once turned upright."""
    small = camera_preview(as_stored(preview or picture, orientation))
    return write_jpeg(path, as_stored(picture, orientation), exif=exif_with_preview(small, orientation=orientation))


def dng_bytes(
    picture: Image.Image | None = None,
    *,
    orientation: int = 1,
    preview: Image.Image | bytes | None = None,
    taken_at: datetime | None = None,
    camera: str = "Drawn Camera",
    compression: int = 1,
) -> bytes:
    """Return a DNG: the pixels of a sensor in a Bayer pattern of 16 bits, and a preview as a JPEG.

    Args:
        picture: What it looks like once turned upright, `four_corners` by default; its sides are even numbers.
        orientation: EXIF orientation, of picture and preview.
        preview: The same of the preview, or its JPEG; none by default.
        taken_at: When it was taken.
        camera: "Make Model".
        compression: What the file says of the sensor's pixels, which are not compressed.
    """
    upright = four_corners() if picture is None else picture
    sensor = _mosaic(as_stored(upright, orientation))
    make, _, model = camera.partition(" ")
    top: _Entries = [
        (_MAKE, _TEXT, make.encode() + b"\0"),
        (_MODEL, _TEXT, model.encode() + b"\0"),
        (_ORIENTATION, _SHORT, (orientation,)),
        (50706, _BYTE, (1, 4, 0, 0)),  # version of DNG
        (50708, _TEXT, camera.encode() + b"\0"),
        (50721, _SIGNED_RATIO, b"".join(struct.pack("<ii", value, 10_000) for value in _SEES_SRGB)),
        (50728, _RATIO, struct.pack("<II", 1, 1) * 3),  # light is white
    ]
    if taken_at is not None:
        top.append((_TAKEN_AT, _TEXT, taken_at.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0"))
    mosaic: _Entries = [
        *_picture_entries(sensor.shape[::-1], sensor.nbytes, (16,), photometric=32803, compression=compression),
        (33421, _SHORT, (2, 2)),
        (33422, _BYTE, (0, 1, 1, 2)),  # red and green, green and blue
        (50717, _LONG, (65535,)),
    ]
    if preview is None:
        return _tiff([(top + mosaic, sensor.tobytes())])
    jpeg = preview if isinstance(preview, bytes) else jpeg_bytes(as_stored(preview, orientation))
    size = (160, 120) if isinstance(preview, bytes) else Image.open(io.BytesIO(jpeg)).size
    small = _picture_entries(size, len(jpeg), (8, 8, 8), photometric=6, compression=7, reduced=1)
    return _tiff([([*top, *small, (330, _LONG, (_NEXT,))], jpeg), (mosaic, sensor.tobytes())])


def write_dng(path: Path, picture: Image.Image | None = None, **options: Any) -> Path:
    """Write a DNG as `dng_bytes` makes it."""
    path.write_bytes(dng_bytes(picture, **options))
    return path


_Entries = list[tuple[int, int, tuple[int, ...] | bytes]]


def _mosaic(stored: Image.Image) -> NDArray[np.uint16]:
    """(H, W) uint16, little-endian: the linear colours of a picture, one a pixel: red and green, green and blue."""
    colours = np.asarray(stored.convert("RGB"), np.float64) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    sensor = linear[:, :, 1].copy()
    sensor[::2, ::2], sensor[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    return (sensor * 65535).round().astype("<u2")


def _picture_entries(
    size: tuple[int, int],
    size_bytes: int,
    bits: tuple[int, ...],
    *,
    photometric: int,
    compression: int = 1,
    reduced: int = 0,
) -> _Entries:
    return [
        (254, _LONG, (reduced,)),
        (256, _LONG, size[:1]),
        (257, _LONG, size[1:]),
        (258, _SHORT, bits),
        (259, _SHORT, (compression,)),
        (262, _SHORT, (photometric,)),
        (273, _LONG, (_DATA,)),
        (277, _SHORT, (len(bits),)),
        (278, _LONG, size[1:]),
        (279, _LONG, (size_bytes,)),
    ]


def _tiff(folders: Sequence[tuple[_Entries, bytes]]) -> bytes:
    """Return a TIFF of folders, each with its data behind it; only the first is in the chain."""
    made = struct.pack("<2sHI", b"II", 42, 8)
    for entries, data in folders:
        made += _folder(sorted(entries), len(made), len(data)) + data + bytes(len(data) % 2)
    return made


def _folder(entries: _Entries, at: int, data_bytes: int) -> bytes:
    """Return a folder of a TIFF that stands at an offset, with the values that do not fit into its table."""
    behind = at + 2 + 12 * len(entries) + 4
    values = [
        (value, len(value) if isinstance(value, bytes) else len(value) * _VALUE_BYTES[kind])
        for _, kind, value in entries
    ]
    data_at = behind + sum(size + size % 2 for _, size in values if size > 4)
    places = {_DATA: data_at, _NEXT: data_at + data_bytes + data_bytes % 2}
    table, long_values = struct.pack("<H", len(entries)), b""
    for (tag, kind, _), (value, size) in zip(entries, values, strict=True):
        packed = value if isinstance(value, bytes) else _packed(kind, [places.get(each, each) for each in value])
        table += struct.pack("<HHI", tag, kind, size // _VALUE_BYTES[kind])
        if size > 4:
            table += struct.pack("<I", behind + len(long_values))
            long_values += packed + bytes(size % 2)
        else:
            table += packed.ljust(4, b"\0")
    return table + bytes(4) + long_values


def _packed(kind: int, values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}{_LAYOUTS[kind]}", *values)


def with_scans(progressive: bytes, count: int) -> bytes:
    """Repeat the last scan of a progressive JPEG until the file has this many; no pixel changes by it."""
    start, end = progressive.rindex(b"\xff\xda"), progressive.rindex(b"\xff\xd9")
    return progressive[:end] + progressive[start:end] * (count - progressive.count(b"\xff\xda")) + progressive[end:]


def write_classes(folder: Path, counts: dict[str, int], *, size: tuple[int, int] = (96, 72)) -> list[Path]:
    """Write one sub-folder per class with that many JPEGs, every class in a colour of its own, none alike."""
    palette = (RED, GREEN, BLUE, YELLOW, (150, 60, 190), (60, 190, 190))
    paths = []
    for position, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture = textured(size, palette[position % len(palette)], seed=1000 * position + number)
            paths.append(write_jpeg(folder / name / f"IMG_{number + 1}.jpg", picture))
    return paths


def corners_of(pixels: NDArray[np.uint8]) -> tuple[Colour, Colour, Colour, Colour]:
    """Return the mean colour of the middle of each quarter of (H, W, 3) pixels, in the order of `CORNERS`."""
    height, width = pixels.shape[:2]
    rows = (slice(height // 8, 3 * height // 8 + 1), slice(5 * height // 8, 7 * height // 8 + 1))
    columns = (slice(width // 8, 3 * width // 8 + 1), slice(5 * width // 8, 7 * width // 8 + 1))

    def mean(row: slice, column: slice) -> Colour:
        red, green, blue = pixels[row, column].reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
        return red, green, blue

    return (
        mean(rows[0], columns[0]),
        mean(rows[0], columns[1]),
        mean(rows[1], columns[0]),
        mean(rows[1], columns[1]),
    )


def assert_colours(
    seen: Sequence[Sequence[int]], expected: Sequence[Sequence[int]] = CORNERS, tolerance: int = 8
) -> None:
    """Fail unless every channel of every colour is within ``tolerance`` levels of what is expected."""
    difference = np.abs(np.asarray(seen, dtype=int) - np.asarray(expected, dtype=int)).max()
    assert difference <= tolerance, f"{tuple(seen)} is not {tuple(expected)}"


def assert_upright(pixels: NDArray[np.uint8], tolerance: int = 8) -> None:
    """Fail unless (H, W, 3) pixels show `four_corners` the right way up."""
    assert_colours(corners_of(pixels), CORNERS, tolerance)


def film_bytes(taken_at: datetime | None, *, seconds: int = 3, wall_clock: str = "", wide: bool = False) -> bytes:
    """Return a QuickTime film without pictures that says when it was taken, in UTC; None for one that does not say.

    Args:
        taken_at: Goes into its header.
        seconds: Its length.
        wall_clock: Time with its zone, as phones write it into the metadata.
        wide: Write a header with numbers of 64 bits.
    """

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    created = 0 if taken_at is None else int((taken_at - datetime(1904, 1, 1)).total_seconds())
    numbers = (created, created, 600, 600 * seconds)
    header = struct.pack(">IQQIQ", 1 << 24, *numbers) if wide else struct.pack(">IIIII", 0, *numbers)
    movie = box(b"mvhd", header + bytes(80)) + box(b"meta", wall_clock.encode())
    return box(b"ftyp", b"qt  \0\0\0\0") + box(b"mdat", bytes(5000)) + box(b"moov", movie)
