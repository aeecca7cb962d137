"""Computes the orders that need the engine: the most helpful photos first, or those most like the selected one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Slot

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_filter import Order
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.throttle import Coalescer

if TYPE_CHECKING:
    from pathlib import Path

    from flowersorter.jobs import CancelToken, Report
    from flowersorter.workflows.engine import Engine


#: Delay of a new ranking after an answer or changed suggestions.
FOLLOW_MS = 500


class OrderController(QObject):
    """Gives the model the ranks of the photos, computed off the GUI thread. Lives in the GUI thread.

    The order of the most helpful photos follows answers and suggestions; photos in view keep their place.
    """

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        grid: PhotoGrid,
        photo_filter: FilterController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._grid = session, front, folder, grid
        self._job_id = 0
        self._ranked: tuple[Path, ...] = ()  # the folders whose order is shown
        self._alike = LatestOnly(self)
        self._alike.loaded.connect(self._on_alike)
        self._alike.failed.connect(self._on_failed)
        self._followed = Coalescer(FOLLOW_MS, self)
        self._followed.fired.connect(self._on_followed)
        photo_filter.order_chosen.connect(self._on_chosen)
        folder.labelled.connect(self._on_labelled)

    @Slot()
    def follow(self) -> None:
        """Rank anew after a delay: the person gave an answer, or suggestions changed."""
        if self._session.photos.filter.order is Order.MOST_HELPFUL:
            self._followed.poke()

    def shutdown(self) -> None:
        """Wait for the running comparison."""
        self._followed.stop()
        self._alike.shutdown()

    @Slot(object)
    def _on_chosen(self, order: Order) -> None:
        if order is Order.MOST_HELPFUL:
            self._ranked = ()  # the person asks for the present order
            self._rank(self.tr("Looking for the photos that help most"))
        elif order is Order.LIKENESS:
            self._compare()

    @Slot()
    def _on_labelled(self) -> None:
        """Rank anew after a scan."""
        if self._session.photos.filter.order is Order.MOST_HELPFUL:
            self._rank(self.tr("Looking for the photos that help most"))

    @Slot()
    def _on_followed(self) -> None:
        if self._session.photos.filter.order is Order.MOST_HELPFUL:
            self._rank("")

    def _rank(self, title: str) -> None:
        """Submit the search; without a title the status bar does not show it."""
        session, roots = self._session, self._folder.roots
        if not roots:
            return

        def run(_report: Report, cancel: CancelToken) -> object:
            from flowersorter.workflows.labelling.review_questions import review_questions

            asked = [question.photo_ids for question in review_questions(session.engine, roots, cancel)]
            return PhotoNumbers.ranks(np.concatenate([np.zeros(0, np.int64), *asked]))

        session.queue.drop(self._job_id)
        listener = Listener(succeeded=partial(self._on_ranked, roots))
        self._job_id = session.queue.submit(title, run, listener, background=True)

    def _on_ranked(self, roots: tuple[Path, ...], ranking: object) -> None:
        assert isinstance(ranking, PhotoNumbers)
        if roots == self._folder.roots:
            again, self._ranked = self._ranked == roots, roots
            self._session.photos.set_ranking(Order.MOST_HELPFUL, ranking, keep_in_view=again)

    def _compare(self) -> None:
        photos, engine = self._session.photos, self._session.engine
        photo_ids = photos.columns.photo_ids[photos.columns.locate(self._grid.selected_places()[:1])].tolist()
        if photo_ids:
            self._alike.request(photo_ids[0], partial(_nearest, engine, photo_ids[0], photos.columns.photo_ids.copy()))

    @Slot(object, object)
    def _on_alike(self, _photo_id: int, nearest: NDArray[np.int64]) -> None:
        self._session.photos.set_ranking(Order.LIKENESS, PhotoNumbers.ranks(nearest))
        self._grid.scrollToTop()

    @Slot(object, object)
    def _on_failed(self, _photo_id: int, error: Exception) -> None:
        self._front.complain(error)


def _nearest(engine: Engine, photo_id: int, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    from flowersorter.workflows.labelling.lookalikes import nearest_photos  # in the thread, as most starts show none

    return nearest_photos(engine, photo_id, candidates)
