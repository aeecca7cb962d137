"""Shows every run, newest first, and takes one back when the person is sure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QDateTime, QLocale, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QMessageBox,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from flowersorter.errors import UserError
from flowersorter.library.journal import Run, RunState
from flowersorter.sorting.plan import Mode
from flowersorter.ui.dialog_parts import (
    RoomyRows,
    button,
    button_row,
    column_of,
    count_photos,
    describe,
    open_at,
    text_label,
)
from flowersorter.ui.error_box import show_error

_RUN_ROLE = Qt.ItemDataRole.UserRole


class HistoryDialog(QDialog):
    """Lists the runs. Lives in the GUI thread.

    Args:
        runs: Newest first.
        parent: The window.

    Signals:
        undo_requested(run id): Take this run back; the person was asked.
    """

    undo_requested = Signal(int)

    def __init__(self, runs: Sequence[Run], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history_dialog")
        self.setWindowTitle(self.tr("History"))
        self.list = QTreeWidget(self)
        self.list.setObjectName("history_runs")
        describe(self.list, self.tr("Every time photos were sorted, newest first"))
        self.empty = text_label(
            self, "history_empty", self.tr("Nothing was sorted yet. What you sort is listed here and can be undone.")
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._build()
        self.show_runs(runs)

    def _build(self) -> None:
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
        tip = self.tr("Put the photos of this run back where they were")
        self.undo_button = button(self, "history_undo_button", self.tr("&Undo this run…"), tip)
        self.undo_button.clicked.connect(self._ask)
        tip = self.tr("Open the folder the photos were sorted into (Enter)")
        self.show_button = button(self, "history_show_button", self.tr("Show in &folder"), tip)
        self.show_button.clicked.connect(self._show_in_folder)
        self.close_button = button(self, "history_close_button", self.tr("&Close"), self.tr("Close (Esc)"))
        self.close_button.clicked.connect(self.accept)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.empty)
        column = column_of(self)
        column.addLayout(self._pages, 1)
        column.addLayout(button_row([self.undo_button, self.show_button], [self.close_button]))
        open_at(self, 104, 20)
        self.setMinimumSize(self.fontMetrics().averageCharWidth() * 60, self.fontMetrics().lineSpacing() * 12)

    @Slot(object)
    def show_runs(self, runs: Sequence[Run]) -> None:
        """Show these runs; the one that was picked stays picked."""
        picked = self.picked
        self.list.clear()
        for run in runs:
            item = QTreeWidgetItem(
                self.list, [when(run.started_at), str(run.destination), self._did(run), self._state(run)]
            )
            item.setData(0, _RUN_ROLE, run)
            item.setToolTip(1, self._from_to(run))
            item.setToolTip(3, self._state_tip(run))
            if picked is not None and run.id == picked.id:
                self.list.setCurrentItem(item)
        if self.list.topLevelItemCount() and self.list.currentItem() is None:
            self.list.setCurrentIndex(self.list.model().index(0, 0))
        self._pages.setCurrentWidget(self.list if runs else self.empty)
        self.undo_button.setVisible(bool(runs))
        self.show_button.setVisible(bool(runs))
        self._on_selection()
        (self.list if runs else self.close_button).setFocus()

    @property
    def picked(self) -> Run | None:
        """The run that is picked."""
        item = self.list.currentItem()
        run = item.data(0, _RUN_ROLE) if item is not None else None
        return run if isinstance(run, Run) else None

    def _did(self, run: Run) -> str:
        verbs = {
            Mode.COPY: self.tr("{0} copied"),
            Mode.MOVE: self.tr("{0} moved"),
            Mode.LINK: self.tr("{0} linked"),
        }
        text = verbs[Mode(run.mode)].format(count_photos(run.photos))
        return text + self.tr(", {0} failed").format(run.failed) if run.failed else text

    def _from_to(self, run: Run) -> str:
        if run.source is None:
            return str(run.destination)
        return self.tr("From {0}\nInto {1}").format(run.source, run.destination)

    def _state(self, run: Run) -> str:
        return {
            RunState.OPEN: self.tr("Not finished"),
            RunState.DONE: self.tr("Done"),
            RunState.CANCELLED: self.tr("Stopped"),
            RunState.PARTLY_UNDONE: self.tr("{0} of {1} undone").format(run.undone, run.photos),
            RunState.UNDONE: self.tr("Undone"),
        }[run.state]

    def _state_tip(self, run: Run) -> str:
        return {
            RunState.OPEN: self.tr("It is running, or was interrupted"),
            RunState.CANCELLED: self.tr("Stopped before its end; what was filed stays and can be undone"),
            RunState.PARTLY_UNDONE: self.tr("Some photos were changed since and were left where they are"),
        }.get(run.state, "")

    @Slot()
    def _on_selection(self) -> None:
        run = self.picked
        self.undo_button.setEnabled(run is not None and can_undo(run))
        self.show_button.setEnabled(run is not None)

    @Slot()
    def _show_in_folder(self) -> None:
        run = self.picked
        if run is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.destination))):
            why = self.tr("it may have been moved, or its drive is not connected")
            show_error(self, UserError(self.tr("{0} cannot be opened").format(run.destination), why))

    @Slot()
    def _ask(self) -> None:
        """Ask before files are touched; Cancel is the default."""
        run = self.picked
        if run is None:
            return
        box = QMessageBox(self)
        box.setObjectName("undo_run_question")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Undo this run"))
        box.setText(self.tr("Undo the run of {0}?").format(when(run.started_at)))
        box.setInformativeText(self._what_undo_means(run))
        undo = box.addButton(self.tr("&Undo this run"), QMessageBox.ButtonRole.AcceptRole)
        undo.setObjectName("undo_run_button")
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        run_id = run.id
        undo.clicked.connect(lambda: self.undo_requested.emit(run_id))
        box.finished.connect(box.deleteLater)
        box.open()

    def _what_undo_means(self, run: Run) -> str:
        left = count_photos(run.photos - run.undone)
        text = {
            Mode.COPY: self.tr("{0}: the copies in {1} are removed; the originals are not touched."),
            Mode.MOVE: self.tr("{0}: moved from {1} back to where they were."),
            Mode.LINK: self.tr("{0}: the links in {1} are removed; the photos are not touched."),
        }[Mode(run.mode)]
        return f"{text.format(left, run.destination)} {self.tr('What you changed since then is left alone.')}"


def can_undo(run: Run) -> bool:
    """Whether there is something to take back and nobody is at it."""
    return run.photos > run.undone and run.state is not RunState.OPEN


def when(iso: str) -> str:
    """A stored moment, as the person's own clock and language say it."""
    moment = datetime.fromisoformat(iso).astimezone()
    shown = QDateTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return QLocale().toString(shown, QLocale.FormatType.ShortFormat)
