"""The target precision of the verdict Sure in Preferences."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowersorter.domain.verdict import SURE_PRECISIONS
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, text_label
from flowersorter.workflows.models.sure_precision import Following


class SurePrecisionSection(QWidget):
    """A list of target precisions, and a note where the model in use cannot follow. Lives in the GUI thread.

    Args:
        precision: The current target precision, one of `SURE_PRECISIONS`.
        parent: The dialog.

    Signals:
        chosen(float): Aim at this precision, 0 to 1.
    """

    chosen = Signal(float)

    def __init__(self, precision: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("precision_section")
        self.choice = QComboBox(self)
        self.choice.setObjectName("precision_choice")
        describe(
            self.choice,
            self.tr("Share of “Sure” photos that must be right"),
            self.tr("Applies to all suggestions at once"),
        )
        self.choice.view().setObjectName("precision_list")
        self.choice.view().setAccessibleName(self.choice.accessibleName())
        for each in SURE_PRECISIONS:
            self.choice.addItem(self.tr("{0} % of the time").format(round(100 * each)), each)
        self.show_precision(precision)
        self.choice.currentIndexChanged.connect(self._on_chosen)
        label = QLabel(self.tr("“&Sure” means right at least"), self)
        label.setBuddy(self.choice)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(label)
        row.addWidget(self.choice)
        row.addStretch(1)
        text = self.tr("Stricter means fewer “Sure” photos and more to review.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addLayout(row)
        column.addWidget(text_label(self, "precision_text", text, muted=True))
        self.note = text_label(self, "precision_note", "")
        self.note.hide()
        column.addWidget(self.note)

    def show_precision(self, precision: float) -> None:
        """Show the target precision that is aimed at."""
        with QSignalBlocker(self.choice):
            self.choice.setCurrentIndex(SURE_PRECISIONS.index(precision))

    @Slot()
    def _on_chosen(self) -> None:
        self.chosen.emit(float(self.choice.currentData()))

    def show_following(self, following: Following) -> None:
        """Say when this choice applies to the model in use, if not at once."""
        text = {
            Following.NEXT_TRAINING: self.tr(
                "The current model is too old for this setting. It applies from the next Retrain."
            ),
            Following.TOO_FEW_PHOTOS: self.tr(
                "The current model was trained on too few photos to measure this, so it is cautious. Confirm more "
                "photos and press Retrain."
            ),
        }.get(following, "")
        self.note.setText(text)
        self.note.setVisible(bool(text))
