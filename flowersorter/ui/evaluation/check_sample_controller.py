"""Check a sample: draws photos of the open folder, shows them one by one, and stores the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from flowersorter.domain.changes import Changes
from flowersorter.domain.check_answer import CheckAnswer
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import NO_ANSWERS
from flowersorter.messages import worded
from flowersorter.ui.evaluation.check_sample_dialog import CheckSampleDialog
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.labels.rejected_here import RejectedAnswer
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluation.check_sample import (
    CheckSampleRequest,
    answer_sample_undoably,
    check_known_sample,
    take_back_answer,
)
from flowersorter.workflows.evaluation.checked_sample import GOAL, CheckedSample
from flowersorter.workflows.filing.sort import Include


class AnswerCommand(LibraryCommand):
    """Stores whether the suggestion of a drawn photo is right.

    Args:
        session: Whose collection stores it.
        check: Its state before the answer.
        photo_id: The photo.
        answer: The answer.
        text: For the Undo menu.
        show: Called with (check after the change, photo id, None), or with (None, photo id, error).
    """

    def __init__(
        self,
        session: Session,
        check: CheckedSample,
        photo_id: int,
        answer: CheckAnswer,
        text: str,
        show: Callable[[CheckedSample | None, int, Exception | None], None],
    ) -> None:
        super().__init__(session.library, session.undo_stack, text, Changes.LABELS | Changes.CLASSES)
        self._collection, self._check, self._photo_id, self._answer = session.collection, check, photo_id, answer
        self._before, self._said, self._show = check.answers.get(photo_id), NO_ANSWERS, show

    def apply(self) -> CheckedSample:
        """Store the answer."""
        check, said = answer_sample_undoably(self._collection, self._check, self._photo_id, self._answer)
        self._said = said
        return _with_statement(check)

    def revert(self) -> CheckedSample:
        """Restore the previous answer, and a mark that the label removed."""
        check = take_back_answer(self._collection, self._check, self._photo_id, self._before, self._said)
        return _with_statement(check)

    def applied(self, result: CheckedSample) -> None:
        """Show the next photo."""
        self._show(result, self._photo_id, None)

    def reverted(self, result: CheckedSample) -> None:
        """Show the photo again."""
        self._show(result, self._photo_id, None)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._show(None, self._photo_id, error)


def _with_statement(check: CheckedSample) -> CheckedSample:
    """Compute the statement here, a tenth of a second with 100,000 photos, and not while the window waits."""
    _ = check.done
    return check


def _nothing() -> None:
    """Do nothing after a check."""


class CheckSampleController(QObject):
    """Owns the dialog and its job. Lives in the GUI thread."""

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        labels: LabelsController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._labels = session, front, folder, labels
        self._job_id = 0
        self._roots: tuple[Path, ...] = ()
        self._dialog: CheckSampleDialog | None = None
        self._check: CheckedSample | None = None
        self._goal = GOAL  # of the dialog; an earlier answer that is undone had another one
        self._then: Callable[[], None] = _nothing
        self._rejected: dict[int, RejectedAnswer] = {}  # by photo id, of the wrong suggestions of this session
        self._answered: list[int] = []  # the place on the undo stack above each answer of this dialog
        session.undo_stack.indexChanged.connect(self._on_stack)

    @property
    def dialog(self) -> CheckSampleDialog | None:
        """The dialog, while it is open."""
        return self._dialog

    def start(self, include: Include, then: Callable[[], None] = _nothing) -> None:
        """Draw photos of the open folder, or go on with the ones drawn before.

        Args:
            include: Check the suggestions that such a sort would file.
            then: Called once the dialog is closed, or did not open.
        """
        if self._session.queue.alive(self._job_id) or not self._folder.roots:
            then()
            return
        if include is Include.LABELLED:
            text = self.tr("Sort is set to take only confirmed photos: there is no suggestion to check.")
            action = (self.tr("Check the sure ones"), partial(self.start, Include.SURE))
            self._front.bar.say(text, action, until=Until.ANSWER)
            then()
            return
        self._roots, self._then = self._folder.roots, then
        left_out = dict(self._session.photos.columns.left_out_of)
        request = CheckSampleRequest(self._roots, include=include, device=self._session.device, left_out=left_out)
        self._job_id = self._session.queue.submit(
            self.tr("Drawing photos to check"),
            lambda report, cancel: check_known_sample(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_begun, failed=self._on_not_begun, cancelled=self._go_on),
        )

    def shutdown(self) -> None:
        """Wait for the dialog's running load."""
        if self._dialog is not None:
            self._dialog.shutdown()

    def _on_begun(self, result: object) -> None:
        assert isinstance(result, CheckedSample)
        if self._roots != self._folder.roots:  # another folder was opened meanwhile
            self._go_on()
            return
        names = {each.id: each.name for each in self._session.state.classes}
        self._check, self._answered, self._goal = result, [], result.goal
        dialog = CheckSampleDialog(result, names, self._front.window)
        dialog.answered.connect(self._on_answered)
        dialog.undo_requested.connect(self._on_undo)
        dialog.goal_chosen.connect(self._on_goal)
        dialog.finished.connect(self._on_closed)
        self._dialog = dialog
        dialog.open()

    @Slot(int, object)
    def _on_answered(self, photo_id: int, answer: CheckAnswer) -> None:
        assert self._check is not None, "the dialog is open"
        stack = self._session.undo_stack
        self._answered = [at for at in self._answered if at <= stack.index()]  # undone commands are dropped
        text = {
            CheckAnswer.RIGHT: self.tr("Suggestion is right"),
            CheckAnswer.WRONG: self.tr("Suggestion is wrong"),
            CheckAnswer.SKIPPED: self.tr("Skip photo"),
        }[answer]
        stack.push(AnswerCommand(self._session, self._check, photo_id, answer, text, self._show))
        self._answered.append(stack.index())

    @Slot()
    def _on_undo(self) -> None:
        """Undo answers of this dialog, never earlier changes."""
        if self._can_undo():
            self._session.undo_stack.undo()

    @Slot(int)
    def _on_goal(self, goal: int) -> None:
        """Go on with the same photos and answers towards another goal."""
        if self._check is not None and self._dialog is not None:
            self._goal = goal
            self._check = replace(self._check, goal=goal)
            self._dialog.show_check(self._check)

    def _can_undo(self) -> bool:
        return self._session.undo_stack.index() in self._answered

    @Slot()
    def _on_stack(self) -> None:
        if self._dialog is not None:
            self._dialog.undo_button.setEnabled(self._can_undo())

    def _show(self, check: CheckedSample | None, photo_id: int, error: Exception | None) -> None:
        if check is not None:
            self._check = check = replace(check, goal=self._goal)
            right = check.answers.get(photo_id) is CheckAnswer.RIGHT
            class_id = check.suggestion(photo_id)
            self._remember(photo_id, class_id, wrong=check.answers.get(photo_id) is CheckAnswer.WRONG)
            self._labels.show_stored({photo_id: Label(class_id, LabelOrigin.PERSON) if right else None})
        if error is not None:
            top = self._session.undo_stack.index()  # of the command that failed; it leaves the stack after this
            self._answered = [at for at in self._answered if at != top]
        if self._dialog is not None and self._check is not None:
            self._dialog.show_check(self._check)
            self._on_stack()
        if error is not None:
            self._front.complain(error)

    def _remember(self, photo_id: int, class_id: int, *, wrong: bool) -> None:
        """Keep answers for many photos at once from giving a photo the class that is wrong for it."""
        if wrong and photo_id not in self._rejected:
            self._rejected[photo_id] = self._labels.rejected.answer([(photo_id, class_id)])
            self._rejected[photo_id].apply()
        elif not wrong and photo_id in self._rejected:
            self._rejected.pop(photo_id).revert()

    @Slot()
    def _on_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.shutdown()
            self._dialog.deleteLater()
            self._dialog = None
        if self._check is not None and self._check.note is not None:
            self._front.bar.say(worded(self._check.note), until=Until.SCAN)  # in place of an estimate
        self._go_on()

    def _on_not_begun(self, error: Exception) -> None:
        self._go_on()
        self._front.complain(error)

    def _go_on(self) -> None:
        then, self._then = self._then, _nothing
        then()
