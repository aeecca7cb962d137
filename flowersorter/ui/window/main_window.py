"""The main window: layout, and the wiring of widgets and controllers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.classes.class_list import ClassList
from flowersorter.ui.classes.class_rows import ClassCounts
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.collections.collections_controller import CollectionsController
from flowersorter.ui.desktop.recent_folders import RecentFolders
from flowersorter.ui.filter.folder_date_controller import FolderDateController
from flowersorter.ui.filter.folder_date_list import FolderDateList
from flowersorter.ui.filter.name_index import NameIndex
from flowersorter.ui.grid.date_controller import DateController
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.grid_header import GridHeader
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.grid.stacks.stack_controller import StackController
from flowersorter.ui.grid.view.header_group import HeaderGroup
from flowersorter.ui.inspector.inspector import Inspector
from flowersorter.ui.inspector.selected_photo import SelectedPhoto
from flowersorter.ui.labels.label_view import LabelView
from flowersorter.ui.labels.labels_controller import LabelsController
from flowersorter.ui.labels.undo_controller import UndoController
from flowersorter.ui.large_view.large_view_controller import LargeViewController
from flowersorter.ui.preferences.cache_controller import CacheController
from flowersorter.ui.review.answer_bar import AnswerBar
from flowersorter.ui.review.answer_controller import AnswerController
from flowersorter.ui.review.order_controller import OrderController
from flowersorter.ui.review.review_controller import ReviewController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import StatusBar, Until
from flowersorter.ui.training.learning_controller import LearningController
from flowersorter.ui.training.training_controller import TrainingController
from flowersorter.ui.watching.renamed_selection import RenamedSelection
from flowersorter.ui.watching.watch_controller import WatchController
from flowersorter.ui.window.action_handlers import connect_actions, enable_actions
from flowersorter.ui.window.actions import Actions
from flowersorter.ui.window.empty_state import EmptyState
from flowersorter.ui.window.filter_controller import FilterController
from flowersorter.ui.window.folder_drop import FolderDrop
from flowersorter.ui.window.lazy_controllers import LazyControllers
from flowersorter.ui.window.photo_menu import PhotoMenu
from flowersorter.ui.window.selection_controller import SelectionController
from flowersorter.ui.window.sidebar_controller import SidebarController
from flowersorter.ui.window.window_controller import WindowController
from flowersorter.ui.window.window_state import WindowState
from flowersorter.workers.throttle import Coalescer
from flowersorter.workflows.labelling.pending_labels import PendingLabels

if TYPE_CHECKING:
    from flowersorter.photos.scan import Roots

#: Longer than suggestions take to follow an answer: the counts are then painted once, after both.
COUNTS_MS = 120
#: Fits beside the frame and a task bar on a screen of 1440 x 900 pixels that shows everything twice as large.
SMALLEST_SIZE = (640, 372)


class MainWindow(QMainWindow):
    """Shows one collection. Lives in the GUI thread.

    Signals:
        closing(): The window is about to close; running jobs must end.
    """

    closing = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setMinimumSize(*SMALLEST_SIZE)
        self.session = session
        self._counts = Coalescer(COUNTS_MS, self)
        self._build()
        self._control()
        self._connect()
        self.memory = WindowState(session.state, self, self.splitter)
        self._restore()

    # -- layout

    def _build(self) -> None:
        self.grid = PhotoGrid(self.session.photos, self)
        self.actions_by_name = Actions(self, self.grid)
        self.class_list = ClassList(self)
        self.places = FolderDateList(self)
        self.class_list.add_below(self.places)
        self.header = GridHeader(self.actions_by_name["hide_confirmed"], self.actions_by_name["find"], self)
        self.inspector = Inspector(self.session.engine, self)
        self.answer_bar = AnswerBar(self)
        self.job_bar = StatusBar(self)
        self.empty = EmptyState(self)
        middle = QWidget(self)
        middle.setObjectName("middle")
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.grid, 1)
        HeaderGroup(self.grid, middle)
        self.middle = QStackedWidget(self)
        self.middle.setObjectName("middle_pages")
        self.middle.addWidget(middle)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("splitter")
        self.splitter.setAccessibleName(self.tr("Classes, photos and the selected photo"))
        self.splitter.setHandleWidth(1)
        for part, stretch in ((self.class_list, 0), (self.middle, 1), (self.inspector, 0)):
            self.splitter.addWidget(part)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        self.splitter.setCollapsible(1, False)
        self.pages = QStackedWidget(self)
        self.pages.setObjectName("pages")
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.splitter)
        whole = QWidget(self)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages, 1)
        column.addWidget(self.answer_bar)
        column.addWidget(self.job_bar)
        self.setCentralWidget(whole)

    def _control(self) -> None:
        session, front = self.session, MessageSink(self, self.job_bar)
        pending, labels = PendingLabels(session.collection), LabelView(session.photos)
        self.front = front
        self.filter = FilterController(session.photos, self.grid, self.header, self.class_list, self)
        self.classes = ClassesController(session, front, pending, self)
        self.folder = FolderController(session, front, pending, labels, self)
        self.labels = LabelsController(session, front, pending, labels, self)
        self.training = TrainingController(session, front, self.folder, self)
        self.learning = LearningController(session, front, self.folder, self.labels, self.classes, self.training, self)
        split_key = self.actions_by_name["split_class"].shortcut()
        self.selection = SelectionController(front, self.grid, self.classes, self.labels, self.filter, split_key, self)
        self.answers = AnswerController(session, front, self.answer_bar, self.grid, self.filter, self.labels, self)
        self.sidebar = SidebarController(self.class_list, self.classes, self.selection, self.filter, self)
        PhotoMenu(self.grid, self.actions_by_name, session.state, self.selection.assign)
        self.selected = SelectedPhoto(session, self.grid, self.inspector, self)
        RenamedSelection(self.folder, self.grid, self)
        self.dates = DateController(session, self.folder, self)
        self.name_index = NameIndex(session.photos, self.header.search, self)
        FolderDateController(session, self.folder, self.dates, self.filter, self.places, self)
        self.order = OrderController(session, front, self.folder, self.grid, self.filter, self)
        self.stacks = StackController(session, front, self.grid, self.actions_by_name["stack_shots"], self)
        self.review = ReviewController(
            session, front, self.folder, self.grid, self.labels, self.classes, self.filter, self
        )
        self.large = LargeViewController(session, front, self.grid, self.middle, self.selection.typing.watch, self)
        self.cache = CacheController(session, self)
        self.on_demand = LazyControllers(session, front, self.folder, self.grid, self.cache, self.labels, self)
        self.undoing = UndoController(session, front, self.grid, self.labels, self.actions_by_name, self)
        self.recent = RecentFolders(session, self)
        self.watching = WatchController(session, front, self.folder, self)
        self.window_controller = WindowController(session, front, self.grid, self.actions_by_name.all(), self)
        self.collections = CollectionsController(session, front, self.actions_by_name.collections_menu, self)
        self.setWindowTitle(self.collections.title(()))

    def _connect(self) -> None:
        queue, photos, pool = self.session.queue, self.session.photos, self.session.thumbnails
        queue.started.connect(self.job_bar.start)
        queue.progressed.connect(self.job_bar.progress)
        queue.finished.connect(self.job_bar.end)
        queue.finished.connect(self._counts.poke)
        queue.failed.connect(lambda _job_id, error: self.front.complain(error))
        self.session.state.updated.connect(self._on_library)
        self.job_bar.cancel_requested.connect(queue.cancel_current)
        pool.arrived.connect(photos.repaint)
        pool.unreadable.connect(photos.mark_unreadable)
        photos.files_changed.connect(pool.forget)
        photos.counts_changed.connect(self._counts.poke)
        photos.modelReset.connect(self._counts.poke)
        self._counts.fired.connect(self._show_counts)
        self._connect_views()
        self._connect_controllers()

    def _connect_views(self) -> None:
        pool = self.session.thumbnails
        self.places.offered.connect(self.class_list.fit_below)
        self.grid.visible_changed.connect(pool.retain)
        self.grid.visible_changed.connect(self.folder.look_at)
        self.grid.selection_settled.connect(self._enable)
        self.grid.doubleClicked.connect(self.large.show)
        self.grid.tile_size_changed.connect(self.header.show_size)
        self.header.size_chosen.connect(self.grid.set_tile_size)
        self.empty.open_requested.connect(self.window_controller.ask_for_folder)
        self.empty.folder_chosen.connect(self.open_folder)
        self.folder_drop = FolderDrop(self)
        self.folder_drop.dropped.connect(self.open_folder)
        self.inspector.preview_requested.connect(self.large.show)
        self.large.class_chosen.connect(self.selection.assign)
        self.inspector.show_in_folder_requested.connect(self.window_controller.show_in_folder)
        self.inspector.class_chosen.connect(self.selection.assign)
        self.inspector.place_chosen.connect(self.window_controller.go_to_path)

    def _connect_controllers(self) -> None:
        actions = self.actions_by_name
        self.window_controller.folder_chosen.connect(self.open_folder)
        self.window_controller.place_requested.connect(self._go_to)
        self.classes.changed.connect(self._on_classes)
        self.classes.merged.connect(self.labels.rejected.merge)
        self.classes.parted.connect(self.labels.rejected.part)
        self.folder.opened.connect(self._on_opened)
        self.folder.begun.connect(self._counts.poke)
        self.folder.closed.connect(self.show_start)
        self.folder.labelled.connect(self._on_labelled)
        self.folder.labelled.connect(self.cache.tidy)
        self.answers.follow(self.learning)
        self.folder.told.connect(self.on_demand.offer_lost_labels)
        self.folder.show_requested.connect(self.filter.show)
        self.folder.options_requested.connect(self.on_demand.show_scan_options)
        self.folder.groups_requested.connect(self.review.start_naming)
        self.sidebar.follow(self.review)
        self.review.single_requested.connect(self.large.show)
        self.review.steps.sort_requested.connect(actions["sort"].trigger)
        self.on_demand.ranked_requested.connect(self.filter.show_ranked)
        self.labels.labels_changed.connect(self._on_labels)
        self.labels.labels_changed.connect(self.order.follow)
        self.labels.files_labelled.connect(self.folder.identify)
        late = self.on_demand
        shown = (self.grid.selection_settled, self.review.pass_over_settled, self.order.follow)
        for follow in (late.suggestions_changed, *shown):
            self.learning.suggestions_changed.connect(follow)
        self.learning.paused_changed.connect(actions["pause_learning"].setChecked)
        for asking in (self.training, late, self.watching, self.folder):
            asking.places_requested.connect(self.filter.show_places)
        late.folder_chosen.connect(self.open_folder)
        self.training.told.connect(late.offer_to_check_labels)
        moved = (late.files_changed, self.labels.files_changed)
        for outdated in (*moved, self.classes.folder_outdated, late.predictions_outdated):
            outdated.connect(self.folder.rescan)
        self.session.undo_stack.indexChanged.connect(lambda _index: self.job_bar.end_message(Until.ANSWER))
        late.sort_undoable.connect(self.undoing.note_sort)
        for done in (late.sort_undoable, self.training.trained):
            done.connect(self.answers.end)
        self.undoing.sort_undo_requested.connect(late.undo_run)
        self.undoing.shown.connect(self.review.next.ask_again)
        late.resume_requested.connect(lambda run_id: self.learning.when_settled(lambda: late.resume_sort(run_id)))
        connect_actions(self)
        self.recent.found.connect(self._on_recent)
        self.filter.said.connect(self.job_bar.say)
        self.filter.selection_wanted.connect(self.job_bar.ask_to_select)
        self.grid.selection_settled.connect(self._on_selected)

    def _restore(self) -> None:
        self.memory.restore(self.grid, self.actions_by_name["inspector"])
        self.inspector.setVisible(self.actions_by_name["inspector"].isChecked())
        self.header.show_size(self.grid.tile_size)
        self.filter.arrange(self.memory.order, self.memory.grouping)
        self.actions_by_name["pause_learning"].setChecked(self.learning.paused)
        self.actions_by_name["keep_watching"].setChecked(self.watching.watching)
        self.recent.look()
        self.classes.refresh()
        self._show_counts()
        self._enable()

    # -- display

    def expect(self, roots: Roots) -> None:
        """Show an empty grid for a folder that is about to be opened, instead of the welcome page."""
        self.pages.setCurrentWidget(self.splitter)
        self.setWindowTitle(self.collections.title(roots))
        self.filter.show_scan(running=True, complete=False)

    @Slot(object)
    def open_folder(self, roots: Roots) -> None:
        """Show a folder, or several folders and photos together, and predict the new photos."""
        if self.session.photos.filter.places is not None:
            self.filter.show_all()
        self.folder.open(roots)

    @Slot()
    def _show_counts(self) -> None:
        columns, labels = self.session.photos.columns, self.session.state.label_counts
        counts = ClassCounts(columns.counts(), columns.label_counts(), labels)
        self.class_list.show_classes(self.classes.classes, counts)
        self.review.show_progress()
        self.filter.show_scan(running=self.folder.labelling, complete=self.folder.complete)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        enable_actions(self)

    # -- slots: the folder

    @Slot(object)
    def _on_opened(self, roots: Roots) -> None:
        self.expect(roots)
        self.session.undo_stack.clear()
        self.undoing.note_sort(0)
        self.filter.begin()
        self.recent.remember(roots)
        self.selected.show()
        self._enable()
        self.grid.setFocus()

    @Slot()
    def show_start(self) -> None:
        """Invite to open a folder: none is open, or it cannot be read."""
        self.pages.setCurrentWidget(self.empty)
        self.setWindowTitle(self.collections.title(()))
        self.recent.look()
        self._enable()

    @Slot(object)
    def _on_recent(self, folders: Sequence[Path]) -> None:
        self.empty.show_recent(folders)
        self.actions_by_name.fill_recent(folders, self.open_folder)

    @Slot()
    def _on_labelled(self) -> None:
        self.classes.refresh()
        self.selected.show()
        self._enable()

    @Slot()
    def _on_library(self) -> None:
        self.classes.refresh()
        self._counts.poke()  # the bars of the classes show the labels in the library
        self._enable()

    # -- slots: labels and classes

    @Slot()
    def _on_labels(self) -> None:
        self._counts.poke()
        self.grid.settle()

    @Slot(object)
    def _on_classes(self, classes: Sequence[PhotoClass]) -> None:
        self.actions_by_name.fill_assign([(each.id, each.name) for each in classes], self.selection.assign)
        self.inspector.set_classes(self.classes.looks)
        self.large.set_classes(self.classes.looks)
        self.filter.set_names({each.id: each.name for each in classes})
        self._show_counts()

    # -- slots: looking

    @Slot()
    def _on_selected(self) -> None:
        if self.grid.selectionModel().hasSelection():
            self.job_bar.end_message(Until.SELECTION)

    @Slot(int)
    def _go_to(self, place_id: int) -> None:
        if not self.session.photos.rows_of([place_id]):
            self.filter.show_everything()
        self.grid.select_places([place_id], scroll=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Distribute the width among the three parts."""
        super().resizeEvent(event)
        self.memory.fit(event.oldSize().width(), event.size().width())

    def shutdown(self) -> None:
        """Wait for running reads and start no more: the collection is about to be closed."""
        parts = (self.inspector, self.large, self.cache, self.on_demand, self.learning, self.answers, self.order)
        for part in (*parts, self.recent, self.watching, self.folder_drop, self.collections, self.name_index):
            part.shutdown()
        self._counts.stop()
        self.grid.rest()

    def _may_close(self) -> bool:
        job = self.session.queue.files_job
        if job is None:
            return True
        from flowersorter.ui.filing.close_question import ask_to_close  # imported here: rarely needed

        return ask_to_close(job, self)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the window state, hide at once, and emit `closing` so that running jobs end.

        Asks first if this would stop a job that changes photo files.
        """
        if not self._may_close():
            event.ignore()
            return
        self.memory.save(self.grid, self.session.photos.filter)
        self.hide()
        self.closing.emit()
        event.accept()
