"""Check boxes and radio buttons whose edge is visible on any background, unlike that of Qt's dark style."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton, QStyle, QStyleOptionButton, QStyleOptionViewItem

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import RoomyRows

#: The style whose edges are faint; those of the systems are drawn by their own rules.
_FAINT_STYLE = "fusion"


#: Distance of the dot from the edge, as a share of the circle.
_DOT_EDGE = 0.3


class RadioButton(QRadioButton):
    """A radio button with a visible edge."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the edge over the circle."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _paint_edge(self, option, QStyle.SubElement.SE_RadioButtonIndicator)


class CheckBox(QCheckBox):
    """A check box with a visible edge."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the edge over the square."""
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        _paint_edge(self, option, QStyle.SubElement.SE_CheckBoxIndicator)


class CheckRows(RoomyRows):
    """Rows of a list with check boxes whose edge is visible."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the edge over the square."""
        super().paint(painter, option, index)
        widget = option.widget
        if index.data(Qt.ItemDataRole.CheckStateRole) is None or widget.style().name() != _FAINT_STYLE:
            return
        self.initStyleOption(option, index)
        square = widget.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, widget)
        painter.save()
        painter.setPen(QPen(theme.EDGE, 1.2))
        painter.drawRect(QRectF(square).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.restore()


def _paint_edge(button: QAbstractButton, option: QStyleOptionButton, element: QStyle.SubElement) -> None:
    style = button.style()
    if style.name() != _FAINT_STYLE:
        return
    box = QRectF(style.subElementRect(element, option, button)).adjusted(0.5, 0.5, -0.5, -0.5)
    painter = QPainter(button)
    painter.setPen(QPen(theme.EDGE, 1.2))
    if element is QStyle.SubElement.SE_RadioButtonIndicator:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawEllipse(box)
        if button.isChecked():  # over the paler dot of the style
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(button.palette().color(QPalette.ColorRole.Text))
            edge_px = box.width() * _DOT_EDGE
            painter.drawEllipse(box.adjusted(edge_px, edge_px, -edge_px, -edge_px))
    else:
        painter.drawRect(box)
    painter.end()
