"""Labels photos with classes from elsewhere in one undo step, and says how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import QObject

from flowersorter.domain.label import Label
from flowersorter.ui.keywords.take_labels_command import TakeLabelsCommand
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels


class LabelTaker(QObject):
    """Shared by keywords and files of other programs. Lives in the GUI thread."""

    def __init__(
        self, session: Session, front: MessageSink, labels: LabelsController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._labels = session, front, labels

    def take(self, take: Callable[[], TakenLabels], text: str, ambiguous: str) -> None:
        """Store labels.

        Args:
            take: Stores them; called in the library's thread.
            text: For the Undo menu.
            ambiguous: About photos that several classes are given, with a field for their number.
        """
        show = partial(self._show, ambiguous)
        self._session.undo_stack.push(TakeLabelsCommand(self._session, take, text, show, self._front.complain))

    def _show(
        self, ambiguous: str, labels: Mapping[int, Label | None], answered: Iterable[int], taken: TakenLabels | None
    ) -> None:
        self._labels.show_stored(labels, answered)
        if taken is None:
            self._front.bar.say(self.tr("The labels are as they were before."), until=Until.ANSWER)
            return
        said = [self.tr("{0} labelled.").format(count_photos(len(taken.labels)))]
        if taken.marks:
            said.append(self.tr("Marked as not mine or not known: {0}.").format(count_photos(len(taken.marks))))
        if taken.kept:
            said.append(self.tr("Labels and answers kept: {0}.").format(count_photos(taken.kept)))
        if taken.ambiguous:
            said.append(ambiguous.format(count_photos(len(taken.ambiguous))))
        undo = (self.tr("Undo"), self._session.undo_stack.undo)
        self._front.bar.say(" ".join(said), undo, until=Until.ANSWER)  # then another is the last step
