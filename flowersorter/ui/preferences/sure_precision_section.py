"""The promise of *sure* in Preferences: how many of the photos that are called so must be right."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowersorter.domain.verdict import SURE_PRECISIONS
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import describe, text_label
from flowersorter.workflows.models.sure_precision import Following


class SurePrecisionSection(QWidget):
    """Lets the person choose. Lives in the GUI thread.

    Args:
        promise: The one that is kept now, one of `SURE_PRECISIONS`.
        parent: The dialog.
    """

    def __init__(self, promise: float, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("promise_part")
        self.choice = QComboBox(self)
        self.choice.setObjectName("promise_choice")
        describe(
            self.choice,
            self.tr("How many of the photos called sure must be right"),
            self.tr("Counts at once for every guess"),
        )
        self.choice.view().setObjectName("promise_list")
        self.choice.view().setAccessibleName(self.choice.accessibleName())
        for each in SURE_PRECISIONS:
            self.choice.addItem(self.tr("{0} of 100 are right").format(round(100 * each)), each)
        self.choice.setCurrentIndex(SURE_PRECISIONS.index(promise))
        label = QLabel(self.tr("&Sure means that"), self)
        label.setBuddy(self.choice)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP_PX)
        row.addWidget(label)
        row.addWidget(self.choice)
        row.addStretch(1)
        text = self.tr("The more must be right, the fewer are called sure: more is left for you to look at.")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP_PX)
        column.addLayout(row)
        column.addWidget(text_label(self, "promise_text", text, muted=True))
        self.note = text_label(self, "promise_note", "")
        self.note.hide()
        column.addWidget(self.note)

    @property
    def promise(self) -> float:
        """What is chosen."""
        return float(self.choice.currentData())

    def show_following(self, following: Following) -> None:
        """Say when the model in use follows this choice, if not at once."""
        text = {
            Following.NEXT_TRAINING: self.tr(
                "The model in use was made before there was this choice: it follows from the next Retrain on."
            ),
            Following.TOO_FEW_PHOTOS: self.tr(
                "The model in use learned from too few photos to measure this, and is careful instead: "
                "check more photos and press Retrain, then it follows this choice."
            ),
        }.get(following, "")
        self.note.setText(text)
        self.note.setVisible(bool(text))
