"""Draws photos that cost as much to read as a camera's: 12 megapixels, JPEG with a preview, 2 to 5 MB, no two alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.drawing import camera_preview, exif_with_preview

SIZE_PX = (4000, 3000)
ROLLS = 2
_SMALL_PX = (500, 375)
_QUALITY = 88
#: Noise of a sensor, in grey levels: it makes the files as large as a camera's.
_NOISE = 8


def write_camera_photos(
    folder: Path, count: int, source: Path | None, size_px: tuple[int, int] = SIZE_PX
) -> list[Path]:
    """Write photos into two sub-folders, which are no classes that a model knows.

    Args:
        folder: Gets them; made if missing.
        count: How many.
        source: A folder of smaller photos to enlarge, at any depth; drawn ones where it is None or has none.
        size_px: Width and height.
    """
    small = sorted(source.rglob("*.jpg")) if source is not None and source.is_dir() else []
    step = max(1, len(small) // count)
    paths = []
    for number in range(count):
        path = folder / f"roll {number % ROLLS + 1}" / f"IMG_{number + 1:04}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.append(path)

    def write(number: int) -> None:
        picture = _opened(small[number * step % len(small)]) if small else drawn(number)
        photo = with_noise(picture, number, size_px)
        photo.save(paths[number], "JPEG", quality=_QUALITY, exif=exif_with_preview(camera_preview(photo)))

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(count)))
    return paths


def drawn(seed: int) -> Image.Image:
    """A small picture with soft gradients, edges and fine texture, another one for every seed."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(30, 220, (5, 6, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize(_SMALL_PX, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = (int(draw.integers(0, side)) for side in _SMALL_PX)
        radius = int(draw.integers(8, 70))
        colour = tuple(int(level) for level in draw.integers(0, 256, 3))
        pen.ellipse((x - radius, y - radius // 2, x + radius, y + radius // 2), fill=(colour[0], colour[1], colour[2]))
    texture = draw.normal(0, 10, (*_SMALL_PX[::-1], 1))
    return Image.fromarray(np.clip(np.asarray(picture) + texture, 0, 255).astype(np.uint8))


def with_noise(picture: Image.Image, seed: int, size_px: tuple[int, int]) -> Image.Image:
    """Enlarge a picture and put a sensor's noise on it."""
    pixels = np.asarray(picture.resize(size_px, Image.Resampling.BICUBIC), np.int16)
    noise = np.random.default_rng(seed).integers(-_NOISE, _NOISE + 1, (*pixels.shape[:2], 1), np.int16)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")
