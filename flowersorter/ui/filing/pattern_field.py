"""Chooses the sub-folders of each class: a few common patterns, or one that the person types."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from flowersorter.sorting.folder_pattern import CLASS_ONLY
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe


class PatternField(QWidget):
    """A line to choose the sub-folders. Lives in the GUI thread.

    Args:
        pattern: The initial choice.
        parent: The dialog.

    Signals:
        pattern_changed(): Another one is chosen or typed.
    """

    pattern_changed = Signal()

    def __init__(self, pattern: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel(self.tr("S&ub-folders"), self)
        self.box = QComboBox(self)
        self.box.setObjectName("sort_pattern")
        self.box.setEditable(True)
        self.box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        tip = self.tr("Or type a pattern of {class}, {date:%Y}, {date:%m}, {date:%d}, {camera} and slashes")
        for part in (self.box, *self.box.findChildren(QLineEdit)):
            describe(part, self.tr("Sub-folders of each class"), tip)
        for name, value in (
            (self.tr("None"), CLASS_ONLY),
            (self.tr("By year: Rose/2024"), "{class}/{date:%Y}"),
            (self.tr("By year and month: Rose/2024/05"), "{class}/{date:%Y}/{date:%m}"),
            (self.tr("By day: Rose/2024-05-03"), "{class}/{date:%Y-%m-%d}"),
            (self.tr("By camera"), "{class}/{camera}"),
        ):
            self.box.addItem(name, value)
        known = self.box.findData(pattern)
        if known >= 0:
            self.box.setCurrentIndex(known)
        else:
            self.box.setEditText(pattern)
        label.setBuddy(self.box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.LARGE_GAP_PX)
        row.addWidget(label)
        row.addWidget(self.box, 1)
        self.box.editTextChanged.connect(self._on_change)

    @property
    def pattern(self) -> str:
        """The chosen pattern, or the typed one as it is."""
        text = self.box.currentText()
        chosen = self.box.findText(text)
        return str(self.box.itemData(chosen)) if chosen >= 0 else text.strip()

    @Slot()
    def _on_change(self) -> None:
        self.pattern_changed.emit()
