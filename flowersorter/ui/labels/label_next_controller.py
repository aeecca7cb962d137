"""Suggest photos to label: requests ten, shows them in the grid and the reasons above it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.jobs import CancelToken, Report
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.labels.label_next_panel import LabelNextPanel
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.shared.widgets import hide_above
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluation.label_next import LabelNextRequest, LabelNextResult, as_predicted, label_next

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class LabelNextController(QObject):
    """Owns the panel, which is visible while the grid shows the suggested photos. Lives in the GUI thread.

    Signals:
        places_requested(list of place ids, title): Show these photos.
    """

    places_requested = Signal(object, str)

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        grid: PhotoGrid,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._job_id = 0
        self._shown: frozenset[int] = frozenset()
        self._asked: frozenset[int] = frozenset()  # photo ids
        self._next: frozenset[int] = frozenset()
        self._asked_in: tuple[Path, ...] = ()
        self.panel = LabelNextPanel(grid.parentWidget())
        hide_above(self.panel, grid)
        self.panel.again_requested.connect(self._on_again)
        session.photos.modelReset.connect(self._on_reset)

    @Slot()
    def start(self) -> None:
        """Suggest photos of the open folder."""
        if self._session.queue.alive(self._job_id):
            return
        if not self._folder.roots:
            self._front.bar.say(self.tr("Open a folder of photos first"))
            return
        if self._folder.roots != self._asked_in:
            self._asked_in, self._asked = self._folder.roots, frozenset()
        request = LabelNextRequest(self._folder.roots, passed_over=self._asked, device=self._session.device)
        self._job_id = self._session.queue.submit(
            self.tr("Choosing photos to label"),
            lambda report, cancel: _advice(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_advised),
        )

    @Slot()
    def _on_again(self) -> None:
        """Suggest other photos: the ones left without a label are taken to match no class."""
        self._asked |= self._next
        self.start()

    def _on_advised(self, result: object) -> None:
        assert isinstance(result, LabelNextResult)
        if self._folder.roots != self._asked_in:
            return
        self.panel.show_advice(result)
        if not result.next:
            self._shown = frozenset()
            self.panel.hide()
            self._front.bar.say(
                self.tr("Every photo scanned so far has a label or another answer. {0}").format(
                    self.panel.headline.text()
                ),
                until=Until.ANSWER,
            )
            return
        shown = [photo for group in result.next for photo in group.photos]
        self._next = frozenset(photo.photo_id for photo in shown)
        self._show([photo.place_id for photo in shown])

    def _show(self, place_ids: Iterable[int]) -> None:
        self._shown = frozenset(place_ids)
        self.places_requested.emit(sorted(self._shown), self.tr("Photos to label"))
        self.panel.show()

    @Slot()
    def _on_reset(self) -> None:
        """Hide the panel when the grid shows other photos."""
        if self._session.photos.filter.places != self._shown:
            self.panel.hide()


def _advice(engine: Engine, request: LabelNextRequest, report: Report, cancel: CancelToken) -> LabelNextResult:
    """Choose the photos, and see which of the folder's photos are sure."""
    return as_predicted(engine, request, label_next(engine, request, report, cancel), cancel)
