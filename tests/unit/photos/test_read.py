"""Reading a photo: one read, upright, the right sizes, the right metadata, nothing changed."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from flowersorter.photos import decode as decode_module
from flowersorter.photos import file_bytes
from flowersorter.photos.read import SMALL_PX, read_photo, read_small
from tests.drawing import (
    as_stored,
    assert_upright,
    corners_of,
    exif_of,
    four_corners,
    textured,
    write_heic,
    write_jpeg,
    write_png,
)

_REAL_PHOTOS = Path(__file__).parents[4] / "shared" / "flowers"

_opened: list[str] = []
_listening = False


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event == "open" and isinstance(arguments[0], str | bytes):  # a number: opened before
        _opened.append(os.fsdecode(arguments[0]))


@pytest.fixture
def opened_files() -> Iterator[list[str]]:
    """Every path opened during the test, however it is opened: an audit hook sees them all."""
    global _listening  # noqa: PLW0603 - an audit hook cannot be removed, only told to be quiet
    if not hasattr(sys, "_flowersorter_listens"):
        sys.addaudithook(_listen)
        sys._flowersorter_listens = True  # type: ignore[attr-defined]
    _opened.clear()
    _listening = True
    yield _opened
    _listening = False


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".heic"])
def test_every_orientation_is_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    write = write_jpeg if suffix == ".jpg" else write_heic
    path = write(tmp_path / f"photo{suffix}", size=(600, 400), orientation=orientation)

    photo = read_photo(path, short_side_px=128)

    assert photo.pixels.shape == (128, 192, 3)
    assert_upright(photo.pixels)
    assert (photo.metadata.width_px, photo.metadata.height_px) == (600, 400)
    small = np.asarray(Image.open(io.BytesIO(photo.small)))
    assert small.shape == (SMALL_PX, 384, 3)
    assert_upright(small)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_orientation_in_other_formats_is_applied_once(tmp_path: Path, kind: str, orientation: int) -> None:
    path = tmp_path / "photo"
    stored = as_stored(four_corners((240, 160)), orientation)
    stored.save(path, kind, exif=exif_of(orientation=orientation), quality=95)

    photo = read_photo(path, short_side_px=64)

    assert photo.pixels.shape == (64, 96, 3)
    assert_upright(photo.pixels, tolerance=12)
    assert (photo.metadata.width_px, photo.metadata.height_px) == (240, 160)


@pytest.mark.parametrize("stored", [0, 9, 77, 65535])
def test_nonsense_orientation_counts_as_upright(tmp_path: Path, stored: int) -> None:
    path = write_jpeg(tmp_path / "photo.jpg", exif=exif_of(orientation=stored))

    assert_upright(read_photo(path, short_side_px=64).pixels)


def test_one_photo_is_opened_and_read_once(
    tmp_path: Path, opened_files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jpeg(tmp_path / "photo.jpg", size=(1200, 900))
    bytes_read = []

    class CountingFile(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size) or b""
            bytes_read.append(len(data))
            return data

    monkeypatch.setattr(file_bytes, "FileIO", CountingFile)
    read_photo(path, short_side_px=64)
    opened_files.clear()
    bytes_read.clear()

    read_photo(path, short_side_px=64)

    assert opened_files == [str(path)]
    assert bytes_read == [path.stat().st_size]


def test_hash_and_stat_are_those_of_the_file(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "photo.jpg")

    photo = read_photo(path, short_side_px=64)

    assert photo.sha256 == hashlib.sha256(path.read_bytes()).digest()
    assert (photo.size_bytes, photo.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)


def test_reading_changes_nothing(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "photo.jpg", orientation=6)
    os.utime(path, ns=(10**18, 10**18))
    path.chmod(0o444)
    before, status = path.read_bytes(), path.stat()

    read_photo(path, short_side_px=64)

    assert path.read_bytes() == before
    assert (path.stat().st_mtime_ns, path.stat().st_ctime_ns) == (status.st_mtime_ns, status.st_ctime_ns)
    assert [entry.name for entry in tmp_path.iterdir()] == ["photo.jpg"]


def test_large_jpeg_is_decoded_reduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jpeg(tmp_path / "photo.jpg", size=(4000, 3000), orientation=6)
    decoded_sizes = []
    load = JpegImageFile.load

    def spy(image: JpegImageFile) -> Any:
        result = load(image)
        decoded_sizes.append(image.size)
        return result

    monkeypatch.setattr(JpegImageFile, "load", spy)

    photo = read_photo(path, short_side_px=256)

    assert decoded_sizes[0] == (375, 500)  # stored upside, an eighth of its size, never below 1.25 times 256
    assert photo.pixels.shape == (256, 341, 3)
    assert (photo.metadata.width_px, photo.metadata.height_px) == (4000, 3000)


@pytest.mark.parametrize(("suffix", "limit"), [(".jpg", 1.0), (".png", 0.6)])
def test_reduced_decode_equals_a_full_decode(tmp_path: Path, suffix: str, limit: float) -> None:
    rough = np.random.default_rng(5).integers(0, 256, (300, 401, 3), dtype=np.uint8)
    picture = Image.fromarray(rough).resize((2407, 1801), Image.Resampling.BICUBIC)
    path = tmp_path / f"photo{suffix}"
    picture.save(path, quality=95, subsampling=0, compress_level=1)
    full = Image.open(path).convert("RGB").resize((171, 128), Image.Resampling.BICUBIC)

    pixels = read_photo(path, short_side_px=128).pixels

    assert pixels.shape == (128, 171, 3)
    assert np.abs(pixels.astype(int) - np.asarray(full).astype(int)).mean() < limit


def test_tiny_photo_is_enlarged(tmp_path: Path) -> None:
    photo = read_photo(write_png(tmp_path / "photo.png", size=(60, 40)), short_side_px=256)

    assert photo.pixels.shape == (256, 384, 3)
    assert_upright(photo.pixels)
    assert Image.open(io.BytesIO(photo.small)).size == (384, 256)


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1), (1, 1), (3, 1000), (2500, 30)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_extreme_shapes_stay_small(tmp_path: Path, size: tuple[int, int], suffix: str) -> None:
    path = tmp_path / f"photo{suffix}"
    Image.new("RGB", size, (10, 200, 30)).save(path, quality=95)

    photo = read_photo(path, short_side_px=64)

    assert min(photo.pixels.shape[:2]) == 64
    assert max(photo.pixels.shape[:2]) <= 64 * decode_module.MAX_ASPECT
    assert np.abs(photo.pixels.astype(int) - (10, 200, 30)).max() <= 8
    assert max(Image.open(io.BytesIO(photo.small)).size) <= SMALL_PX * decode_module.MAX_ASPECT


def test_long_picture_shows_its_middle(tmp_path: Path) -> None:
    picture = Image.new("RGB", (2000, 100), (255, 0, 0))
    picture.paste((0, 0, 255), (600, 0, 1400, 100))
    path = write_png(tmp_path / "panorama.png", picture)

    pixels = read_photo(path, short_side_px=50).pixels

    assert pixels.shape == (50, 400, 3)
    assert pixels[:, 4:-4, 2].min() > 250


def test_pixels_can_be_written_to(tmp_path: Path) -> None:
    pixels = read_photo(write_jpeg(tmp_path / "photo.jpg"), short_side_px=64).pixels

    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous
    assert pixels.dtype == np.uint8


def test_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "really a jpeg.png")

    assert_upright(read_photo(path, short_side_px=64).pixels)


def test_metadata_of_the_original(tmp_path: Path) -> None:
    taken_at = datetime(2024, 5, 6, 7, 8, 9)
    for path in (
        write_jpeg(tmp_path / "a.jpg", orientation=8, taken_at=taken_at, camera="Canon EOS"),
        write_heic(tmp_path / "a.heic", orientation=8, taken_at=taken_at, camera="Canon EOS"),
    ):
        metadata = read_photo(path, short_side_px=64).metadata

        assert (metadata.taken_at, metadata.camera) == (taken_at, "Canon EOS")


def test_small_picture_carries_nothing_of_the_photo(tmp_path: Path) -> None:
    path = write_jpeg(tmp_path / "a.jpg", taken_at=datetime(2024, 5, 6), comment=b"my private collection")

    small = read_photo(path, short_side_px=64).small

    assert b"private" not in small
    assert b"Exif" not in small


@pytest.mark.parametrize("short_side_px", [SMALL_PX, 100])
def test_small_picture_shows_what_the_network_saw(tmp_path: Path, short_side_px: int) -> None:
    photo = read_photo(write_jpeg(tmp_path / "a.jpg", textured((900, 700), seed=1)), short_side_px=short_side_px)

    again = read_small(photo.small, short_side_px=short_side_px)

    assert again is not None
    assert again.shape == photo.pixels.shape
    assert np.abs(again.astype(int) - photo.pixels.astype(int)).mean() < 3


def test_torn_small_picture_is_none(tmp_path: Path) -> None:
    small = read_photo(write_jpeg(tmp_path / "a.jpg"), short_side_px=64).small
    grey = io.BytesIO()
    Image.new("L", (300, 256)).save(grey, "JPEG")

    for jpeg in (b"", small[:100], small[: len(small) // 2], b"\0" * len(small), grey.getvalue()):
        assert read_small(jpeg, short_side_px=64) is None


def test_threads_read_the_same(tmp_path: Path) -> None:
    paths = [
        write_jpeg(tmp_path / f"{number}.jpg", textured((900, 700), seed=number), orientation=1 + number % 8)
        for number in range(6)
    ] + [write_heic(tmp_path / f"{number}.heic", textured((300, 200), seed=number)) for number in range(3)]
    alone = [read_photo(path, short_side_px=96).pixels for path in paths]

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda path: read_photo(path, short_side_px=96).pixels, paths * 4))

    for position, pixels in enumerate(together):
        np.testing.assert_array_equal(pixels, alone[position % len(paths)])


@pytest.mark.real_photos
def test_real_photos_read(tmp_path: Path) -> None:
    paths = [path for folder in sorted(_REAL_PHOTOS.glob("*")) for path in sorted(folder.glob("*.jpg"))[:4]]
    if not paths:
        pytest.skip("no real photos beside this checkout")
    for path in paths:
        pixels = read_photo(path, short_side_px=224).pixels
        assert min(pixels.shape[:2]) == 224
        assert len(set(corners_of(pixels))) > 1
