"""Paints the program's icon in the formats of the systems: PNG for Linux, ICO for Windows, ICNS for macOS.

python -m installers.icons SVG FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
#: Windows knows no larger ones, macOS no smaller ones than the second.
_ICO_PX, _ICNS_PX = 256, 128


def paint(svg: Path, side_px: int, file: Path) -> Image.Image:
    """Paint a picture as a square into a PNG."""
    picture = QImage(side_px, side_px, QImage.Format.Format_ARGB32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(svg)).render(painter, QRectF(0, 0, side_px, side_px))
    painter.end()
    picture.save(str(file))
    return Image.open(file)


def write_icons(svg: Path, folder: Path, name: str) -> None:
    """Write NAME.png, NAME.ico, NAME.icns and NAME-<side>.png."""
    folder.mkdir(parents=True, exist_ok=True)
    by_side = {side_px: paint(svg, side_px, folder / f"{name}-{side_px}.png") for side_px in SIZES_PX}
    small = [side_px for side_px in SIZES_PX if side_px <= _ICO_PX]
    by_side[_ICO_PX].save(folder / f"{name}.png")
    by_side[_ICO_PX].save(
        folder / f"{name}.ico",
        sizes=[(side_px, side_px) for side_px in small],
        append_images=[by_side[side_px] for side_px in small],
    )
    others = [picture for side_px, picture in by_side.items() if side_px >= _ICNS_PX]
    others[-1].save(folder / f"{name}.icns", append_images=others)


def main() -> None:
    """Write all icons."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication([])
    write_icons(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    del application


if __name__ == "__main__":
    main()
