"""The lines above the large photo: name, number and date, suggestion, buttons."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QIcon, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.shared.widgets import describe

_ICON_PX = 18
#: Of the name of a file, with the dots that stand for the rest.
_LEAST_LETTERS = 6


class LargeViewHeader(QWidget):
    """Shows the name of the photo and its suggestion. Lives in the GUI thread.

    Signals:
        back_requested(): Show the grid again.
        previous_requested(), next_requested(): Go to the photo before or after.
    """

    back_requested = Signal()
    previous_requested = Signal()
    next_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("large_view_header")
        self.name, self.suggestion = ElidedLabel("large_view_name", self), ElidedLabel("large_view_suggestion", self)
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.number, self.date, self.mark = QLabel(self), QLabel(self), IconLabel(_ICON_PX, self)
        self.number.setObjectName("large_view_number")
        self.date.setObjectName("large_view_date")
        self.date.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.number.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.back = self._button("all-photos", self.tr("Back to all photos"), self.tr("Esc"))
        self.previous = self._button("previous", self.tr("Previous photo"), "←")
        self.following = self._button("next", self.tr("Next photo"), "→")
        self.back.clicked.connect(self.back_requested)
        self.previous.clicked.connect(self.previous_requested)
        self.following.clicked.connect(self.next_requested)
        self._tools = QHBoxLayout()
        self._lay_out()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second, self._tools):
            row.setSpacing(theme.SMALL_GAP_PX)
        first.addWidget(self.back)
        first.addWidget(self.name, 1)
        first.addWidget(self.number)
        first.addWidget(self.previous)
        first.addWidget(self.following)
        first.addLayout(self._tools)
        second.addWidget(self.mark)
        second.addWidget(self.suggestion, 1)
        second.addWidget(self.date)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP_PX, theme.SMALL_GAP_PX, theme.GAP_PX, theme.SMALL_GAP_PX)
        column.setSpacing(0)
        column.addLayout(first)
        column.addLayout(second)

    def add_tool(self, action: QAction) -> None:
        """Add a button for an action."""
        made = QToolButton(self)
        made.setObjectName(f"{action.objectName()}_tool")
        made.setDefaultAction(action)
        made.setAccessibleName(action.text().replace("&", ""))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        made.setIconSize(QSize(_ICON_PX, _ICON_PX))
        made.setAutoRaise(True)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tools.addWidget(made)

    def show_photo(self, name: str, number: str, date: str) -> None:
        """Show name, number and date of another photo."""
        self.name.set_text(name)
        self.number.setText(number)
        self.date.setText(date)

    def show_suggestion(self, text: str, icon: Callable[[], QIcon]) -> None:
        """Show the suggestion, with the icon of its verdict in the present colours."""
        self.suggestion.set_text(text)
        self.mark.show_icon(icon)

    def _button(self, icon: str, text: str, key: str) -> QToolButton:
        made = QToolButton(self)
        made.setObjectName(f"large_view_{icon.replace('-', '_')}_button")
        made.setIcon(theme.icon(icon))
        made.setIconSize(QSize(_ICON_PX, _ICON_PX))
        made.setAutoRaise(True)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        describe(made, text, f"{text} ({key})")
        return made


class ElidedLabel(QLabel):
    """One line, shortened in the middle where there is too little room; its tool tip is the whole text.

    Attributes:
        whole: The whole text.
    """

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.whole = ""

    def set_text(self, text: str) -> None:
        """Show another text."""
        self.whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._shorten()

    def event(self, event: QEvent) -> bool:
        """Shorten the text to the new width."""
        if event.type() is QEvent.Type.Resize:
            self._shorten()
        return super().event(event)

    def _shorten(self) -> None:
        """Shorten the first part alone, the name of a file, if something is left of it: the class is behind it."""
        metrics, (first, dot, rest) = QFontMetrics(self.font()), self.whole.partition(" · ")
        room_px = self.width() - metrics.horizontalAdvance(dot + rest)
        middle = Qt.TextElideMode.ElideMiddle
        if room_px >= _LEAST_LETTERS * metrics.averageCharWidth():
            self.setText(metrics.elidedText(first, middle, room_px) + dot + rest)
        else:
            self.setText(metrics.elidedText(self.whole, middle, self.width()))
