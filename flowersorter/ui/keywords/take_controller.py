"""Take labels from keywords: reads the keywords of the open folder's photos, and labels photos with those chosen."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Slot

from flowersorter.jobs import CancelToken, silent
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.keywords.label_taker import LabelTaker
from flowersorter.ui.keywords.take_dialog import TakeKeywordsDialog
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.exchange.keyword_labels import (
    FindKeywordsRequest,
    FoundKeywords,
    TakeKeywordsRequest,
    find_keywords,
    take_keywords,
)


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
        self._session, self._front, self._folder = session, front, folder
        self._taker = LabelTaker(session, front, labels, self)
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
            take = partial(take_keywords, self._session.engine, request, silent, CancelToken())
            ambiguous = self.tr("Left alone, because their keywords are of several classes: {0}.")
            self._taker.take(take, self.tr("Labels from keywords"), ambiguous)
        dialog.deleteLater()
