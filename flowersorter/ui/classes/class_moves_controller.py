"""Moves sorted photos along when their class is renamed or merged, after asking, and back on undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.classes.class_move_dialog import ClassMoveDialog
from flowersorter.ui.shared.refile_jobs import RefileJobs
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.job_queue import Listener
from flowersorter.workflows.filing.refile import RefileResult, plan_class_move, run_refile


class ClassMovesController(RefileJobs):
    """Owns the preview and the jobs that move sorted photos."""

    def __init__(self, session: Session, front: MessageSink, parent: QObject | None = None) -> None:
        super().__init__(session, front, parent)
        self._moved: dict[int, bool] = {}  # changes that filed photos follow, and whether they are merges

    def change(
        self,
        old: str,
        new: str,
        filed: int,
        commit: Callable[[Callable[[], None]], None],
        number: int,
        *,
        merging: bool,
    ) -> None:
        """Change a class, and move its filed photos if the person wants that; asks only where there are some.

        Args:
            old: Its name now.
            new: Its new name, or the class it is merged into.
            filed: Number of photos sorted into it.
            commit: Changes it in the library, and then calls its argument.
            number: Identifies the change for `move_back`.
            merging: Whether it is merged, not renamed.
        """
        if not filed:
            commit(_nothing)
            return
        collection, queue = self._session.collection, self._session.queue
        dialog = ClassMoveDialog(old, new, filed, merging=merging, parent=self._front.window)

        def planned(plans: object) -> None:
            assert isinstance(plans, list)
            dialog.show_plans(plans)

        def refused(error: Exception) -> None:
            if isinstance(error, UserError):
                dialog.show_refusal(error)
            else:
                self._front.complain(error)

        plan_id = queue.submit(
            self.tr("Checking sorted photos"),
            lambda _report, cancel: plan_class_move(collection, old, new, cancel),
            Listener(succeeded=planned, failed=refused),
        )

        def finished(how: int) -> None:
            queue.drop(plan_id)
            plans = dialog.plans

            def move() -> None:
                self._moved[number] = merging
                self._move(lambda report, cancel: run_refile(collection, plans, report, cancel), new, number)

            if how == ClassMoveDialog.DialogCode.Accepted:
                commit(move if plans else _nothing)
            dialog.deleteLater()

        dialog.finished.connect(finished)
        dialog.open()

    def move_again(self, number: int, old: str, new: str) -> None:
        """Move sorted photos again after a redo; does nothing if they did not move before."""
        if number not in self._moved:
            return
        collection = self._session.collection

        def job(report: Report, cancel: CancelToken) -> RefileResult:
            return run_refile(collection, plan_class_move(collection, old, new, cancel), report, cancel)

        self._move(job, new, number)

    def move_back(self, number: int) -> None:
        """Move the photos that followed a change back to their previous class folders, if any did."""
        if number in self._moved:
            apart, old = self.tr("The classes are separate again."), self.tr("The class has its previous name again.")
            self._move_back(number, apart if self._moved[number] else old)

    def _move(self, move: Callable[[Report, CancelToken], RefileResult], new: str, number: int) -> None:
        title = self.tr("Moving sorted photos to “{0}”").format(new)
        self._submit_move(number, title, move, lambda result: self._say(result, new, number))

    def _say(self, result: RefileResult, new: str, number: int) -> None:
        said = self.tr("{0} sorted photos moved to “{1}”.").format(result.moved, new)
        if result.moved == 1:
            said = self.tr("1 sorted photo moved to “{0}”.").format(new)
        undo = (self.tr("Undo"), lambda: self._take_back(number))
        self._front.bar.say(said + self._stayed(result), *([undo] if result.run_ids else []))

    def _take_back(self, number: int) -> None:
        keeps, stay = self.tr("The class keeps its new name."), self.tr("The classes stay merged.")
        self._move_back(number, stay if self._moved[number] else keeps)

    def _move_back(self, number: int, besides: str) -> None:
        """Move back the photos that followed a change; `besides` is the part of the message about the classes."""
        self._submit_back(number, lambda results: self._say_back(results, besides))

    def _say_back(self, results: list[UndoResult], besides: str) -> None:
        if not results:
            self._front.bar.say(besides)
            return
        undone = sum(result.undone for result in results)
        said = self.tr("{0} photos are back in their previous class folders.").format(undone)
        if undone == 1:
            said = self.tr("1 photo is back in its previous class folder.")
        self._front.bar.say(f"{said} {besides}")


def _nothing() -> None:
    """No photo moves."""
