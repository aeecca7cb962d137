"""A table of keyboard shortcuts and mouse gestures, built from the actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget


class _WideScrollArea(QScrollArea):
    """Scrolls up and down only: never narrower than its page, whatever the font."""

    def minimumSizeHint(self) -> QSize:
        """Room for the longest key, the longest word beside it and the scroll bar."""
        hint = super().minimumSizeHint()
        page, bar = self.widget(), self.verticalScrollBar()
        width = bar.sizeHint().width() + (page.minimumSizeHint().width() if page is not None else 0)
        return QSize(max(width, hint.width()), hint.height())


class ShortcutsDialog(QDialog):
    """Lists every action that has a key, and the mouse gestures."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keys_dialog")
        self.setWindowTitle(self.tr("Keyboard and mouse"))
        rows = [
            (self.tr("Drag photos onto a class"), self.tr("Assign the class")),
            (self.tr("Drag a class up or down"), self.tr("Reorder; number keys follow")),
            (self.tr("1 to 9"), self.tr("Assign the class with that number")),
            (self.tr("Ctrl + wheel"), self.tr("Larger or smaller thumbnails")),
            (self.tr("Double click"), self.tr("See a larger view")),
            (self.tr("Wheel, pinch, + or - in the large view"), self.tr("Zoom")),
            (self.tr("Click or Z in the large view"), self.tr("Actual size, and the whole photo again")),
            (self.tr("Escape"), self.tr("Clear selection; back from the large view")),
        ]
        for action in actions:
            keys = action.shortcuts()
            if keys:
                key = keys[0].toString(QKeySequence.SequenceFormat.NativeText)
                rows.append((key, action.text().replace("&", "").rstrip("…")))
        page = QWidget(self)
        grid = QGridLayout(page)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for number, (key, deed) in enumerate(rows):
            label = QLabel(key, page)
            font = label.font()
            font.setBold(True)
            label.setFont(font)
            grid.addWidget(label, number, 0)
            said = QLabel(deed, page)
            said.setWordWrap(True)
            grid.addWidget(said, number, 1)
        grid.setRowStretch(len(rows), 1)
        scroll = _WideScrollArea(self)
        scroll.setObjectName("keys")
        scroll.setAccessibleName(self.tr("Keyboard shortcuts"))
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(scroll, 1)
        column.addWidget(buttons)
        self.resize(600, 560)
