"""The classes as a row of buttons with their keys, which wraps."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QToolButton, QWidget

from flowersorter.ui.classes.class_dialogs import swatch
from flowersorter.ui.classes.class_rows import DIGIT_KEYS
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, without_mnemonics

_MOST_LINES = 3
_SWATCH_PX, _NAME_PX = 12, 160


class ClassChips(QScrollArea):
    """A button for each class; more than three lines of them scroll. Lives in the GUI thread.

    Signals:
        chosen(class id): The person clicked this class.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_chips")
        self.setAccessibleName(self.tr("Classes"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._page = QWidget(self)
        self.setWidget(self._page)
        self.buttons: dict[int, QToolButton] = {}
        self._checked = 0

    def show_classes(self, classes: Mapping[int, ClassLook]) -> None:
        """Show these classes by id, in their order."""
        for old in self.buttons.values():
            old.hide()
            old.deleteLater()
        self.buttons = {
            class_id: self._chip(number, class_id, look) for number, (class_id, look) in enumerate(classes.items(), 1)
        }
        self.show_label(self._checked)
        self._lay_out()

    def show_label(self, class_id: int) -> None:
        """Mark the class that the photo was given, 0 for none."""
        self._checked = class_id
        for each, chip in self.buttons.items():
            chip.setChecked(each == class_id)

    def _chip(self, number: int, class_id: int, look: ClassLook) -> QToolButton:
        chip = QToolButton(self._page)
        chip.setObjectName(f"class_chip_{number}")
        chip.setCheckable(True)
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        chip.setIcon(swatch(look.colour))
        chip.setIconSize(QSize(_SWATCH_PX, _SWATCH_PX))
        name = self.fontMetrics().elidedText(look.name, Qt.TextElideMode.ElideRight, _NAME_PX)
        key = str(number) if number <= DIGIT_KEYS else ""
        chip.setText(" ".join(filter(None, (key, without_mnemonics(name)))))
        tip = self.tr("Assign “{0}”").format(look.name)
        describe(chip, tip, f"{tip} ({key})" if key else tip)
        chip.clicked.connect(partial(self._on_clicked, class_id))
        chip.show()
        return chip

    def _on_clicked(self, class_id: int) -> None:
        self.show_label(self._checked)  # the mark follows the label, not the click
        self.chosen.emit(class_id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the buttons to the new width."""
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        """Place the buttons line by line, and become as high as the lines that are shown."""
        gap, lines = theme.SMALL_GAP_PX, 1
        x = y = gap
        highest = max((chip.sizeHint().height() for chip in self.buttons.values()), default=0)
        for chip in self.buttons.values():
            size = chip.sizeHint()
            if x > gap and x + size.width() + gap > self.viewport().width():
                x, y, lines = gap, y + highest + gap, lines + 1
            chip.setGeometry(x, y, size.width(), highest)
            x += size.width() + gap
        self._page.setMinimumHeight(y + highest + gap)
        self.setFixedHeight(gap + min(lines, _MOST_LINES) * (highest + gap))
        self.setVisible(bool(self.buttons))
