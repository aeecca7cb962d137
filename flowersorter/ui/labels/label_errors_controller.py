"""Review doubtful labels: finds label errors, shows them one by one, and saves the decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Slot

from flowersorter.domain.changes import Changes
from flowersorter.jobs import CancelToken, Report
from flowersorter.ui.labels.label_errors_dialog import Decision, LabelErrorsDialog
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluation.label_errors import (
    LabelError,
    LabelErrorsRequest,
    LabelErrorsResult,
    find_duplicate_labels,
    find_label_errors,
    keep,
    keep_no_longer,
)

#: Number of labels up to which a full check follows each training; for more it takes seconds.
OFFERED_UP_TO = 5000


class KeepCommand(LibraryCommand):
    """Stores that the label of a doubted photo is right.

    Args:
        session: Its collection stores the review.
        doubt: The doubted label.
        text: For the Undo menu.
        complain: Shows the error that kept it from being saved.
    """

    def __init__(self, session: Session, doubt: LabelError, text: str, complain: Callable[[Exception], None]) -> None:
        super().__init__(session.library, session.undo_stack, text, Changes.LABELS)
        self._collection, self._doubt, self._complain = session.collection, doubt, complain

    def apply(self) -> None:
        """Store the review."""
        keep(self._collection, self._doubt.photo_id, self._doubt.class_id, self._doubt.better_id)

    def revert(self) -> None:
        """Delete the review."""
        keep_no_longer(self._collection, self._doubt.photo_id, self._doubt.class_id, self._doubt.better_id)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._complain(error)


class LabelErrorsController(QObject):
    """Owns the dialog and its job. Lives in the GUI thread."""

    def __init__(
        self, session: Session, front: MessageSink, labels: LabelsController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._labels = session, front, labels
        self._job_id = 0
        self._offering = self._folders_only = False
        self._offered = ""  # the present offer of a review, in words
        self._doubts: tuple[LabelError, ...] = ()  # of the dialog
        self._dialog: LabelErrorsDialog | None = None
        self._decisions: list[tuple[int, LabelError, Decision]] = []  # with the place on the undo stack above each
        session.undo_stack.indexChanged.connect(self._on_undone)

    @Slot()
    def start(self) -> None:
        """Check the labels and go through those that may be wrong."""
        if self._folders_only:
            self._session.queue.drop(self._job_id)  # a full check is wanted
        self._offering = False
        self._check(folders_only=False)

    @Slot()
    def offer(self) -> None:
        """Check the labels after a training, without a message, and offer a review of those that may be wrong.

        With very many labels, or too few for cross-validation, it finds only those that class folders contradict.
        """
        counts = self._session.state.label_counts
        enough = sum(count > 2 for count in counts.values()) > 1
        if not self._session.queue.alive(self._job_id):
            self._offering = True
            self._check(folders_only=sum(counts.values()) > OFFERED_UP_TO or not enough)

    @property
    def dialog(self) -> LabelErrorsDialog | None:
        """The dialog, while it is open."""
        return self._dialog

    def shutdown(self) -> None:
        """Wait for the dialog's running load."""
        if self._dialog is not None:
            self._dialog.shutdown()

    def _check(self, *, folders_only: bool) -> None:
        engine = self._session.engine
        if self._session.queue.alive(self._job_id):
            return
        request = LabelErrorsRequest(device=self._session.device)

        def job(report: Report, cancel: CancelToken) -> LabelErrorsResult:
            return (
                find_duplicate_labels(engine.collection)
                if folders_only
                else find_label_errors(engine, request, report, cancel)
            )

        self._folders_only = folders_only
        self._job_id = self._session.queue.submit(self.tr("Reviewing labels"), job, Listener(succeeded=self._on_found))

    def _on_found(self, result: object) -> None:
        assert isinstance(result, LabelErrorsResult)
        if not self._offering:
            self._open(result)
        elif result.doubts:
            self._offered = self._found_in_words(result.doubts)
            self._front.bar.offer(self._offered, lambda: self._open(result))

    def _found_in_words(self, doubts: Sequence[LabelError]) -> str:
        twice = sum(each.also_at is not None for each in doubts)
        doubted = len(doubts) - twice
        said = []
        if twice:
            text = self.tr("{0} photos are in two class folders").format(twice)
            said.append(self.tr("1 photo is in two class folders") if twice == 1 else text)
        if doubted:
            text = self.tr("{0} labels may be wrong").format(doubted)
            said.append(self.tr("1 label may be wrong") if doubted == 1 else text)
        return ", ".join(said)

    def _open(self, result: LabelErrorsResult) -> None:
        if self._dialog is not None:
            self._dialog.close()
        self._decisions, self._doubts = [], result.doubts
        names = {each.id: each.name for each in self._session.state.classes}
        # A class may be gone since the check was offered.
        there = [each for each in result.doubts if {each.class_id, each.better_id} <= set(names)]
        if len(there) < len(result.doubts):
            self.start()
            return
        dialog = LabelErrorsDialog(result, names, self._front.window)
        dialog.keep_requested.connect(self._on_keep)
        dialog.move_requested.connect(self._on_move)
        dialog.undo_requested.connect(self._on_undo)
        dialog.finished.connect(self._on_closed)
        self._dialog = dialog
        dialog.open()

    # -- decisions

    @Slot(object)
    def _on_keep(self, doubt: LabelError) -> None:
        text = self.tr("Keep “{0}”").format(self._name(doubt.class_id))
        command = KeepCommand(self._session, doubt, text, self._front.complain)
        self._decide(doubt, Decision.KEPT, lambda: self._session.undo_stack.push(command))

    @Slot(object)
    def _on_move(self, doubt: LabelError) -> None:
        self._decide(doubt, Decision.MOVED, lambda: self._labels.assign_photos([doubt.photo_id], doubt.better_id))

    def _decide(self, doubt: LabelError, decision: Decision, push: Callable[[], object]) -> None:
        stack = self._session.undo_stack
        before = stack.index()
        self._decisions = [each for each in self._decisions if each[0] <= before]  # undone commands are dropped
        push()
        if stack.index() > before:
            self._decisions.append((stack.index(), doubt, decision))
        self._show_decided()

    @Slot()
    def _on_undo(self) -> None:
        """Undo decisions of this dialog, never earlier changes."""
        stack = self._session.undo_stack
        if any(each[0] == stack.index() for each in self._decisions):
            stack.undo()

    @Slot(int)
    def _on_undone(self, index: int) -> None:
        """Update the dialog after an undo or redo, from the dialog or elsewhere."""
        undone = [each for each in self._decisions if each[0] == index + 1]
        if self._dialog is not None and undone:
            self._show_decided(go_to=undone[0][1].photo_id)

    def _show_decided(self, go_to: int = 0) -> None:
        if self._dialog is None:
            return
        self._dialog.show_decisions(self._decided(), go_to=go_to)

    def _decided(self) -> dict[int, Decision]:
        """The decisions that are not undone, by photo id."""
        index = self._session.undo_stack.index()
        return {doubt.photo_id: decision for at, doubt, decision in self._decisions if at <= index}

    @Slot()
    def _on_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.shutdown()
            self._dialog.deleteLater()
            self._dialog = None
            self._renew_offer()

    def _renew_offer(self) -> None:
        """Offer no labels that were decided about in the dialog; look for the others anew where it is accepted."""
        decided = self._decided()
        left = [each for each in self._doubts if each.photo_id not in decided]
        if self._offered and decided:
            self._front.bar.take_back(self._offered)
            self._offered = self._found_in_words(left)
            if left:
                self._front.bar.offer(self._offered, self.start)

    def _name(self, class_id: int) -> str:
        return self._session.state.class_name(class_id)
