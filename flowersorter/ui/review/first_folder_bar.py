"""The bar above the photos of a folder that does not fit the classes: offers to make its own classes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QPushButton, QWidget

from flowersorter.ui.shared import theme
from flowersorter.ui.shared.icon_label import IconLabel
from flowersorter.ui.shared.widgets import button, text_label

_ICON_PX = 20


class FirstFolderBar(QFrame):
    """A sentence and two buttons; hidden without an offer. Lives in the GUI thread.

    Signals:
        accepted(): Carry out the offer.
        declined(): Leave everything as it is.
    """

    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("first_folder_bar")
        icon = IconLabel(_ICON_PX, self, lambda: theme.icon("info"))
        self.text = text_label(self, "first_folder_text")
        self.accept: QPushButton = button(self, "first_folder_accept", "")
        self.decline: QPushButton = button(self, "first_folder_decline", "")
        sentence, answers = QHBoxLayout(), QHBoxLayout()
        sentence.addWidget(icon)
        sentence.addWidget(self.text, 1)
        answers.addStretch(1)
        answers.addWidget(self.accept)
        answers.addWidget(self.decline)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(theme.LARGE_GAP_PX, theme.SMALL_GAP_PX, theme.GAP_PX, theme.SMALL_GAP_PX)
        self._row.addLayout(sentence, 1)
        self._row.addLayout(answers)
        for each in (self._row, sentence, answers):
            each.setSpacing(theme.GAP_PX)
        self.accept.clicked.connect(self.accepted)
        self.decline.clicked.connect(self.declined)
        self.hide()

    def offer(self, text: str, accept: str, decline: str) -> None:
        """Show a question."""
        self.text.setText(text)
        self.setAccessibleName(text)
        for each, label in ((self.accept, accept), (self.decline, decline)):
            each.setText(label)
            each.setAccessibleName(label)
        self._fit()
        self.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the sentence above the buttons in a narrow window."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        answers_px = self.accept.sizeHint().width() + self.decline.sizeHint().width()
        is_narrow = self.width() < 2 * answers_px
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)

    def offer_own_classes(self, names: Sequence[str]) -> None:
        """Offer to replace classes without labels, as the photos look like none of them."""
        text = self.tr("These photos don't look like {0}.").format(listed(names, self.tr("{0} or {1}")))
        self.offer(text, self.tr("Name my own classes"), self.tr("Keep these classes"))

    def offer_more_classes(self, names: Sequence[str], unknown: int, photos: int) -> None:
        """Offer to name further classes, as this number of these photos look like none of the existing ones."""
        text = self.tr("About {0} of these {1} photos don't look like {2}.")
        existing = listed(names, self.tr("{0} or {1}"))
        self.offer(text.format(unknown, photos, existing), self.tr("Name their classes"), self.tr("No, thanks"))

    def offer_folders(self, names: Sequence[str]) -> None:
        """Offer to use sub-folders as classes."""
        text = self.tr("Use {0} as classes? Their photos are labelled with the name of their folder.")
        self.offer(text.format(listed(names, self.tr("{0} and {1}"))), self.tr("Use as classes"), self.tr("No, thanks"))


def listed(names: Sequence[str], last: str, most: int = 5) -> str:
    """Join names: "daisy, roses or tulips"; from the sixth on, names are left out: "daisy, …".

    Args:
        names: At least one.
        last: Joins the last name to those before it: "{0} or {1}".
        most: Number of names to list.
    """
    if len(names) > most:
        return ", ".join(names[:most]) + ", …"
    return last.format(", ".join(names[:-1]), names[-1]) if len(names) > 1 else names[0]
