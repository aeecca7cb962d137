"""Stores which sorts moved photos after a label or a class changed, so that undo moves them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowersorter.domain.journal import RunState
from flowersorter.jobs import CancelToken, Report
from flowersorter.sorting.execute import RunBegun
from flowersorter.sorting.undo import UndoResult
from flowersorter.workflows.filing.history import UndoRequest, undo_run

if TYPE_CHECKING:
    from flowersorter.workflows.engine import Engine


class RefileRuns:
    """Run ids by the number of the change that the runs followed.

    A run is remembered when it begins and forgotten when it is undone: the moves of a job that was cancelled or failed
    halfway can be undone, too. Jobs write here, one after the other.
    """

    def __init__(self) -> None:
        self._runs: dict[int, list[int]] = {}

    def __contains__(self, change: int) -> bool:
        return bool(self._runs.get(change))

    def remembering(self, change: int, report: Report) -> Report:
        """Return a report that remembers each run that begins, for `move_back`, and passes everything on."""

        def take(news: object) -> None:
            if isinstance(news, RunBegun):
                self._runs.setdefault(change, []).append(news.run_id)
            report(news)

        return take

    def move_back(self, engine: Engine, change: int, report: Report, cancel: CancelToken) -> list[UndoResult]:
        """Undo the runs of a change, the newest first; does nothing where there are none.

        Raises:
            UndoRefused: the rest of a run is on a missing drive.
            Cancelled: asked to stop; the runs that are left are still remembered.
        """
        runs, results = self._runs.get(change, []), []
        while runs:
            # The person may have undone it in the history.
            if engine.collection.journal.run(runs[-1]).state != RunState.UNDONE:
                results.append(undo_run(engine, UndoRequest(runs[-1]), report, cancel))
            runs.pop()
        return results
