"""The confirmed photos most similar to the selected one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from flowersorter.errors import UserError
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import ShortenedLabel
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.thumbnail_loader import to_image

if TYPE_CHECKING:
    from flowersorter.workflows.predicting.photo_details import Neighbour

MOST = 3
SIDE_PX, LEAST_PX = 84, 44


class NeighbourStrip(QWidget):
    """Up to three small photos with their class; a click selects the photo.

    Signals:
        chosen(Path): The person clicked this photo.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("neighbours")
        self.setAccessibleName(self.tr("Your confirmed photos most similar to this one"))
        self._paths: list[Path | None] = []
        self._loader = LatestOnly(self)
        self._loader.loaded.connect(self._on_loaded)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        title = QLabel(self.tr("Most similar confirmed photos"), self)
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 0.9)
        title.setFont(font)
        title.setWordWrap(True)  # else large letters would make the panel wider than its place
        title.setToolTip(self.tr("Your confirmed photos most similar to this one"))
        grid.addWidget(title, 0, 0, 1, MOST)
        self.buttons, self.names = [QToolButton(self) for _ in range(MOST)], [ShortenedLabel(self) for _ in range(MOST)]
        for number, (button, name) in enumerate(zip(self.buttons, self.names, strict=True)):
            button.setObjectName(f"neighbour_{number + 1}")
            button.setAutoRaise(True)
            button.setIconSize(QSize(SIDE_PX, SIDE_PX))
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(LEAST_PX)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect((self._on_first, self._on_second, self._on_third)[number])
            name.setAlignment(Qt.AlignmentFlag.AlignCenter)
            name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(button, 1, number)
            grid.addWidget(name, 2, number)
            grid.setColumnStretch(number, 1)

    def set_room(self, width_px: int) -> None:
        """Make the photos as large as this width allows."""
        side = max(LEAST_PX - 8, min(SIDE_PX, width_px // MOST - 12))
        for button in self.buttons:
            button.setIconSize(QSize(side, side))

    def show_neighbours(self, neighbours: Sequence[Neighbour], classes: Mapping[int, ClassLook]) -> None:
        """Show these photos, the most similar first."""
        shown = neighbours[:MOST]
        self._paths = [each.path for each in shown]
        for number, (button, name) in enumerate(zip(self.buttons, self.names, strict=True)):
            there = number < len(shown)
            button.setVisible(there)
            name.setVisible(there)
            if not there:
                continue
            look = classes.get(shown[number].class_id)
            path = shown[number].path
            button.setIcon(theme.icon("photo"))
            button.setEnabled(path is not None)
            button.setAccessibleName(self.tr("Similar: {0}").format(look.name if look else ""))
            button.setToolTip(str(path) if path is not None else self.tr("This photo no longer exists"))
            name.setText(look.name if look is not None else "")
            name.setToolTip(name.text())
        self.setVisible(bool(shown))
        paths = tuple(self._paths)
        if paths:
            self._loader.request(paths, _small_images(paths))

    def shutdown(self) -> None:
        """Wait for the running load."""
        self._loader.shutdown()

    @Slot(object, object)
    def _on_loaded(self, paths: tuple[Path | None, ...], images: list[QImage | None]) -> None:
        if list(paths) != self._paths:
            return
        for button, image in zip(self.buttons, images, strict=False):
            if image is not None:
                button.setIcon(QIcon(QPixmap.fromImage(image)))

    @Slot()
    def _on_first(self) -> None:
        self._pick(0)

    @Slot()
    def _on_second(self) -> None:
        self._pick(1)

    @Slot()
    def _on_third(self) -> None:
        self._pick(2)

    def _pick(self, number: int) -> None:
        path = self._paths[number] if number < len(self._paths) else None
        if path is not None:
            self.chosen.emit(path)


def _small_images(paths: Sequence[Path | None]) -> Callable[[], list[QImage | None]]:
    def load() -> list[QImage | None]:
        from flowersorter.photos.thumbnail import quick_thumbnail

        images: list[QImage | None] = []
        for path in paths:
            try:
                images.append(to_image(quick_thumbnail(path, 2 * SIDE_PX)) if path is not None else None)
            except UserError:
                images.append(None)
        return images

    return load
