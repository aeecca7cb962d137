"""Whatever bytes a file holds, reading it gives a photo or a reason, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flowersorter.errors import PhotoUnreadable
from flowersorter.photos.read import read_photo
from flowersorter.photos.thumbnail import quick_thumbnail
from tests.drawing import dng_bytes, exif_of, textured

_KINDS = ("JPEG", "JPEG2000", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


def _saved(kind: str) -> bytes:
    file = io.BytesIO()
    textured((80, 64)).save(file, kind, exif=exif_of(orientation=6, camera="Maker Model").tobytes())
    return file.getvalue()


_WHOLE = {kind: _saved(kind) for kind in _KINDS} | {
    "RAW": dng_bytes(textured((80, 64)), orientation=6),
    "RAW with a preview": dng_bytes(textured((80, 64)), preview=textured((800, 640)), orientation=6),
}
_SIGNATURES = [data[:12] for data in _WHOLE.values()]


def _read(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        photo = read_photo(path, short_side_px=32)
    except PhotoUnreadable:
        return
    assert photo.pixels.dtype == np.uint8
    assert min(photo.pixels.shape[:2]) == 32
    assert photo.pixels.shape[2] == 3
    assert Image.open(io.BytesIO(photo.small)).format == "JPEG"
    assert quick_thumbnail(path, 20).shape[2] == 3


@_SETTINGS
@given(st.one_of(st.binary(), st.builds(bytes.__add__, st.sampled_from(_SIGNATURES), st.binary(max_size=300))))
def test_arbitrary_bytes(tmp_path: Path, data: bytes) -> None:
    _read(tmp_path / "photo.jpg", data)


@_SETTINGS
@given(
    kind=st.sampled_from(sorted(_WHOLE)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    early=st.booleans(),
    cut=st.floats(0.05, 1),
)
def test_mutated_photos(tmp_path: Path, kind: str, changes: list[tuple[float, int]], early: bool, cut: float) -> None:
    data = bytearray(_WHOLE[kind])
    reach = min(len(data), 700) if early else len(data)  # headers break in more ways than pixels
    for place, value in changes:
        data[int(place * reach)] = value
    _read(tmp_path / "photo.jpg", bytes(data[: int(len(data) * cut)] if cut < 0.5 else data))


@pytest.mark.parametrize("seed", range(20))
def test_mutated_jpegs(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    for _ in range(10):
        data = np.frombuffer(_WHOLE["JPEG"], np.uint8).copy()
        data[random.integers(2, len(data), 6)] = random.integers(0, 256, 6)
        _read(tmp_path / "photo.jpg", data.tobytes())
