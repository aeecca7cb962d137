"""Write keywords: plans, asks, and writes the classes of labelled photos into the sidecar files beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox

from flowersorter.messages import worded
from flowersorter.sorting.plan import SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.ui.filing.preview.plan_summary import no_keywords_sentences
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_sidecar_files
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.filing.keywords import KeywordsRequest, RunKeywordsRequest, plan_keywords, write_keywords


class WriteKeywordsController(QObject):
    """Runs the jobs and asks between them. Lives in the GUI thread.

    Signals:
        undoable(run id): This is the last step and can be undone.
        undo_requested(run id): Undo it, after asking.
    """

    undoable = Signal(int)
    undo_requested = Signal(int)

    def __init__(
        self, session: Session, front: MessageSink, folder: FolderController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._job_id = 0

    @Slot()
    def start(self) -> None:
        """Plan the keywords of the open folder's labelled photos, and ask before anything is written."""
        if self._session.queue.alive(self._job_id) or not self._folder.roots:
            return
        request = KeywordsRequest(self._folder.roots)
        self._job_id = self._session.queue.submit(
            self.tr("Preparing the keywords"),
            lambda report, cancel: plan_keywords(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_planned, failed=self._front.complain),
        )

    def _on_planned(self, result: object) -> None:
        assert isinstance(result, list)
        plans: list[SortPlan] = result
        said = " ".join(sentence for plan in plans for sentence in no_keywords_sentences(plan))
        count = sum(len(plan.keywords) for plan in plans)
        if not count:
            nothing = self.tr("There are no keywords to write: no confirmed photo lacks any.")
            self._front.bar.say(f"{nothing} {said}".strip())
        elif self._agreed(count, said):
            self._run(plans)

    def _agreed(self, count: int, said: str) -> bool:
        question = QMessageBox(self._front.window)
        question.setObjectName("write_keywords_question")
        question.setIcon(QMessageBox.Icon.Question)
        question.setWindowTitle(self.tr("Write keywords"))
        asked = self.tr("Write the classes of your confirmed photos into {0}?")
        question.setText(asked.format(count_sidecar_files(count)))
        meant = self.tr(
            "Other photo programs read them there as keywords. Your photos and everything else in those files stay as "
            "they are. You can undo this in History."
        )
        question.setInformativeText("\n\n".join(filter(None, [meant, said])))
        write = question.addButton(self.tr("Write keywords"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(write)
        question.exec()
        question.deleteLater()
        return question.clickedButton() is write

    def _run(self, plans: Sequence[SortPlan]) -> None:
        request = RunKeywordsRequest(tuple(plans))
        self._job_id = self._session.queue.submit(
            self.tr("Writing keywords"),
            lambda report, cancel: write_keywords(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_written, failed=self._front.complain),
            changes_files=True,
        )

    def _on_written(self, result: object) -> None:
        assert isinstance(result, list)
        done: list[RunResult] = result
        said = self.tr("Keywords in {0}.").format(count_sidecar_files(sum(each.keywords for each in done)))
        notes = [file for each in done for file in each.files if file.error]
        if notes:
            said += f" {notes[0].source.name}: {worded(notes[0].error or '')}."
        written = [each.run_id for each in done if each.keywords and each.run_id is not None]
        actions = []
        if len(written) == 1:  # of several folders, each is undone in History
            actions.append((self.tr("Undo"), partial(self.undo_requested.emit, written[0])))
            self.undoable.emit(written[0])
        self._front.bar.say(said, *actions)
