"""Asks how fast a verification may read, before it begins."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import FittedDialog, button, button_row, column_of, describe, text_label

_MOST_MB, _STEP_MB = 10_000, 10


class VerifyStartDialog(FittedDialog):
    """Lets the person limit how much is read a second. Lives in the GUI thread.

    Args:
        rate_mb: The last choice, in MB a second; 0 for no limit.
        parent: The window.

    Signals:
        confirmed(int): Begin, and read at most so many MB a second; 0 for no limit.
    """

    confirmed = Signal(int)

    def __init__(self, rate_mb: int, parent: QWidget | None = None) -> None:
        super().__init__(64, 44, parent)
        self.setObjectName("verify_start_dialog")
        self.setWindowTitle(self.tr("Verify sorted photos"))
        explanation = self.tr(
            "Reads every sorted photo from the disk and compares its bytes with those of its sort. Nothing is changed. "
            "You can stop at any time; the next time it goes on where it stopped."
        )
        self.rate = QSpinBox(self)
        self.rate.setObjectName("verify_rate")
        describe(
            self.rate,
            self.tr("Most megabytes read a second"),
            self.tr("A limit leaves the disk to other programs. 0 means full speed"),
        )
        self.rate.setRange(0, _MOST_MB)
        self.rate.setSingleStep(_STEP_MB)
        self.rate.setGroupSeparatorShown(True)
        self.rate.setSuffix(self.tr(" MB a second"))
        self.rate.setSpecialValueText(self.tr("full speed"))
        self.rate.setValue(rate_mb)
        label = QLabel(self.tr("&Read at most"), self)
        label.setBuddy(self.rate)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(label)
        row.addWidget(self.rate)
        row.addStretch(1)
        self.verify_button = button(
            self, "verify_begin_button", self.tr("&Verify"), self.tr("Read the sorted photos (Enter)")
        )
        self.verify_button.setDefault(True)
        self.verify_button.clicked.connect(self._confirm)
        self.cancel_button = button(self, "verify_cancel_button", self.tr("&Cancel"), self.tr("Close (Esc)"))
        self.cancel_button.clicked.connect(self.reject)
        column = column_of(self)
        column.addWidget(text_label(self, "verify_explanation", explanation))
        column.addLayout(row)
        column.addLayout(button_row([], [self.verify_button, self.cancel_button]))

    @Slot()
    def _confirm(self) -> None:
        self.accept()
        self.confirmed.emit(self.rate.value())
