"""Offers to forget labels whose photos are gone, and to label again files that show another picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.label import Label
from flowersorter.ui.labels.lost_labels_question import LostLabelsAnswer, ask_about_lost_labels
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.workflows.labelling.gone_labels import LostLabels, forget_gone_labels, lost_labels, restore_labels


class ForgetLabelsCommand(LibraryCommand):
    """Removes the labels whose photos are gone.

    Args:
        session: Its collection has them.
        text: For the Undo menu.
        tell: Called with the number of removed labels, and with 0 when they are restored.
        complain: Shows the error that kept the labels from being changed.
    """

    def __init__(
        self, session: Session, text: str, tell: Callable[[int], None], complain: Callable[[Exception], None]
    ) -> None:
        super().__init__(session.library, session.undo_stack, text, Changes.LABELS)
        self._collection, self._tell, self._complain = session.collection, tell, complain
        self._before: dict[int, Label | None] = {}

    def apply(self) -> int:
        """Remove the labels."""
        self._before = forget_gone_labels(self._collection)
        return len(self._before)

    def revert(self) -> None:
        """Restore the labels."""
        restore_labels(self._collection, self._before)

    def applied(self, result: Any) -> None:
        """Say how many are removed."""
        self._tell(result)

    def reverted(self, result: Any) -> None:
        """Say that they are restored."""
        self._tell(0)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._complain(error)


class LostLabelsController(QObject):
    """Counts the labels whose photos are gone, and asks about them. Lives in the GUI thread.

    Signals:
        places_requested(list of place ids, title): Show these photos.
    """

    places_requested = Signal(object, str)

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._found = LostLabels(0, {})

    @Slot()
    def offer(self) -> None:
        """Offer a question about these labels and files after a scan, if there are any."""
        self._session.library.submit(partial(lost_labels, self._session.collection), self._on_found)

    def _on_found(self, found: LostLabels) -> None:
        shown = set(self._session.photos.columns.place_ids.tolist())
        here = {place_id: path for place_id, path in found.replaced.items() if place_id in shown}
        self._found = LostLabels(found.gone, here)
        if found.gone or here:
            self._front.bar.offer(self._in_words(), self._ask)

    def _in_words(self) -> str:
        gone, replaced = self._found.gone, len(self._found.replaced)
        said = []
        if gone:
            many = self.tr("{0} labels of photos that are gone").format(gone)
            said.append(self.tr("1 label of a photo that is gone") if gone == 1 else many)
        if replaced:
            many = self.tr("{0} files with another picture").format(replaced)
            said.append(self.tr("1 file with another picture") if replaced == 1 else many)
        return ", ".join(said)

    def _ask(self) -> None:
        found = self._found
        answer = ask_about_lost_labels(found.gone, [path.name for path in found.replaced.values()], self._front.window)
        if answer is LostLabelsAnswer.SHOW:
            self.places_requested.emit(list(found.replaced), self.tr("Another picture than before"))
        elif answer is LostLabelsAnswer.FORGET:
            text = self.tr("Forget labels of photos that are gone")
            self._session.undo_stack.push(ForgetLabelsCommand(self._session, text, self._tell, self._front.complain))

    def _tell(self, forgotten: int) -> None:
        if forgotten:
            one, many = self.tr("1 label forgotten."), self.tr("{0} labels forgotten.").format(forgotten)
            undo = (self.tr("Undo"), self._session.undo_stack.undo)
            self._front.bar.say(
                one if forgotten == 1 else many, undo, until=Until.ANSWER
            )  # then another is the last step
        else:
            self._front.bar.say(self.tr("The labels are there again."))
            self.offer()
