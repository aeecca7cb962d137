"""Pictures of the label check: the doubted photo, as large as possible, and rows of small look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from flowersorter.errors import UserError
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import paint_photo, text_label
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import to_image

MOST_ALIKE = 3
_SMALL_PX, _LEAST_PX = 220, 64
_ICON_PX = 32


class Picture(QWidget):
    """One whole photo, as large as its space allows; a text where it cannot be shown."""

    def __init__(self, parent: QWidget, name: str, accessible_name: str, least_px: int) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setMinimumSize(least_px, least_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.image: QImage | None = None
        self.text = ""

    def show_image(self, image: QImage | None) -> None:
        """Show a photo; None for an empty space."""
        self.image, self.text = image, ""
        self.update()

    def show_text(self, text: str) -> None:
        """Say why there is no photo."""
        self.image, self.text = None, text
        self.update()

    def sizeHint(self) -> QSize:
        """Return a small size: the layout distributes the space."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the photo centred on a faint background."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        ground = self.palette().color(QPalette.ColorRole.Text)
        ground.setAlphaF(0.05)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        if self.image is not None and not self.image.isNull():
            paint_photo(self, painter, self.image)
        elif self.text:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            inside = self.rect().adjusted(12, 12, -12, -12)
            painter.drawText(inside, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.text)
        else:
            half = min(_ICON_PX, self.width() // 2) // 2
            box = self.rect().center()
            icon = self.rect().adjusted(0, 0, 0, 0)
            icon.setRect(box.x() - half, box.y() - half, 2 * half, 2 * half)
            theme.icon("photo").paint(painter, icon)
        painter.end()


class AlikeRow(QWidget):
    """A heading and up to three small photos below it.

    Args:
        parent: Owns it.
        name: Object name.
    """

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._paths: tuple[Path | None, ...] = ()
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        self.title = text_label(self, f"{name}_title")
        self.pictures = [Picture(self, f"{name}_{number + 1}", "", _LEAST_PX) for number in range(MOST_ALIKE)]
        row = QHBoxLayout()
        row.setSpacing(theme.SMALL_GAP_PX)
        for picture in self.pictures:
            row.addWidget(picture, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addWidget(self.title)
        column.addLayout(row, 1)

    def show_alike(self, title: str, paths: Sequence[Path | None]) -> None:
        """Show these photos; hide the row without any."""
        self._paths = tuple(paths[:MOST_ALIKE])
        self.title.setText(title)
        self.setAccessibleName(title)
        self.setVisible(bool(self._paths))
        for number, picture in enumerate(self.pictures):
            there = number < len(self._paths)
            picture.setVisible(there)
            picture.show_image(None)
            if there:
                path = self._paths[number]
                picture.setToolTip(str(path) if path is not None else self.tr("This photo no longer exists"))
                picture.setAccessibleName(f"{title}: {path.name}" if path is not None else title)
        if self._paths:
            self._loader.request(self._paths, _small_images(self._paths))
        else:
            self._loader.forget()

    def shutdown(self) -> None:
        """Wait for the running load."""
        self._loader.shutdown()

    @Slot(object, object)
    def _on_loaded(self, paths: tuple[Path | None, ...], images: list[QImage | None]) -> None:
        if paths == self._paths:
            for picture, image in zip(self.pictures, images, strict=False):
                picture.show_image(image)


def _small_images(paths: Sequence[Path | None]) -> Callable[[], list[QImage | None]]:
    def load() -> list[QImage | None]:
        from flowersorter.photos.thumbnail import quick_thumbnail

        images: list[QImage | None] = []
        for path in paths:
            try:
                images.append(to_image(quick_thumbnail(path, 2 * _SMALL_PX)) if path is not None else None)
            except UserError:
                images.append(None)
        return images

    return load
