"""Paints the program's icon in the formats of the systems: PNG for Linux, ICO for Windows, ICNS for macOS.

python -m installers.icons SVG FOLDER
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
_LARGEST_PX = 1024
#: Windows knows no larger ones.
_ICO_PX = 256


def paint(svg: Path, side_px: int) -> Image.Image:
    """Paint a picture as a square."""
    picture = QImage(side_px, side_px, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(svg)).render(painter, QRectF(0, 0, side_px, side_px))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, b"PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data())))


def write_icons(svg: Path, folder: Path, name: str) -> None:
    """Write NAME.png, NAME.ico, NAME.icns and NAME-<side>.png."""
    folder.mkdir(parents=True, exist_ok=True)
    by_side = {side_px: paint(svg, side_px) for side_px in (*SIZES_PX, _LARGEST_PX)}
    for side_px in SIZES_PX:
        by_side[side_px].save(folder / f"{name}-{side_px}.png")
    by_side[256].save(folder / f"{name}.png")
    small = [side_px for side_px in SIZES_PX if side_px <= _ICO_PX]
    by_side[_ICO_PX].save(
        folder / f"{name}.ico",
        sizes=[(side_px, side_px) for side_px in small],
        append_images=[by_side[side_px] for side_px in small],
    )
    by_side[_LARGEST_PX].save(folder / f"{name}.icns", append_images=[by_side[side_px] for side_px in (128, 256, 512)])


def main() -> None:
    """Write all icons."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    write_icons(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    del application


if __name__ == "__main__":
    main()
