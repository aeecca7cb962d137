"""A line that shows how much of the free space on a disk the photos take."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, megabytes

_TIGHT = 0.9  # share of the free space from which on the bar warns


class DiskSpaceBar(QWidget):
    """The space needed, the free space, and a thin bar between them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_space")
        self.text = QLabel(self)
        self.text.setObjectName("sort_space_text")
        self.bar = _Share(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.text)
        row.addWidget(self.bar, 1)

    def show_bytes(self, needed: int, free: int) -> None:
        """Show this many bytes needed of this many free."""
        text = self.tr("Takes no extra disk space")
        if needed:
            text = self.tr("Needs {0} of {1} free").format(megabytes(needed), megabytes(free))
        self.text.setText(text)
        describe(self, text, self.tr("Space on the disk with the class folders"))
        self.bar.set_share(needed / free if free > 0 else 0.0)
        self.bar.setVisible(needed > 0)


class _Share(QWidget):
    """A thin bar, filled to a share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        self._share = min(1.0, max(0.0, share))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        ground.setAlphaF(0.14)
        tight = self._share > _TIGHT
        fill = theme.UNREADABLE.colour if tight else self.palette().color(QPalette.ColorRole.Highlight)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        box = QRectF(self.rect())
        radius = box.height() / 2
        painter.setBrush(ground)
        painter.drawRoundedRect(box, radius, radius)
        box.setWidth(max(box.height(), box.width() * self._share))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, radius, radius)
        painter.end()
