"""Refile: moves sorted photos to the folder of their new class after a label change, and back on undo."""

from __future__ import annotations

from collections.abc import Iterable

from flowersorter.jobs import CancelToken, Report
from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.shared.refile_jobs import RefileJobs
from flowersorter.workflows.filing.refile import RefileRequest, RefileResult, refile


class RefileController(RefileJobs):
    """Runs the moves of sorted photos that follow a label change, in the job thread."""

    def follow(self, correction: int, photo_ids: Iterable[int]) -> None:
        """Move the sorted copies of these photos to the folder of their present class.

        Args:
            correction: Number of the change, for `take_back`.
            photo_ids: The photos whose label changed.
        """
        engine, request = self._session.engine, RefileRequest(tuple(photo_ids))

        def move(report: Report, cancel: CancelToken) -> RefileResult:
            return refile(engine, request, report, cancel)

        self._submit_move(correction, self.tr("Moving sorted photos to their class folders"), move, self._say)

    def take_back(self, correction: int) -> None:
        """Move the sorted copies of a change back; does nothing where none moved."""
        if correction in self._runs or self._session.queue.busy:
            self._submit_back(correction, _say_nothing)

    def _say(self, result: RefileResult) -> None:
        moved = self.tr("1 sorted photo moved to its class folder.")
        if result.moved != 1:
            moved = self.tr("{0} sorted photos moved to their class folders.").format(result.moved)
        self._front.bar.say(moved + self._stayed(result))


def _say_nothing(_results: list[UndoResult]) -> None:
    """Say nothing: the status bar already tells of the undone label."""
