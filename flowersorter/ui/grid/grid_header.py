"""The line above the grid: title, number of photos, order and thumbnail size."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPalette, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QToolButton, QWidget

from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.photo_grid import LARGEST_PX, SMALLEST_PX, ZOOM_STEP_PX

NARROW_PX = 520
TIGHT_PX = 360  # below that the wheel zooms
#: Every style shows a checked tool button only a shade darker; this frame shows on light and dark, also without text.
_ON_FRAME = "QToolButton:checked { border: 2px solid palette(highlight); border-radius: 4px; padding: 2px; }"


class GridHeader(QWidget):
    """Title, number of photos, order and zoom.

    Signals:
        order_picked(Order): Order by this.
        size_picked(int): Show photos of this size, in pixels.
        back_requested(): Show the whole folder again.
    """

    order_picked = Signal(object)
    size_picked = Signal(int)
    back_requested = Signal()

    def __init__(self, hide_checked: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("grid_header")
        self._narrow = False
        self.title = QLabel(self)
        self.title.setObjectName("grid_title")
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self.title.setFont(font)
        self.title.setMinimumWidth(96)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.count = QLabel(self)
        self.count.setObjectName("grid_count")
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.back = QPushButton(self.tr("Show all"), self)
        self.back.setObjectName("show_all_button")
        self.back.setAccessibleName(self.tr("Show all photos again"))
        self.unchecked = QToolButton(self)
        self.unchecked.setDefaultAction(hide_checked)
        self.unchecked.setObjectName("hide_checked_button")
        self.unchecked.setStyleSheet(_ON_FRAME)
        self.unchecked.setAccessibleName(self.tr("Hide confirmed photos"))
        self.unchecked.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.order = QComboBox(self)
        self.order.setObjectName("order")
        self.order.setAccessibleName(self.tr("Sort order"))
        self.order.addItem(self.tr("By name"), Order.NAME)
        self.order.addItem(self.tr("Least certain first"), Order.LEAST_SURE)
        self.zoom = QSlider(Qt.Orientation.Horizontal, self)
        self.zoom.setObjectName("zoom")
        self.zoom.setAccessibleName(self.tr("Thumbnail size"))
        self.zoom.setToolTip(self.tr("Thumbnail size (Ctrl + wheel)"))
        self.zoom.setRange(SMALLEST_PX, LARGEST_PX)
        self.zoom.setSingleStep(ZOOM_STEP_PX)
        self.zoom.setPageStep(2 * ZOOM_STEP_PX)
        self.zoom.setMinimumWidth(60)
        self.zoom.setMaximumWidth(120)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(8)
        row.addWidget(self.title, 1)
        row.addWidget(self.count)
        row.addWidget(self.back)
        row.addSpacing(4)
        row.addWidget(self.unchecked)
        row.addWidget(self.order)
        row.addWidget(self.zoom)
        self.order.activated.connect(self._on_order)
        self.zoom.valueChanged.connect(self.size_picked)
        self.back.clicked.connect(self.back_requested)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can be made, not as it is now: else a window that gets narrow first takes from its sides."""
        row = self.layout()
        assert row is not None
        edges = row.contentsMargins()
        icon_only = self.unchecked.sizeHint().height()
        parts = [self.title.minimumWidth(), icon_only, self.order.sizeHint().width()]
        if not self.back.isHidden():
            parts.append(self.back.sizeHint().width())
        width = sum(parts) + (len(parts) + 1) * row.spacing() + edges.left() + edges.right()
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow line leaves room for the title."""
        super().resizeEvent(event)
        self._narrow = event.size().width() < NARROW_PX
        style = Qt.ToolButtonStyle
        self.unchecked.setToolButtonStyle(style.ToolButtonIconOnly if self._narrow else style.ToolButtonTextBesideIcon)
        self.count.setVisible(not self._narrow)
        self.zoom.setVisible(event.size().width() >= TIGHT_PX)

    def show_title(self, title: str, count: int, *, can_go_back: bool) -> None:
        """Show the title and the number of photos."""
        self.title.setText(title)
        self.title.setToolTip(title)
        self.count.setText(self.tr("1 photo") if count == 1 else self.tr("{0} photos").format(count))
        self.back.setVisible(can_go_back)

    def show_order(self, order: Order) -> None:
        """Show how it is ordered."""
        self.order.setCurrentIndex(self.order.findData(order))

    @Slot(int)
    def show_size(self, size_px: int) -> None:
        """Show the size."""
        self.zoom.blockSignals(True)
        self.zoom.setValue(size_px)
        self.zoom.blockSignals(False)

    @Slot(int)
    def _on_order(self, number: int) -> None:
        self.order_picked.emit(Order(self.order.itemData(number)))
