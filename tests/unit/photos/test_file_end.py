"""A missing end without pixels: the photo is read, and a remark says so; a file that is whole has none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flowersorter.photos.decoding.file_end import lacks_end
from flowersorter.photos.read import read_photo
from flowersorter.photos.read_errors import END_MISSING
from tests.drawing import jpeg_bytes, textured

_PNG_END_BYTES = 12


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    textured((300, 200)).save(file, kind, **options)
    return file.getvalue()


def with_thumbnail() -> bytes:
    """A photo with a whole small JPEG in its EXIF block."""
    block = b"Exif\0\0" + jpeg_bytes(textured((40, 30)))
    return b"\xff\xd8\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg_bytes(textured((300, 200)))[2:]


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (saved("JPEG"), 2),
        (saved("JPEG", progressive=True), 2),
        (saved("JPEG", restart_marker_blocks=4), 2),
        (with_thumbnail(), 2),
        (saved("PNG"), _PNG_END_BYTES),
        (saved("GIF"), 1),
        (saved("GIF", save_all=True, append_images=[textured((300, 200), seed=1)], comment=b"a comment"), 1),
    ],
)
def test_a_missing_end_is_remarked(tmp_path: Path, data: bytes, most: int) -> None:
    path = tmp_path / "photo"
    path.write_bytes(data)
    assert read_photo(path, short_side_px=64).remark is None
    for lost_bytes in range(1, most + 1):
        path.write_bytes(data[:-lost_bytes])
        assert read_photo(path, short_side_px=64).remark == END_MISSING


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "HEIF"])
def test_what_programs_append_is_no_missing_end(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo"
    for behind in (b"", bytes(100), b"\xff\xda" * 20, b"SEFT with \x2c and \x21"):
        path.write_bytes(saved(kind) + behind)
        assert read_photo(path, short_side_px=64).remark is None


def test_the_second_picture_of_a_file_may_lack_its_end() -> None:
    """As long as the photo itself is whole."""
    data = saved("MPO", save_all=True, append_images=[textured((300, 200), seed=1)])
    assert not lacks_end(data, "JPEG")
    assert not lacks_end(data[:-2], "JPEG")
    first = data.index(b"\xff\xd8", 2)
    assert lacks_end(data[: first - 2], "JPEG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_any_bytes_are_looked_through(kind: str) -> None:
    data = saved(kind)
    for cut in range(0, 1000, 7):
        assert lacks_end(data[:cut].rstrip(b";"), kind)


def test_a_gif_without_a_common_colour_table_has_its_end_found() -> None:
    grey = Image.new("L", (30, 20), 90)
    file = io.BytesIO()
    grey.save(file, "GIF")
    assert not lacks_end(file.getvalue() + b"more", "GIF")
