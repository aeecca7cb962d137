"""Runs the actions of the page of models in the worker thread: use, compare, note, delete, prune."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.changes import Changes
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.models.model_table import ModelEntry
from flowersorter.ui.grid.photo_model import ClassLook
from flowersorter.ui.models.model_page import ModelPage
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.evaluation.compare_models import (
    CompareRequest,
    Comparison,
    compare,
    delete_model,
    name_model,
    prune_models,
)
from flowersorter.workflows.models.current_model import list_models, use_model_instead


class ModelsController(QObject):
    """Serves one `ModelPage` at a time. Lives in the GUI thread.

    Signals:
        predictions_outdated(): Another model is active.
        places_requested(list of place ids, title): Show these photos.
    """

    predictions_outdated = Signal()
    places_requested = Signal(object, str)

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front = session, front
        self._page: ModelPage | None = None
        self._job_id = 0
        self._comparing: int | None = None
        self._used_before: int | None = None
        session.queue.finished.connect(self._on_finished)

    def serve(self, page: ModelPage) -> None:
        """Connect the actions of this page."""
        self._page = page
        page.model_chosen.connect(self._use)
        page.compare_requested.connect(self._compare)
        page.note_written.connect(self._write_note)
        page.delete_requested.connect(self._delete)
        page.prune_requested.connect(self._prune)
        page.photos_requested.connect(self.places_requested)

    def leave(self) -> None:
        """Drop a running comparison: the page is closed."""
        self._page = None
        if self._comparing is not None:
            self._session.queue.cancel(self._comparing)

    # -- requests

    @Slot(object)
    def _use(self, model_id: int | None) -> None:
        engine = self._session.engine
        self._submit(self.tr("Changing the model"), lambda: use_model_instead(engine, model_id), self._on_used)

    @Slot(object)
    def _compare(self, model_id: int | None) -> None:
        engine = self._session.engine
        request = CompareRequest(self._session.state.model_id, model_id)

        def run(report: Report, cancel: CancelToken) -> tuple[int | None, int | None, Comparison]:
            return request.older, request.newer, compare(engine, request, report, cancel)

        self._start(self.tr("Comparing the models"), run, self._on_compared)
        self._comparing = self._job_id

    @Slot(int, str)
    def _write_note(self, model_id: int, note: str) -> None:
        collection = self._session.collection
        self._submit(self.tr("Saving the note"), lambda: name_model(collection, model_id, note), None)

    @Slot(int)
    def _delete(self, model_id: int) -> None:
        engine = self._session.engine
        self._submit(self.tr("Deleting the model"), lambda: delete_model(engine, model_id), None)

    @Slot(int)
    def _prune(self, keep: int) -> None:
        engine = self._session.engine
        self._submit(self.tr("Deleting old models"), lambda: prune_models(engine, keep), None)

    # -- execution

    def _submit(self, title: str, action: Callable[[], object], done: Callable[[object], None] | None) -> None:
        self._start(title, lambda _report, _cancel: action(), done)

    def _start(
        self, title: str, call: Callable[[Report, CancelToken], object], done: Callable[[object], None] | None
    ) -> None:
        self._job_id = self._session.queue.submit(
            title,
            call,
            Listener(succeeded=done, failed=self._front.complain),
            changes=Changes.MODEL | Changes.CLASSES,
        )
        if self._page is not None:
            self._page.set_busy(True)

    def _on_used(self, before: object) -> None:
        assert before is None or isinstance(before, int)
        self._used_before = before
        text = self.tr("Suggestions now come from another model.")
        self._front.bar.say(text, (self.tr("Go back to the previous model"), self._go_back))
        self.predictions_outdated.emit()

    def _go_back(self) -> None:
        self._use(self._used_before)

    def _on_compared(self, result: object) -> None:
        assert isinstance(result, tuple)
        older, newer, found = result
        assert isinstance(found, Comparison)
        if self._page is not None and older == self._session.state.model_id:
            classes = self._session.state.classes
            looks = {each.id: ClassLook(each.name, each.colour) for each in classes}
            self._page.show_comparison(newer, found, looks)

    @Slot(int)
    def _on_finished(self, job_id: int) -> None:
        """List the models again after a training or a job of this page."""
        if job_id == self._comparing:
            self._comparing = None
        if self._page is None:
            return
        self._session.library.submit(partial(list_models, self._session.collection), self._show_models)
        if not self._session.queue.alive(self._job_id):
            self._page.set_busy(False)

    def _show_models(self, models: list[ModelEntry]) -> None:
        if self._page is not None and models != self._page.models:
            self._page.show_models(models)
