"""Keeps the cache within its limit after a scan, and serves the cache section of Preferences."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.ui.shared.session import Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workflows.maintenance.cache import (
    CacheState,
    cache_state,
    clean_cache,
    cleaning_due,
    empty_cache,
    set_cache_limit,
)

log = logging.getLogger(__name__)


class CacheController(QObject):
    """Deletes in jobs, so that no other job reads meanwhile; measures off the GUI thread.

    Signals:
        counted(CacheState): The result of `count`.
        not_counted(): The disk could not be read.
    """

    counted = Signal(object)
    not_counted = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._counting = LatestOnly(self)
        self._counting.loaded.connect(self._on_counted)
        self._counting.failed.connect(self._on_not_counted)
        self._job_id = 0

    def set_limit(
        self, limit_mb: int, done: Callable[[], None] | None = None, failed: Callable[[Exception], None] | None = None
    ) -> None:
        """Keep another limit, at once; then call `done`, or `failed` where it could not be stored."""

        def kept(_nothing: object) -> None:
            self.tidy()
            if done is not None:
                done()

        self._session.library.submit(partial(set_cache_limit, self._session.collection, limit_mb), kept, failed)

    @Slot()
    def tidy(self) -> None:
        """Trim the cache to its limit if due; a scan that starts meanwhile goes first."""
        self._session.library.submit(partial(cleaning_due, self._session.collection), self._tidy)

    def _tidy(self, due: bool) -> None:
        collection, queue = self._session.collection, self._session.queue
        if due and not queue.alive(self._job_id):
            self._job_id = queue.submit(
                self.tr("Tidying the cache"),
                lambda report, cancel: clean_cache(collection, report, cancel),
                Listener(failed=self._on_not_tidied),
                background=True,
            )

    def count(self) -> None:
        """Measure the cache."""
        collection = self._session.collection
        self._counting.request("state", lambda: cache_state(collection))

    @Slot()
    def empty(self) -> None:
        """Clear the thumbnail cache, then measure it."""
        collection = self._session.collection
        listener = Listener(succeeded=self._on_emptied, failed=self._on_failed, cancelled=self.count)
        self._session.queue.submit(
            self.tr("Clearing the thumbnail cache"),
            lambda report, cancel: empty_cache(collection, report, cancel),
            listener,
        )

    def shutdown(self) -> None:
        """Wait for the counting."""
        self._counting.shutdown()

    def _on_emptied(self, _result: object) -> None:
        self.count()

    def _on_not_tidied(self, error: Exception) -> None:
        """Ignore the error: the person did not ask for it, and the next scan tries again."""
        log.warning("The cache was not tidied up: %s", error)

    def _on_failed(self, _error: Exception) -> None:
        self.not_counted.emit()

    @Slot(object, object)
    def _on_counted(self, _key: object, state: CacheState) -> None:
        self.counted.emit(state)

    @Slot(object, object)
    def _on_not_counted(self, _key: object, _error: object) -> None:
        self.not_counted.emit()
