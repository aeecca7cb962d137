"""Lists every sort with its photos, newest first, and undoes one, or a part of it, after asking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QLocale, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QMessageBox,
    QSplitter,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowersorter.domain.journal import Run, RunState
from flowersorter.errors import UserError
from flowersorter.messages import worded
from flowersorter.sorting.plan import Mode
from flowersorter.ui.filing.history.run_photo_list import RunPhotoList
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.dates import in_words
from flowersorter.ui.shared.error_dialog import show_error
from flowersorter.ui.shared.widgets import (
    RoomyRows,
    button,
    button_row,
    column_of,
    count_photos,
    count_sidecar_files,
    describe,
    open_at,
    plain,
    text_label,
)
from flowersorter.workflows.filing.history import RunPhoto

_RUN_ROLE = Qt.ItemDataRole.UserRole


class HistoryDialog(QDialog):
    """Lists the runs. Lives in the GUI thread.

    Args:
        runs: Newest first.
        parent: The window.

    Signals:
        undo_requested(run id): Undo this sort; the person has confirmed.
        undo_photos_requested(run id, ids of entries): Undo it for these photos; the person has confirmed.
        resume_requested(run id): Continue this sort.
        photos_requested(run id): This sort is selected; answer with `show_photos`.
    """

    undo_requested = Signal(int)
    undo_photos_requested = Signal(int, object)
    resume_requested = Signal(int)
    photos_requested = Signal(int)

    def __init__(self, runs: Sequence[Run], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history_dialog")
        self.setWindowTitle(self.tr("History"))
        self.list = QTreeWidget(self)
        self.list.setObjectName("history_runs")
        describe(self.list, self.tr("All sorts, newest first"))
        self.empty = text_label(
            self, "history_empty", self.tr("Nothing has been sorted yet. Every sort is listed here and can be undone.")
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.photos = RunPhotoList(self)
        self._build_list()
        self._build()
        self.show_runs(runs)

    def _build_list(self) -> None:
        tree = self.list
        tree.setHeaderLabels([self.tr("When"), self.tr("Into"), self.tr("Photos"), self.tr("State")])
        tree.setRootIsDecorated(False)
        tree.setAlternatingRowColors(True)
        tree.setUniformRowHeights(True)
        tree.setItemDelegate(RoomyRows(tree))
        tree.setAllColumnsShowFocus(True)
        tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(self.fontMetrics().averageCharWidth() * 8)
        tree.itemSelectionChanged.connect(self._on_selection)
        tree.itemActivated.connect(self._show_in_folder)

    def _build(self) -> None:
        tip = self.tr("Sort the photos that the selected sort did not come to")
        self.resume_button = button(self, "history_resume_button", self.tr("Con&tinue this sort"), tip)
        self.resume_button.clicked.connect(self._resume)
        tip = self.tr("Undo the selected sort")
        self.undo_button = button(self, "history_undo_button", self.tr("&Undo this sort…"), tip)
        self.undo_button.clicked.connect(self._ask)
        tip = self.tr("Undo the sort for the selected photos only")
        self.undo_photos_button = button(self, "history_undo_photos_button", self.tr("Undo for these &photos…"), tip)
        self.undo_photos_button.clicked.connect(self._ask_about_photos)
        tip = self.tr("Open the folder with the selected photo, or the destination folder (Enter)")
        self.show_button = button(self, "history_show_button", self.tr("Show in &folder"), tip)
        self.show_button.clicked.connect(self._show_in_folder)
        self.close_button = button(self, "history_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.clicked.connect(self.accept)
        self.photos.selection_changed.connect(self._enable)
        self.photos.activated.connect(self._show_in_folder)
        self.heading = text_label(self, "history_photos_heading", muted=True)
        lower = QWidget(self)
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, theme.SMALL_GAP_PX, 0, 0)
        column.setSpacing(theme.SMALL_GAP_PX)
        column.addWidget(self.heading)
        column.addWidget(self.photos, 1)
        self.parts = QSplitter(Qt.Orientation.Vertical, self)
        self.parts.setObjectName("history_parts")
        self.parts.setAccessibleName(self.tr("Sorts, and the photos of the selected sort"))
        self.parts.setChildrenCollapsible(False)
        for part, stretch in ((self.list, 2), (lower, 3)):
            self.parts.addWidget(part)
            self.parts.setStretchFactor(self.parts.count() - 1, stretch)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.parts)
        self._pages.addWidget(self.empty)
        buttons = [self.resume_button, self.undo_button, self.undo_photos_button, self.show_button]
        column = column_of(self)
        column.addLayout(self._pages, 1)
        column.addLayout(button_row(buttons, [self.close_button]))
        open_at(self, 104, 34, least=(86, 20))

    @Slot(object)
    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show these sorts and keep the selection."""
        selected = self.selected
        self.list.clear()
        for run in runs:
            item = QTreeWidgetItem(
                self.list, [when(run.started_at), str(run.destination), self._did(run), self._state(run)]
            )
            item.setData(0, _RUN_ROLE, run)
            item.setToolTip(1, self._from_to(run))
            item.setToolTip(3, self._state_tip(run))
            if selected is not None and run.id == selected.id:
                self.list.setCurrentItem(item)
        if self.list.topLevelItemCount() and self.list.currentItem() is None:
            self.list.setCurrentIndex(self.list.model().index(0, 0))
        self._pages.setCurrentWidget(self.parts if runs else self.empty)
        for each in (self.undo_button, self.undo_photos_button, self.show_button):
            each.setVisible(bool(runs))
        self._on_selection()
        (self.list if runs else self.close_button).setFocus()

    @property
    def selected(self) -> Run | None:
        """The selected sort."""
        item = self.list.currentItem()
        run = item.data(0, _RUN_ROLE) if item is not None else None
        return run if isinstance(run, Run) else None

    def _did(self, run: Run) -> str:
        verbs = {
            Mode.COPY: self.tr("{0} copied"),
            Mode.MOVE: self.tr("{0} moved"),
            Mode.LINK: self.tr("{0} linked"),
            Mode.SYMLINK: self.tr("{0} linked by pointers"),
        }
        if run.only_keywords:
            return self.tr("Keywords in {0}").format(count_sidecar_files(run.late_sidecars))
        verb = self.tr("{0} moved to another class") if moved_on_only(run) else verbs[Mode(run.mode)]
        text = verb.format(count_photos(run.photos))
        return text + self.tr(", {0} failed").format(run.failed) if run.failed else text

    def _from_to(self, run: Run) -> str:
        if run.source is None or moved_on_only(run) or run.only_keywords:
            return str(run.destination)
        return self.tr("From {0}\nInto {1}").format(run.source, run.destination)

    def _state(self, run: Run) -> str:
        return {
            RunState.OPEN: self.tr("Not finished"),
            RunState.DONE: self.tr("Done"),
            RunState.CANCELLED: self.tr("Stopped, {0} left").format(QLocale().toString(run.left))
            if run.can_be_resumed
            else self.tr("Stopped"),
            RunState.PARTLY_UNDONE: self.tr("Partly undone")
            if run.only_keywords
            else self.tr("{0} of {1} undone").format(run.undone, run.photos),
            RunState.UNDONE: self.tr("Undone"),
        }[run.state]

    def _state_tip(self, run: Run) -> str:
        stopped = self.tr("Stopped early. Photos already sorted stay and can be undone")
        if run.left and run.refusal is not None:
            why, hint = worded(run.refusal.why), worded(run.refusal.hint)
            stopped = self.tr("{0}. It cannot be continued: {1}. {2}").format(stopped, why, hint)
        return {
            RunState.OPEN: self.tr("Still running, or interrupted"),
            RunState.CANCELLED: stopped,
            RunState.PARTLY_UNDONE: self.tr("Some photos were edited since then and were kept"),
        }.get(run.state, "")

    @Slot(int, object)
    def show_photos(self, run_id: int, photos: Sequence[RunPhoto]) -> None:
        """Show the photos of a sort, unless another one was selected meanwhile."""
        if self.selected is None or self.selected.id != run_id:
            return
        self.photos.rows.show(photos)
        self.heading.setText(self.tr("{0} in this sort").format(count_photos(len(photos))))

    def showEvent(self, event: QShowEvent) -> None:
        """Request the photos of the selected sort when the dialog appears."""
        super().showEvent(event)
        self._request_photos()

    @Slot()
    def _on_selection(self) -> None:
        self.photos.rows.show(())
        self.heading.setText("")
        self._enable()
        if self.isVisible():
            self._request_photos()

    def _request_photos(self) -> None:
        if self.selected is not None:
            self.photos_requested.emit(self.selected.id)

    @Slot()
    def _enable(self) -> None:
        run = self.selected
        self.resume_button.setVisible(run is not None and run.can_be_resumed)
        self.undo_button.setEnabled(run is not None and can_undo(run))
        self.undo_photos_button.setEnabled(bool(self._to_undo))
        self.show_button.setEnabled(run is not None)

    @property
    def _to_undo(self) -> tuple[int, ...]:
        """Journal entry ids of the selected photos that can be undone."""
        return tuple(photo.entry.id for photo in self.photos.selected if photo.can_undo)

    @Slot()
    def _show_in_folder(self) -> None:
        run = self.selected
        if run is None:
            return
        folder = (None if self.list.hasFocus() else self.photos.selected_folder) or run.destination
        self._open(folder)

    def _open(self, folder: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            why = self.tr("it may have been moved, or its drive is not connected")
            show_error(self, UserError(self.tr("{0} cannot be opened").format(folder), why))

    @Slot()
    def _resume(self) -> None:
        run = self.selected
        if run is not None:
            self.resume_requested.emit(run.id)

    @Slot()
    def _ask(self) -> None:
        """Ask before a sort is undone."""
        run = self.selected
        if run is not None:
            title = self.tr("Undo the sort from {0}?").format(when(run.started_at))
            undo = self._question(
                title, self._what_undo_means(run, run.photos - run.undone), self.tr("&Undo this sort")
            )
            run_id = run.id
            undo.clicked.connect(lambda: self.undo_requested.emit(run_id))

    @Slot()
    def _ask_about_photos(self) -> None:
        """Ask before a sort is undone for some photos."""
        run, entries = self.selected, self._to_undo
        if run is not None and entries:
            title = self.tr("Undo {0} of the sort from {1}?").format(count_photos(len(entries)), when(run.started_at))
            undo = self._question(title, self._what_undo_means(run, len(entries)), self.tr("&Undo for these photos"))
            run_id = run.id
            undo.clicked.connect(lambda: self.undo_photos_requested.emit(run_id, entries))

    def _question(self, title: str, means: str, verb: str) -> QAbstractButton:
        """Make a question and return the button that agrees; Cancel is the default."""
        box = QMessageBox(self)
        box.setObjectName("undo_run_question")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(plain(verb))
        box.setText(title)
        box.setInformativeText(means)
        undo = box.addButton(verb, QMessageBox.ButtonRole.AcceptRole)
        undo.setObjectName("undo_run_button")
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.finished.connect(box.deleteLater)
        box.open()
        return undo

    def _what_undo_means(self, run: Run, photos: int) -> str:
        text = {
            Mode.COPY: self.tr("{0}: the copies in {1} will be deleted. Your originals are not touched."),
            Mode.MOVE: self.tr("{0} will move from {1} back to where they were."),
            Mode.LINK: self.tr("{0}: the links in {1} will be deleted. Your photos are not touched."),
        }[Mode(run.mode).undone_as]
        if moved_on_only(run):
            text = self.tr("{0} will move back to the previous class folder in {1}. The labels stay.")
        if not photos:
            text = self.tr("The copies of sidecar files in {1} will be deleted. Your originals are not touched.")
        if run.only_keywords:
            text = self.tr("The sidecar files beside your photos in {1} will be as they were before.")
        meant = text.format(count_photos(photos), run.destination)
        return f"{meant} {self.tr('Photos you have edited since then are kept.')}"


def moved_on_only(run: Run) -> bool:
    """Whether a run only moved photos that were filed already, from one class folder to another."""
    return run.mode == Mode.MOVE and run.source == run.destination


def can_undo(run: Run) -> bool:
    """Whether the sort has photos or sidecar files left to undo and is not running."""
    return run.has_something_to_undo and run.state is not RunState.OPEN


def when(iso: str) -> str:
    """Format a stored time in local time and the system's locale."""
    return in_words(datetime.fromisoformat(iso).astimezone(), QLocale.FormatType.ShortFormat)
