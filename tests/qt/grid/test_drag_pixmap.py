"""The picture of a drag: small, to the lower right of the pointer, with the number of photos."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication

from flowersorter.ui.grid.drag_pixmap import OFFSET_PX, SIDE_PX, drag_pixmap


def photo(colour: str) -> QImage:
    image = QImage(120, 90, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


@pytest.mark.parametrize("pixel_ratio", [1.0, 2.0])
def test_the_pointer_and_the_row_under_it_stay_free(qapp: QApplication, pixel_ratio: float) -> None:
    palette = QPalette(qapp.palette())
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#ff00ff"))
    drawn = drag_pixmap([photo("#2266aa"), photo("#aa6622"), None], 3, palette, pixel_ratio)
    assert drawn.deviceIndependentSize().toSize().width() == SIDE_PX <= 96
    image, free = drawn.toImage(), round(OFFSET_PX * pixel_ratio)
    assert not any(image.pixelColor(x, y).alpha() for x in range(free) for y in range(free))
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {"#2266aa", "#ff00ff"} <= colours


def test_one_photo_has_no_badge(qapp: QApplication) -> None:
    palette = QPalette(qapp.palette())
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#ff00ff"))
    image = drag_pixmap([photo("#2266aa")], 1, palette, 1.0).toImage()
    assert "#ff00ff" not in {image.pixelColor(x, y).name() for x in range(SIDE_PX) for y in range(SIDE_PX)}
