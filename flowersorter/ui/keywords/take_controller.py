"""Take labels from keywords: reads the keywords of the open folder's photos, and labels photos with those chosen."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, Slot

from flowersorter.domain.label import Label
from flowersorter.jobs import CancelToken, silent
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.keywords.take_dialog import TakeKeywordsDialog
from flowersorter.ui.keywords.take_labels_command import TakeLabelsCommand
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.exchange.keyword_labels import (
    FindKeywordsRequest,
    FoundKeywords,
    TakeKeywordsRequest,
    find_keywords,
    take_keywords,
)
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels


class TakeKeywordsController(QObject):
    """Runs the job, shows its dialog and labels the photos. Lives in the GUI thread."""

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
        self._dialog: TakeKeywordsDialog | None = None
        self._found: FoundKeywords | None = None

    @property
    def dialog(self) -> TakeKeywordsDialog | None:
        """The dialog, while it is open."""
        return self._dialog

    @Slot()
    def start(self) -> None:
        """Read the keywords of the open folder's photos."""
        if self._dialog is not None or self._session.queue.alive(self._job_id) or not self._folder.roots:
            return
        request = FindKeywordsRequest(self._folder.roots)
        self._job_id = self._session.queue.submit(
            self.tr("Reading keywords"),
            lambda report, cancel: find_keywords(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_found, failed=self._front.complain),
        )

    def _on_found(self, result: object) -> None:
        assert isinstance(result, FoundKeywords)
        if not result.keywords:
            self._front.bar.say(self.tr("None of the photos here has a keyword."), until=Until.ANSWER)
            return
        self._found = result
        self._dialog = TakeKeywordsDialog(result, self._front.window)
        self._dialog.finished.connect(self._on_finished)
        self._dialog.open()

    @Slot(int)
    def _on_finished(self, how: int) -> None:
        dialog, self._dialog = self._dialog, None
        assert dialog is not None, "it has just been closed"
        assert self._found is not None, "it showed them"
        if how == dialog.DialogCode.Accepted:
            request = TakeKeywordsRequest(self._found, dialog.chosen)
            text = self.tr("Labels from keywords")
            take = partial(take_keywords, self._session.engine, request, silent, CancelToken())
            command = TakeLabelsCommand(self._session, take, text, self._show, self._front.complain)
            self._session.undo_stack.push(command)
        dialog.deleteLater()

    def _show(self, labels: Mapping[int, Label | None], taken: TakenLabels | None) -> None:
        self._labels.show_stored(labels)
        if taken is None:
            self._front.bar.say(self.tr("The labels are as they were before."), until=Until.ANSWER)
            return
        said = [self.tr("{0} labelled.").format(count_photos(len(taken.labels)))]
        if taken.kept:
            said.append(self.tr("Labels kept: {0}.").format(count_photos(taken.kept)))
        if taken.ambiguous:
            text = self.tr("Left alone, because their keywords are of several classes: {0}.")
            said.append(text.format(count_photos(len(taken.ambiguous))))
        self._front.bar.say(
            " ".join(said), (self.tr("Undo"), self._session.undo_stack.undo), until=Until.ANSWER
        )  # then another is the last step
