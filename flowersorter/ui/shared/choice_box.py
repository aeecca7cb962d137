"""A list to choose from that shows a shorter text where it is narrow, and an icon where no text has room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from flowersorter.ui.shared.widgets import describe

_SHORT_ROLE = Qt.ItemDataRole.UserRole + 1
_TEXT_EDGE_PX = 4  # left of the text


class ChoiceBox(QComboBox):
    """Shows the text of its choice, its short text, or an icon: never half a word. Lives in the GUI thread.

    Args:
        name: Object name.
        words: Accessible name; the tool tip adds the choice where its text is not shown.
        icon: Shown where no text has room.
        parent: Owns it.
    """

    def __init__(self, name: str, words: str, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)  # the hint follows each new choice
        self._words, self._icon = words, icon
        describe(self, words, words)

    def add_choice(self, text: str, short: str, data: object) -> None:
        """Add a choice.

        Args:
            text: Shown in the list, and in the box where there is room for it.
            short: Shown in the box where there is not.
            data: The value of the choice.
        """
        self.addItem(text, data)
        self.setItemData(self.count() - 1, short, _SHORT_ROLE)
        self.view().setMinimumWidth(self.sizeHint().width())  # all of each line, also below a narrow box

    @property
    def forms_px(self) -> tuple[int, int, int]:
        """Width of the box with its icon alone, with the short text, and with the whole text of the choice."""
        around = self.width() - self._room_px
        text, short = (around + self.fontMetrics().horizontalAdvance(each) for each in self._texts)
        return around + self.iconSize().width(), min(short, text), text

    @property
    def _room_px(self) -> int:
        """Width of the text."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        control, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        return self.style().subControlRect(control, option, part, self).width() - _TEXT_EDGE_PX

    @property
    def _texts(self) -> tuple[str, str]:
        text = self.currentText() or self.placeholderText()
        return text, self.currentData(_SHORT_ROLE) or text

    @property
    def shown_text(self) -> str:
        """The text that fits; "" where none does."""
        room_px = self._room_px
        return next((each for each in self._texts if self.fontMetrics().horizontalAdvance(each) <= room_px), "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the tool tip say the choice where its text is not shown."""
        super().resizeEvent(event)
        text = self._texts[0]
        self.setToolTip(self._words if self.shown_text == text else f"{self._words}: {text}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text that fits, or else the icon."""
        del event
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self.shown_text
        if not option.currentText:
            option.currentIcon = self._icon
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
