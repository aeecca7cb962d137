"""Chooses how photos are sorted: copied, moved, linked or pointed to."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QWidget

from flowersorter.sorting.plan import Mode
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.indicators import RadioButton
from flowersorter.ui.shared.widgets import describe, text_label


class ModeField(QWidget):
    """A radio button for each mode, with an explanation. Lives in the GUI thread.

    Args:
        mode: The initial choice.
        parent: The dialog.

    Signals:
        mode_changed(): Another one is chosen.
    """

    mode_changed = Signal()

    def __init__(self, mode: Mode, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        lines = {
            Mode.COPY: (
                self.tr("&Copy"),
                self.tr("Your photos stay where they are. Copies are created in the class folders."),
            ),
            Mode.MOVE: (self.tr("&Move"), self.tr("Photos are moved into the class folders.")),
            Mode.LINK: (
                self.tr("&Link"),
                self.tr("Your photos stay where they are. The class folders contain links, which take no space."),
            ),
            Mode.SYMLINK: (
                self.tr("&Pointers"),
                self.tr("Also on another drive. A pointer stops working when its photo is deleted or moved."),
            ),
        }
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.LARGE_GAP_PX)
        grid.setVerticalSpacing(theme.SMALL_GAP_PX)
        grid.setColumnStretch(1, 1)
        self._group = QButtonGroup(self)
        self.buttons: dict[Mode, RadioButton] = {}
        for row, (each, (text, explanation)) in enumerate(lines.items()):
            radio = RadioButton(text, self)
            radio.setObjectName(f"sort_mode_{each.value}")
            describe(radio, f"{text.replace('&', '')}. {explanation}", explanation)
            radio.setChecked(each is mode)
            self._group.addButton(radio)
            self.buttons[each] = radio
            grid.addWidget(radio, row, 0)
            grid.addWidget(text_label(self, f"sort_mode_{each.value}_text", explanation, muted=True), row, 1)
        self._group.buttonToggled.connect(self.mode_changed)

    @property
    def mode(self) -> Mode:
        """The present choice."""
        return next(mode for mode, radio in self.buttons.items() if radio.isChecked())
