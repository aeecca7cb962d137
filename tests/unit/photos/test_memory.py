"""A picture takes no more memory than its estimate, and none takes more than 600 MB unless its file is large too."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.decoding.memory import Room, refuse_if_too_much_memory
from flowersorter.photos.formats import open_picture
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import RefusalError
from tests.drawing import four_corners, jpeg_bytes
from tests.unit.photos.sample_files import png_chunk, png_of, tiff_of_strips

_MEASURE = """
import resource, sys
from pathlib import Path

from PIL import ImageCms

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos import decode
from flowersorter.photos.read import read_photo
from flowersorter.photos.thumbnail import load_large

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

estimates = [0]
estimate = decode.refuse_if_too_much_memory
decode.refuse_if_too_much_memory = lambda *given, **named: estimates.append(estimate(*given, **named)) or estimates[-1]
before = peak()
for name in sys.argv[1:]:
    path = Path(name)
    for load in (lambda: read_photo(path, short_side_px=256), lambda: load_large(path, 1000)):
        try:
            load()
            answer = "read"
        except PhotoUnreadable as error:
            answer = error.why
    print(answer)
print(peak() - before, max(estimates))
"""


def _measured(*paths: Path) -> tuple[list[str], int, int]:
    """Read pictures in a program of its own; return the answers, its peak, and the largest estimate, in bytes."""
    pytest.importorskip("resource", reason="this system does not tell how much memory a program used")
    ran = subprocess.run([sys.executable, "-c", _MEASURE, *map(str, paths)], capture_output=True, text=True, check=True)
    *answers, last = ran.stdout.splitlines()
    peak, estimate = map(int, last.split())
    return answers, peak, estimate


def _zeros(length: int) -> bytes:
    """Return so many zeros, compressed: after a full flush the same bytes stand for the same zeros again."""
    block = bytes(1 << 20)
    whole, rest = divmod(length, len(block))
    compressor, last = (zlib.compressobj(9, wbits=-15) for _ in range(2))
    repeated = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = struct.pack(">HH", length % 65521, 1)  # Adler-32 of zeros
    return b"\x78\xda" + repeated * whole + last.compress(bytes(rest)) + last.flush() + checksum


def _black_png(width: int, height: int, *, colour_type: int = 0, bits: int = 8) -> bytes:
    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    header = struct.pack(">LLBBBBB", width, height, bits, colour_type, 0, 0, 0)
    rows = _zeros(height * (1 + width * channels * bits // 8))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def _gif(width: int, height: int) -> bytes:
    screen = struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0;"


def _float_tiff(side: int, strips: int) -> bytes:
    rows = side // strips
    tags: dict[int, tuple[int, Any]] = {
        258: (3, [32]),
        259: (3, [8]),  # deflate
        262: (3, [1]),
        277: (3, [1]),
        339: (3, [3]),  # floating-point numbers
    }
    return tiff_of_strips([_zeros(rows * side * 4)] * strips, (side, side), rows, tags)


#: Small files that claim to be large pictures, and those of them that are read.
_HUGE: dict[str, Callable[[], bytes]] = {
    "tall.png": partial(_black_png, 1, 240_000_000),
    "wide.png": partial(_black_png, 240_000_000, 1),
    "colour.png": partial(_black_png, 15_000, 15_000, colour_type=2),
    "float.tif": partial(_float_tiff, 15_800, 79),
    "one strip.tif": partial(_float_tiff, 9_000, 1),
}
_READ: dict[str, Callable[[], bytes]] = {
    "large.gif": partial(_gif, 15_800, 15_800),
    "grey.png": partial(_black_png, 15_800, 15_800),
    "grey 16.png": partial(_black_png, 10_000, 10_000, bits=16),
    "colour 16.png": partial(_black_png, 7_000, 7_000, colour_type=2, bits=16),
    "float.tif": partial(_float_tiff, 10_000, 100),
    "line.png": partial(_black_png, 10_000_000, 1, colour_type=6),
    "column.png": partial(_black_png, 1, 10_000_000, colour_type=6),
}


def test_a_huge_picture_in_a_small_file_takes_at_most_600_megabytes(tmp_path: Path) -> None:
    paths = []
    for folder, files in (("huge", _HUGE), ("read", _READ)):
        (tmp_path / folder).mkdir()
        for name, data_of in files.items():
            paths.append(tmp_path / folder / name)
            paths[-1].write_bytes(data_of())

    answers, peak, estimate = _measured(*paths)

    assert peak <= estimate <= 600_000_000
    assert all("the image is too large to read" in answer for answer in answers[: len(_HUGE)])
    assert answers[len(_HUGE) :] == ["read"] * len(_READ)


def test_the_reason_names_what_the_picture_takes_and_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(_png_header(1, 240_000_000, colour_type=0))

    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(path, short_side_px=64)

    assert caught.value.why == (
        "the image is too large to read: 1 x 240000000 pixels of this kind take 2,912 MB of memory, and 600 MB is the"
        " limit; save it in a smaller size, or as JPEG"
    )


def _saved(kind: str, mode: str = "RGB", **save: Any) -> bytes:
    file = io.BytesIO()
    four_corners(_MEASURED_SIZE).convert(mode).save(file, kind, **save)
    return file.getvalue()


def _heic() -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(four_corners(_MEASURED_SIZE)).save(file, quality=60)
    return file.getvalue()


def _run_length_bmp() -> bytes:
    width, height = _MEASURED_SIZE
    row = b"\xfa\x01" * (width // 250) + b"\0\0"
    palette = bytes(value for level in range(256) for value in (level, 0, level, 0))
    header = struct.pack("<LllHHLLllLL", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<LLL", 0, 0, start) + header + palette + row * height + b"\0\1"


_MEASURED_SIZE = (4000, 3000)
_KINDS: dict[str, Callable[[], bytes]] = {
    "progressive JPEG": partial(_saved, "JPEG", progressive=True, subsampling=0),
    "PNG with alpha": partial(_saved, "PNG", "RGBA", compress_level=1),
    "GIF": partial(_saved, "GIF", "P"),
    "BMP, run-length encoded": _run_length_bmp,
    "WebP": partial(_saved, "WEBP", quality=50, method=0),
    "AVIF": partial(_saved, "AVIF", quality=50, speed=10),
    "HEIC": _heic,
    "TIFF": partial(_saved, "TIFF", compression="tiff_lzw"),
    "TIFF, turned": partial(_saved, "TIFF", tiffinfo={274: 6}),
    "TIFF in one strip": partial(_saved, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 3000}),
    "TIFF of floats": partial(_saved, "TIFF", "F", compression="tiff_lzw"),
    "PNG of 12 bits": lambda: png_of(np.full((*_MEASURED_SIZE[::-1], 3), 3000, np.uint16)),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_the_estimate_is_no_lower_than_the_peak(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo"
    path.write_bytes(_KINDS[kind]())

    answers, peak, estimate = _measured(path)

    assert answers == ["read"]
    assert peak - path.stat().st_size <= estimate


def _png_header(width: int, height: int, *, colour_type: int = 2) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, 8, colour_type, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND", b"")


def _estimate(data: bytes, *, draft: int = 1) -> int:
    with open_picture(data) as image:
        if draft > 1:
            image.draft(None, (image.width // draft, image.height // draft))
        return refuse_if_too_much_memory(image, data, factor=8 // draft, lower_bytes=False)


def test_a_large_camera_photo_may_take_more() -> None:
    header = _png_header(14_204, 10_652)  # 151 megapixels
    with pytest.raises(RefusalError, match="647 MB of memory"):
        _estimate(header)

    assert _estimate(header + bytes(10_000_000)) > 600_000_000


def _with_size(jpeg: bytes, width: int, height: int) -> bytes:
    marker = next(at for at in (jpeg.find(b"\xff" + kind) for kind in (b"\xc0", b"\xc2")) if at > 0)
    return jpeg[: marker + 5] + struct.pack(">HH", height, width) + jpeg[marker + 9 :]


def test_a_jpeg_is_estimated_at_the_size_of_its_decoding() -> None:
    largest_camera = _with_size(jpeg_bytes(), 16_320, 12_240)

    assert _estimate(largest_camera, draft=8) < 60_000_000


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_jpeg_of_several_scans_is_estimated_with_its_coefficients(subsampling: int) -> None:
    sampled = 3 if subsampling == 0 else 1.5
    data = _with_size(jpeg_bytes(progressive=True, subsampling=subsampling), 8000, 6000)
    one_scan = _with_size(jpeg_bytes(subsampling=subsampling), 8000, 6000)

    assert _estimate(data, draft=8) - _estimate(one_scan, draft=8) == int(2 * 8000 * 6000 * sampled)


def test_a_jpeg_with_one_scan_for_each_component_keeps_its_coefficients_too() -> None:
    data = _with_size(jpeg_bytes(subsampling=0), 8000, 6000)
    scan = data.find(b"\xff\xda")
    apart = data[:scan] + b"\xff\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + data[scan + 14 :]

    assert _estimate(apart, draft=8) - _estimate(data, draft=8) == 2 * 8000 * 6000 * 3


def test_threads_share_the_room_and_a_large_picture_has_its_turn() -> None:
    room, lock = Room(100), threading.Lock()
    order: list[str] = []
    inside: list[int] = []

    def decode(name: str, needed_bytes: int) -> None:
        with room.taken(needed_bytes):
            with lock:
                inside.append(needed_bytes)
                order.append(name)
                assert sum(inside) <= 100 or inside == [500]
            with lock:
                inside.remove(needed_bytes)

    def started(name: str, needed_bytes: int) -> threading.Thread:
        thread = threading.Thread(target=decode, args=(name, needed_bytes))
        thread.start()
        return thread

    with room.taken(60):
        giant = started("giant", 500)
        while not room._in_line.locked():
            threading.Event().wait(0.001)
        others = [started("small", 30) for _ in range(8)]
        assert order == []
    for thread in (giant, *others):
        thread.join()

    assert order == ["giant", *["small"] * 8]


def test_a_failed_picture_leaves_its_room() -> None:
    room = Room(100)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), room.taken(100):
            raise ValueError("broken")
