"""Builds the program and wires it: collection, worker thread, window; and takes it down again.

Modules that only an error needs are imported when it occurs: nothing may delay the first paint of the window.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication, QDialog

from flowersorter.errors import CollectionDamaged, CollectionLocked, FlowerSorterError, UserError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.files.locations import default_collection, personal_settings_file, recent_collections_file
from flowersorter.library.files.log_file import logged
from flowersorter.library.files.personal_settings import read_personal_settings
from flowersorter.library.files.recent_collections import RecentCollections
from flowersorter.translations import use_preferred
from flowersorter.ui.desktop.application import Application
from flowersorter.ui.desktop.colour_scheme import ColourScheme
from flowersorter.ui.desktop.published_names import APP_ID
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.shared import theme
from flowersorter.ui.shared.library_state import LibraryState
from flowersorter.ui.shared.session import Session
from flowersorter.ui.window.first_paint import FirstPaint
from flowersorter.ui.window.main_window import MainWindow
from flowersorter.workers.gui_heartbeat import GuiHeartbeat
from flowersorter.workers.gui_thread_gc import GuiThreadGc
from flowersorter.workers.job_queue import JobQueue, Listener
from flowersorter.workers.library_queue import LibraryQueue
from flowersorter.workers.preload import WORKFLOWS, Preload
from flowersorter.workers.thumbnail_loader import ThumbnailLoader
from flowersorter.workers.thumbnail_pool import ThumbnailPool
from flowersorter.workers.turns import Turns
from flowersorter.workflows.engine import Engine
from flowersorter.workflows.predicting.network_loader import import_network_packages

if TYPE_CHECKING:
    from flowersorter.jobs import CancelToken, Report
    from flowersorter.photos.scan import Roots
    from flowersorter.sorting.recover import RecoveryResult
    from flowersorter.ui.collections.restore_dialog import RestoreDialog
    from flowersorter.ui.desktop.second_start import SecondStart

log = logging.getLogger(__name__)

#: Made by the window when a training ends, unasked.
_AFTER_TRAINING = ("flowersorter.ui.labels.label_errors_controller",)
#: How long a start waits for a collection that another process has locked, and how often it tries.
LOCKED_FOR_S = 3.0
_TRY_AGAIN_S = 0.1
#: How long the window waits for the interpreter while a worker computes in Python. Each operation on a large array lets
#: go of it: with Python's own 5 ms, one event of the window waits many times.
_SWITCH_INTERVAL_S = 0.001


class Program(QObject):
    """One collection in one window.

    Args:
        engine: Of the open collection; closed by `shutdown`.
        preload: Whether to import the remaining modules once the window is visible and idle.

    Attributes:
        begun: Whether the window was painted and work has begun.
    """

    def __init__(self, engine: Engine, *, preload: bool = True) -> None:
        super().__init__()
        self.engine, self.collection = engine, engine.collection
        turns = Turns(self)  # one for all, so that the news of several threads do not add up to a long wait
        self.library = LibraryQueue(turns=turns)
        heartbeat = GuiHeartbeat(self)
        self.queue = JobQueue(barrier=self.library.barrier, turns=turns, heartbeat=heartbeat)
        self.thumbnails = ThumbnailPool(ThumbnailLoader(self.collection), turns=turns, heartbeat=heartbeat)
        self.photos = PhotoModel(self.thumbnails.image)
        self.session = Session(
            engine=engine,
            queue=self.queue,
            library=self.library,
            state=LibraryState(self.collection, self.library, self),
            thumbnails=self.thumbnails,
            photos=self.photos,
            undo_stack=QUndoStack(),
        )
        self.queue.changed.connect(self.library.announce)
        self.window = MainWindow(self.session)
        self.window.closing.connect(self.shutdown)
        self.library.failed.connect(self._on_library_failed)
        self._first_paint: FirstPaint | None = None
        self._second_start: SecondStart | None = None
        self._roots: Roots = ()
        self._looks_for_last = self._painted = False
        self._preload = Preload() if preload else None
        self._garbage = GuiThreadGc(self)
        self._garbage.begin()
        self._switch_interval_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self.queue.busy_changed.connect(self._garbage.on_busy)
        if self._preload is not None:
            self._preload.finished.connect(self._garbage.freeze)
        self.begun = False
        self._down = False

    def start(self, roots: Roots = ()) -> None:
        """Show the window; once painted, recover an interrupted sort and open these folders, else the last ones."""
        self._roots = roots
        self.window.recent.last_found.connect(self._on_last_found)
        last = () if roots else self.window.recent.look_for_last()
        self._looks_for_last = bool(last)
        if roots or last:
            self.window.expect(roots or last)
        self._first_paint = FirstPaint(self.window)
        self._first_paint.painted.connect(self._on_painted)
        self.window.show()

    @Slot(object)
    def _on_last_found(self, roots: tuple[Path, ...]) -> None:
        """Reopen last session's folders that still exist, unless the user has opened one."""
        self._looks_for_last = False
        if not self._roots and not self.window.folder.roots:
            self._roots = roots
            if roots:
                self.window.expect(roots)
            else:
                self.window.show_start()
        if self._painted:
            self._begin()

    @Slot()
    def _on_painted(self) -> None:
        self._painted = True
        if not self._looks_for_last:
            self._begin()

    @Slot(object)
    def open_roots(self, roots: tuple[Path, ...]) -> None:
        """Open folders and photos that the desktop asks for, before or after the window is shown."""
        if self._second_start is not None:
            self._second_start.open_roots(roots)
        elif roots:
            self._roots = roots
            self.window.expect(roots)

    def _begin(self) -> None:
        if self._down:
            return
        self.begun = True
        self._join_desktop()
        self.queue.busy_changed.connect(self._on_busy)
        self.queue.submit(
            self.tr("Checking for an interrupted sort"), self._recover, Listener(succeeded=self._on_recovered)
        )
        if self._roots:
            self.window.open_folder(self._roots)

    def _join_desktop(self) -> None:
        """Open the folders of a second start, and notify a person who works in another program when a long job ends."""
        from flowersorter.ui.desktop.job_notifier import JobNotifier
        from flowersorter.ui.desktop.second_start import SecondStart

        self._second_start = SecondStart(self.collection.folder, self.window, self.window.open_folder, self)
        self._notifier = JobNotifier(self.queue, self.window, parent=self)
        self.window.watching.arrived.connect(self._notifier.tell_unless_active)

    @Slot(object)
    def _on_library_failed(self, error: Exception) -> None:
        self.window.front.complain(error)

    @Slot(bool)
    def _on_busy(self, busy: bool) -> None:
        """When first idle, show the notes about the collection, and import the modules that come next."""
        if busy:
            return
        self.queue.busy_changed.disconnect(self._on_busy)
        problem = self.collection.backup_problem or self.collection.checksum_problem
        if problem:  # not before: a message of a job would have replaced it
            self.window.job_bar.say(problem, (self.tr("Show folder"), self._show_collection))
        if self._preload is None:
            return
        known = (*WORKFLOWS, *_AFTER_TRAINING)
        # Without an open folder, a new one will be opened. In a known one the network may never be needed.
        self._preload.begin(known, *(() if self._roots else (import_network_packages,)))

    def _show_collection(self) -> None:
        self.window.window_controller.open_folder_of(self.collection.folder)

    def _recover(self, _report: Report, _cancel: CancelToken) -> RecoveryResult | None:
        RecentCollections(recent_collections_file()).remember(self.collection.folder)
        if not self.collection.journal.open_runs():
            return None  # as nearly always; all of sorting would be imported for it before the folder is shown
        from flowersorter.workflows.filing.history import recover_collection

        return recover_collection(self.collection)

    @Slot()
    def shutdown(self) -> None:
        """Stop jobs at their next safe point, wait for the threads, close the collection; in this order."""
        if self._down:
            return
        self._down = True
        if self._first_paint is not None:
            self._first_paint.stop()
        if self._second_start is not None:
            self._second_start.shutdown()
        self.engine.closing.cancel()
        self.queue.shutdown()
        self.library.shutdown()
        self.window.shutdown()
        self.thumbnails.shutdown()
        # Python may let go of the commands before the stack, which would then destroy them a second time.
        self.session.undo_stack.clear()
        if self._preload is not None:
            self._preload.stop()
        self._garbage.stop()
        sys.setswitchinterval(self._switch_interval_s)
        self.engine.close()

    def _on_recovered(self, result: object) -> None:
        if result is None:
            return
        from flowersorter.sorting.recover import RecoveryResult

        assert isinstance(result, RecoveryResult)
        repaired = result.finished + result.rolled_back
        if result.problems:
            text = self.tr("The last sort was interrupted and needs your attention: {0}").format(result.problems[0])
        elif result.waiting:
            left = sum(run.left for run in result.waiting)
            text = self.tr("The last sort was interrupted. Files left: {0}; the history continues it.").format(left)
        elif repaired:
            text = self.tr("The last sort was interrupted. Photos repaired: {0}.").format(repaired)
        else:
            return
        self.window.job_bar.say(text, (self.tr("History"), self.window.on_demand.show_history))


def run(arguments: Sequence[str], roots: Roots, collection_folder: Path | None = None) -> int:
    """Run the program until its window is closed.

    Args:
        arguments: The command line, for Qt.
        roots: The folders and photos that are opened at once; none for those that were open last.
        collection_folder: The collection to open; None for the default one.

    Returns:
        Exit status.
    """
    application = QApplication.instance() or Application(arguments)
    assert isinstance(application, QApplication)
    application.setApplicationName("FlowerSorter")
    application.setOrganizationName("FlowerSorter")
    application.setApplicationDisplayName("FlowerSorter")
    application.setDesktopFileName(APP_ID)
    application.setWindowIcon(theme.app_icon())
    personal = read_personal_settings(personal_settings_file())
    translations = use_preferred(personal.language)
    if translations is not None:
        from flowersorter.ui.shared.qt_translator import install_translator

        install_translator(application, translations, translations.language)
    ColourScheme.of(application).choose(personal.colours)
    with _last_resort():
        folder = (collection_folder or default_collection()).absolute()
        collection = _opened(folder, roots)
        if isinstance(collection, int):
            return collection
        with logged(collection.folder):
            program = Program(Engine(collection))
            if isinstance(application, Application):
                application.open_requested.connect(program.open_roots)
            try:
                program.start(roots)
                return application.exec()
            finally:
                program.shutdown()


def _opened(folder: Path, roots: Roots) -> CollectionStore | int:
    """Open the collection, restoring its library if need be.

    Returns:
        The collection; else the exit status: 0 if the window that has it open took the folders, 1 if it cannot be
        opened or the person declines.
    """
    try:
        try:
            return _open_or_hand_over(folder, roots) or 0
        except CollectionDamaged as error:
            from flowersorter.library.database.restore import known_backups, newest_sound
            from flowersorter.ui.collections.restore_dialog import RestoreDialog

            found = known_backups(folder)
            if newest_sound(found) is None:
                raise
            _say_on_stderr(error)
            return CollectionStore.open(folder) if _rescued(RestoreDialog(error, found), folder) else 1
    except (FlowerSorterError, OSError) as error:
        if isinstance(error, UserError):
            _say_on_stderr(error)
        else:
            log.exception("The collection cannot be opened")
        from flowersorter.ui.shared.error_dialog import show_error

        box = show_error(None, error)
        if box is not None:
            box.exec()
        return 1


def _open_or_hand_over(folder: Path, roots: Roots) -> CollectionStore | None:
    """Open the collection; None if the window that has it open took the folders.

    That window may be about to open and not listen yet, or about to close and unlock the collection.

    Raises:
        CollectionLocked: a process without a window has it open, or a window that does not answer.
    """
    give_up_s = time.monotonic() + LOCKED_FOR_S
    while True:
        try:
            return CollectionStore.open(folder)
        except CollectionLocked:
            from flowersorter.ui.desktop.hand_over import hand_over

            if hand_over(folder, roots):
                return None
            if time.monotonic() >= give_up_s:
                raise
            time.sleep(_TRY_AGAIN_S)


def _rescued(dialog: RestoreDialog, folder: Path) -> bool:
    """Restore a backup if the person agrees; return whether to go on."""
    from flowersorter.library.database.restore import restore_newest

    def restore() -> None:
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            dialog.show_done(restore_newest(folder))
        except UserError as error:
            dialog.show_problem(error)
        finally:
            QApplication.restoreOverrideCursor()

    dialog.restore_requested.connect(restore)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return accepted


def _say_on_stderr(error: UserError) -> None:
    """Print one sentence in the terminal that started the window; a traceback would not help there."""
    from flowersorter.commands.shared.output import Terminal

    Terminal(sys.stdout, sys.stderr).note(str(error))


@contextlib.contextmanager
def _last_resort() -> Iterator[None]:
    """Log an uncaught exception and show it in a dialog; a windowed program has no terminal to print it in."""
    before, before_in_threads = sys.excepthook, threading.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        if isinstance(error, Exception):
            from flowersorter.ui.shared.error_dialog import show_error

            show_error(QApplication.activeWindow(), error)

    def note(hook: threading.ExceptHookArgs) -> None:
        before_in_threads(hook)
        log.error("Unexpected error in a thread", exc_info=hook.exc_value)

    sys.excepthook, threading.excepthook = show, note
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before, before_in_threads
