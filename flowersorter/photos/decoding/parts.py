"""Splits a picture into parts, so that a step of its conversion needs memory for one part only."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

Box = tuple[int, int, int, int]

#: A part has about this many pixels: 8 to 30 MB in the steps of a conversion.
PART_PIXELS = 1_000_000


def boxes(size: tuple[int, int], multiple: int = 1) -> Iterator[Box]:
    """Return boxes (left, top, right, bottom) that cover a (width, height) once, in rows from the top.

    Args:
        size: Of the picture.
        multiple: The edges lie at multiples of this, or at the end of the picture.
    """
    width, height = size
    columns = _step(PART_PIXELS, width, multiple)
    rows = _step(PART_PIXELS // columns, height, multiple)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            yield left, top, min(left + columns, width), min(top + rows, height)


def part_of(image: Image.Image, box: Box) -> Image.Image:
    """Return the part of a loaded picture; the picture itself where the box covers it."""
    return image if box == (0, 0, *image.size) else image.crop(box)


def _step(most: int, length: int, multiple: int) -> int:
    return max(multiple, min(most, length + multiple - 1) // multiple * multiple)
