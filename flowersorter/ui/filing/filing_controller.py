"""Sort: plan, preview, copy or move the photos; and undo sorts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QLocale, QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QMessageBox
from shiboken6 import isValid

from flowersorter.domain.journal import Run
from flowersorter.errors import UserError
from flowersorter.jobs import CancelToken, Report
from flowersorter.library.tables.settings import SORT_CHOICES, SORT_PATTERNS, WRITE_KEYWORDS
from flowersorter.sorting.execute import RunBegun
from flowersorter.sorting.plan import Mode, SortPlan
from flowersorter.sorting.runs.outcomes import RunResult
from flowersorter.sorting.undo import UndoResult
from flowersorter.ui.filing.history.history_dialog import HistoryDialog
from flowersorter.ui.filing.sort_dialog import SortChoices, SortDialog
from flowersorter.ui.filing.sort_outcome import failure, outcome_text, stopped_text, undo_detail, undo_question
from flowersorter.ui.filing.take_back_question import ask_to_take_back
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import count_photos
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.thumbnail_pool import Wanted
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.evaluation.check_sample import CheckSampleRequest, SampleOffer, sample_offer
from flowersorter.workflows.filing.history import (
    RunPhoto,
    UndoRequest,
    find_run,
    newest_to_undo,
    run_photos,
    runs,
    undo_run,
)
from flowersorter.workflows.filing.sort import Include, RunSortRequest, SortRequest, chosen_rows, plan_sort, run_sort
from flowersorter.workflows.filing.sort_patterns import pattern_in, with_pattern


class FilingController(QObject):
    """Owns the sort dialog and the jobs that touch files.

    Signals:
        files_changed(): Files came or went; the folder should be rescanned.
        places_requested(list of place ids, title): Show these photos.
        suggestions_changed(): Emitted by others when suggestions change: the sort is planned again.
        check_requested(Include, callable): Check a sample of such suggestions, then call the callable.
        undoable(run id): This sort is the last step and can be undone; 0 once a sort was undone.
        resume_requested(run id): Continue this sort.
    """

    files_changed = Signal()
    places_requested = Signal(object, str)
    suggestions_changed = Signal()
    check_requested = Signal(object, object)
    undoable = Signal(int)
    resume_requested = Signal(int)

    def __init__(
        self, session: Session, front: MessageSink, folder: FolderController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._dialog: SortDialog | None = None
        self._plan_id = 0
        session.photos.counts_changed.connect(self._show_counts)
        self._keywords: bool | None = None  # the choice in a dialog that comes back
        self._photos: dict[str, tuple[int, int]] = {}  # place id and photo id by path, of the folder that is sorted

    # -- planning

    @property
    def included(self) -> Include:
        """The suggestions that the next sort includes with the present settings."""
        return (self._choices() or SortChoices(Path())).include

    @Slot()
    def start(self) -> None:
        """Ask for destination and mode, and preview the plan before any file changes."""
        roots = self._folder.roots
        if not roots:
            return
        if self._dialog is not None:
            self._show_again()
            return
        folder = roots[0].parent if self._folder.is_photo(roots[0]) else roots[0]
        dialog = SortDialog(folder, parent=self._front.window, choices=self._choices())
        wanted = self._session.state.setting(WRITE_KEYWORDS) if self._keywords is None else self._keywords
        dialog.keywords.setChecked(wanted)
        dialog.plan_requested.connect(self._on_plan_requested)
        dialog.check_requested.connect(self._check)
        dialog.doubtful_requested.connect(self._show_doubtful)
        dialog.tree.photos_requested.connect(self._show_photos)
        dialog.tree.set_pictures(self._picture)
        self._session.thumbnails.arrived.connect(dialog.tree.repaint_pictures)
        dialog.finished.connect(self._on_dialog_finished)
        self._folder.labelled.connect(dialog.plan_again)
        self.suggestions_changed.connect(dialog.plan_again)
        self._dialog = dialog
        self._show_counts()
        dialog.open()

    @Slot(object)
    def _on_plan_requested(self, choices: SortChoices) -> None:
        queue = self._session.queue
        queue.drop(self._plan_id)
        request = SortRequest(
            self._folder.roots,
            choices.destination,
            choices.mode,
            choices.include,
            aside=choices.aside,
            pattern=choices.pattern,
            move_duplicates=choices.move_duplicates,
            remove_emptied=choices.remove_emptied,
            keywords=choices.keywords,
            left_out=dict(self._session.photos.columns.left_out_of),
        )
        self._plan_id = queue.submit(
            self.tr("Preparing the sort"),
            partial(_plan, self._session.engine, request, self._session.device),
            Listener(succeeded=self._on_plan, failed=self._on_refused),
        )

    @Slot(object, str)
    def _show_photos(self, paths: list[Path], title: str) -> None:
        """Show photos of the plan in the grid; the dialog reopens with the same choices."""
        wanted, columns = set(map(str, paths)), self._session.photos.columns
        rows = [row for row, name in enumerate(columns.names) if name in wanted]
        self._show_places([int(columns.place_ids[row]) for row in rows], title)

    @Slot(object)
    def _show_doubtful(self, place_ids: list[int]) -> None:
        self._show_places(place_ids, self.tr("To review first"))

    def _show_places(self, place_ids: list[int], title: str) -> None:
        dialog = self._dialog
        if dialog is not None:
            self._remember(dialog.choices)
            self._keywords = dialog.choices.keywords
            dialog.reject()
        self.places_requested.emit(place_ids, title)

    def _picture(self, path: Path) -> QImage | None:
        found = self._photos.get(str(path))
        return None if found is None else self._session.thumbnails.image(Wanted(*found, path))

    @Slot(object)
    def _check(self, include: Include) -> None:
        """Let the person check a sample in place of the dialog, which comes back with its choices."""
        if self._dialog is not None:
            self._dialog.hide()
        self.check_requested.emit(include, self._show_again)

    def _show_again(self) -> None:
        if self._dialog is not None:
            self._dialog.open()
            self._dialog.plan_again()

    def _on_plan(self, result: object) -> None:
        assert isinstance(result, tuple)
        plan, offer = result
        if self._dialog is not None:
            columns = self._session.photos.columns
            ids = zip(columns.place_ids.tolist(), columns.photo_ids.tolist(), strict=True)
            self._photos = dict(zip(columns.names, ids, strict=True))
            self._show_counts()
            self._dialog.show_plan(plan, offer, suggesting=self._folder.labelling)

    def _on_refused(self, error: Exception) -> None:
        if self._dialog is not None and isinstance(error, UserError):
            self._dialog.show_refusal(error)
        else:
            self._front.complain(error)

    @Slot(int)
    def _on_dialog_finished(self, _how: int) -> None:
        """Run exactly the plan that the person previewed and accepted."""
        dialog, self._dialog = self._dialog, None
        self._session.queue.drop(self._plan_id)
        if dialog is None:
            return
        plan = dialog.plan if dialog.result() == dialog.DialogCode.Accepted else None
        if plan is not None:
            self._remember(dialog.choices)
            self._keywords = None
            self._run(plan)
        dialog.deleteLater()

    @Slot()
    def _show_counts(self) -> None:
        """Tell the dialog how many photos each choice includes; a very large folder shows some photos before all."""
        if self._dialog is not None:
            self._dialog.include.show_counts(self._counts())

    def _counts(self) -> dict[Include, int]:
        """How many photos of the folder each choice includes."""
        columns, left_out = self._session.photos.columns, self._session.photos.columns.left_out_of
        return {include: int(np.count_nonzero(chosen_rows(columns, include, left_out))) for include in Include}

    def _choices(self) -> SortChoices | None:
        """The choices of the last sort; None before the first."""
        stored = self._session.state.setting(SORT_CHOICES)
        try:
            mode, include = Mode(stored["mode"]), Include(stored["include"])
            destination = Path(stored["destination"])
            pattern = pattern_in(self._session.state.setting(SORT_PATTERNS), destination)
            return SortChoices(destination, mode, include, stored.get("aside") or None, pattern)
        except (KeyError, ValueError):
            return None

    def _remember(self, choices: SortChoices) -> None:
        with contextlib.suppress(UnicodeError):  # the name is no valid text; only a convenience
            stored = {
                "destination": str(choices.destination),
                "mode": choices.mode,
                "include": choices.include,
                "aside": choices.aside or "",
            }
            self._session.state.set_setting(SORT_CHOICES, stored)
            patterns = self._session.state.setting(SORT_PATTERNS)
            self._session.state.set_setting(SORT_PATTERNS, with_pattern(patterns, choices.destination, choices.pattern))

    # -- filing

    def _run(self, plan: SortPlan) -> None:
        begun: list[int] = []  # the id of the run, once it is in the journal
        self._session.queue.submit(
            self.tr("Sorting photos"),
            lambda report, cancel: run_sort(self._session.engine, RunSortRequest(plan), report, cancel),
            Listener(
                reported=partial(_store_run, begun),
                succeeded=partial(self._on_filed, plan),
                failed=self._on_run_failed,
                cancelled=partial(self._on_run_cancelled, begun),
            ),
            changes_files=True,
        )

    def _on_filed(self, plan: SortPlan, result: object) -> None:
        assert isinstance(result, RunResult)
        actions = [(self.tr("Open folder"), partial(_open_folder, plan.destination))]
        if result.run_id is not None and result.has_something_to_undo:
            actions.append((self.tr("Undo"), partial(self.ask_to_undo_run, result.run_id)))
            self.undoable.emit(result.run_id)
        self._front.bar.say(outcome_text(result, plan.mode), *actions)
        if result.failed or result.paused:
            self._front.complain(failure(result))
        self.files_changed.emit()

    def _on_run_failed(self, error: Exception) -> None:
        self._front.complain(error)
        self.files_changed.emit()

    def _on_run_cancelled(self, begun: list[int]) -> None:
        """Offer to undo the run that was stopped, not an earlier one."""
        if begun:
            self._session.library.submit(partial(find_run, self._session.collection, begun[0]), self._on_stopped)
        else:
            self._front.bar.say(stopped_text(0))
        self.files_changed.emit()

    def _on_stopped(self, run: Run) -> None:
        actions = [(self.tr("Undo"), partial(self.ask_to_undo_run, run.id))] if run.has_something_to_undo else []
        self._front.bar.say(stopped_text(run.photos - run.undone), *actions)
        self.undoable.emit(run.id if actions else 0)

    # -- undo

    @Slot()
    def undo_last(self) -> None:
        """Ask, then undo the newest sort."""
        self._session.library.submit(partial(newest_to_undo, self._session.collection, CancelToken()), self._on_newest)

    def ask_to_undo_run(self, run_id: int, declined: Callable[[], None] | None = None) -> None:
        """Ask, then undo this sort, unless it has been undone meanwhile; else call `declined`."""

        def ask(run: Run) -> None:
            if not self._ask_to_undo((run if run.has_something_to_undo else None, {})) and declined is not None:
                declined()

        self._session.library.submit(partial(find_run, self._session.collection, run_id), ask)

    def _on_newest(self, found: tuple[Run | None, dict[int, int]]) -> None:
        self._ask_to_undo(found)

    def _ask_to_undo(self, found: tuple[Run | None, dict[int, int]]) -> bool:
        """Ask, then undo the sort found; return whether it is undone."""
        newest, passed_over = found
        kept = self.tr("Of newer sorts, {0} could not be undone; History shows why.")
        kept = kept.format(count_photos(sum(passed_over.values()))) if passed_over else ""
        if newest is None:
            self._front.bar.say(kept or self.tr("There is no sort to undo."))
            return False
        question = QMessageBox(self._front.window)
        question.setObjectName("undo_sort_question")
        question.setIcon(QMessageBox.Icon.Question)
        question.setText(undo_question(newest))
        question.setInformativeText("\n".join(filter(None, [undo_detail(newest), kept])))
        undo = question.addButton(self.tr("Undo the sort"), QMessageBox.ButtonRole.AcceptRole)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(undo)
        question.exec()
        question.deleteLater()
        if question.clickedButton() is not undo:
            return False
        self.undo(newest.id)
        return True

    @Slot(int)
    def undo(self, run_id: int) -> None:
        """Undo this sort."""
        self._undo(UndoRequest(run_id))

    @Slot(int, object)
    def undo_photos(self, run_id: int, entries: tuple[int, ...]) -> None:
        """Undo a sort for these photos only."""
        self._undo(UndoRequest(run_id, entries))

    def _undo(self, request: UndoRequest) -> None:
        self._session.queue.submit(
            self.tr("Undoing the sort"),
            lambda report, cancel: undo_run(self._session.engine, request, report, cancel),
            Listener(succeeded=self._on_undone, failed=self._on_run_failed, cancelled=self.files_changed.emit),
            changes_files=True,
        )

    def _on_undone(self, result: object) -> None:
        assert isinstance(result, UndoResult)
        self.undoable.emit(0)
        one, many = {
            Mode.COPY: (self.tr("Removed 1 copy."), self.tr("Removed {0} copies.")),
            Mode.MOVE: (self.tr("1 photo is back where it was."), self.tr("{0} photos are back where they were.")),
            Mode.LINK: (self.tr("Removed 1 link."), self.tr("Removed {0} links.")),
        }[result.mode.undone_as]
        if result.only_keywords:
            one = many = self.tr("The sidecar files are as they were before.")
        elif result.late_sidecars and not result.undone:
            one = many = self.tr("Removed the copies of sidecar files.")
        said = one if result.undone == 1 else many.format(QLocale().toString(result.undone))
        if result.gone:
            said = " ".join([said, self.tr("Gone already: {0}.").format(QLocale().toString(result.gone))])
        self._front.bar.say(said)
        taken = bool(result.changed) and ask_to_take_back(result, self._front.window)
        self._front.complain_not_undone(result.refused_anyway if taken else result.refused)
        if taken:
            self._undo(UndoRequest(result.run_id, result.changed, take_changed=True))
        self.files_changed.emit()

    @Slot()
    def show_history(self) -> None:
        """Show every sort; any of them can be undone."""
        self._session.library.submit(partial(runs, self._session.collection), self._show_runs)

    def _show_runs(self, made: list[Run]) -> None:
        collection, library = self._session.collection, self._session.library
        dialog = HistoryDialog(made, self._front.window)

        def show(run_id: int, photos: Sequence[RunPhoto]) -> None:
            if isValid(dialog):  # it may have been closed meanwhile
                dialog.show_photos(run_id, photos)

        dialog.photos_requested.connect(
            lambda run_id: library.submit(partial(run_photos, collection, run_id), partial(show, run_id))
        )
        dialog.undo_requested.connect(self.undo)
        dialog.undo_photos_requested.connect(self.undo_photos)
        dialog.resume_requested.connect(dialog.close)
        dialog.resume_requested.connect(self.resume_requested)
        dialog.undo_requested.connect(dialog.close)
        dialog.undo_photos_requested.connect(dialog.close)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _store_run(begun: list[int], news: object) -> None:
    if isinstance(news, RunBegun):
        begun.append(news.run_id)


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _plan(
    engine: Engine, request: SortRequest, device: str, report: Report, cancel: CancelToken
) -> tuple[SortPlan, SampleOffer]:
    plan = plan_sort(engine, request, report, cancel).counted()
    check = CheckSampleRequest(request.roots, include=request.include, device=device, left_out=request.left_out)
    return plan, sample_offer(engine, check)
