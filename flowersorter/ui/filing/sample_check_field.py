"""States before a sort how many of the suggestions are right, or offers to check a sample of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from flowersorter.messages import worded
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.widgets import Message, button, count_photos
from flowersorter.workflows.evaluation.check_sample import SampleOffer
from flowersorter.workflows.evaluation.checked_sample import LOOSER_GOAL

#: Share of the photos above which a sample of them is offered as a check of all.
_NEARLY_ALL = 0.9


class SampleCheckField(QWidget):
    """A sentence with buttons to act on it. Lives in the GUI thread.

    Signals:
        check_requested(): Check photos drawn at random, or continue a check.
        doubtful_requested(list of place ids): Show the photos to look at first.
    """

    check_requested = Signal()
    doubtful_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sort_sample_check")
        self._doubtful: list[int] = []
        self.message = Message(self, "sort_sample_check_message")
        self.check_button = button(
            self, "sort_check_button", "", self.tr("Shows the photos one by one: is the suggestion right or wrong?")
        )
        self.doubtful_button = button(
            self, "sort_doubtful_button", self.tr("Show these first"), self.tr("Wrong ones and the least certain ones")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP_PX)
        row.addWidget(self.message, 1)
        for each in (self.doubtful_button, self.check_button):
            row.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
            each.hide()
        self.check_button.clicked.connect(self.check_requested)
        self.doubtful_button.clicked.connect(self._on_doubtful)
        self.hide()

    def show_offer(self, offer: SampleOffer | None) -> None:
        """Show the state of the check; None, or no suggestion to check, hides the field."""
        check = None if offer is None else offer.check
        self.setVisible(offer is not None and (check is not None or offer.photos > 0))
        if offer is None:
            return
        self._doubtful = offer.doubtful.tolist()
        self.doubtful_button.setVisible(check is not None and check.missed and bool(self._doubtful))
        self.check_button.setVisible(check is None or not check.done)
        if check is None:
            self._show_new(offer)
        else:
            self._show_button(self.tr("Go on checking"))
            self.message.say(worded(check.statement), warning=check.missed)

    def _show_new(self, offer: SampleOffer) -> None:
        asked = offer.photos if offer.needed > _NEARLY_ALL * offer.photos else offer.needed
        self._show_button(self.tr("Check {0}").format(count_photos(asked)))
        text = self.tr("You have not reviewed the suggestions of {0}.").format(count_photos(offer.photos))
        if asked < offer.photos:
            sample = self.tr(
                "A check of {0} drawn from them shows how many are right; wrong ones take more, at most all of them."
            )
            text = f"{text} {sample.format(count_photos(asked))}"
        if 0 < offer.needed_for_looser < asked:
            fewer = self.tr("To show that {0} of 100 are right, {1} are enough.")
            text = f"{text} {fewer.format(LOOSER_GOAL, count_photos(offer.needed_for_looser))}"
        self.message.say(text)

    def _show_button(self, text: str) -> None:
        self.check_button.setText(text)
        self.check_button.setAccessibleName(text)

    @Slot()
    def _on_doubtful(self) -> None:
        self.doubtful_requested.emit(self._doubtful)
