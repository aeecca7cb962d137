"""Builds the program and wires it: garden, worker thread, window; and takes it down again."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QApplication

from flowersorter.errors import FlowerSorterError, GardenDamaged, UserError
from flowersorter.library.garden import Garden
from flowersorter.library.locations import default_garden
from flowersorter.library.rescue import known_backups, newest_sound, rescue
from flowersorter.ui import theme
from flowersorter.ui.error_box import show_error
from flowersorter.ui.main_window import MainWindow
from flowersorter.ui.photo_model import PhotoModel
from flowersorter.ui.rescue_dialog import RescueDialog
from flowersorter.ui.session import Session
from flowersorter.workers.images import GardenThumbnails
from flowersorter.workers.job_queue import JobQueue, Listener
from flowersorter.workers.preload import Preload
from flowersorter.workers.thumbnail_pool import ThumbnailPool
from flowersorter.workflows.history import RecoveryResult, recover_garden

log = logging.getLogger(__name__)


class Program(QObject):
    """One garden in one window.

    Args:
        garden: Open; closed by `shutdown`.
        preload: Whether to import the heavy packages once the window is visible.
    """

    def __init__(self, garden: Garden, *, preload: bool = True) -> None:
        super().__init__()
        self.garden = garden
        self.queue = JobQueue()
        self.thumbnails = ThumbnailPool(GardenThumbnails(garden))
        self.photos = PhotoModel(self.thumbnails.image)
        self.session = Session(
            garden=garden,
            queue=self.queue,
            thumbnails=self.thumbnails,
            photos=self.photos,
            corrections=QUndoStack(),
        )
        self.window = MainWindow(self.session)
        self.window.closing.connect(self.shutdown)
        self._preload = Preload() if preload else None
        self._down = False

    def start(self, folder: Path | None = None) -> None:
        """Show the window, put right what a crash left, then open a folder: this one, else the last one."""
        self.window.show()
        self.queue.submit(
            self.tr("Checking that nothing was left half-done"),
            lambda _report, _cancel: recover_garden(self.garden),
            Listener(succeeded=self._on_recovered),
        )
        if folder is None:
            last = self.garden.settings.get("folder", "")
            folder = Path(last) if last and Path(last).is_dir() else None
        if folder is not None:
            self.window.open_folder(folder)
        if self._preload is not None:
            self._preload.start()

    @Slot()
    def shutdown(self) -> None:
        """Stop jobs at their next safe point, wait for the threads, close the garden; in this order."""
        if self._down:
            return
        self._down = True
        self.queue.shutdown()
        self.window.shutdown()
        self.thumbnails.shutdown()
        if self._preload is not None:
            self._preload.stop()
        self.garden.close()

    def _on_recovered(self, result: object) -> None:
        if not isinstance(result, RecoveryResult):
            return
        repaired = result.finished + result.rolled_back
        if result.problems:
            text = self.tr("The last sort was interrupted and needs a look: {0}").format(result.problems[0])
        elif repaired:
            text = self.tr("The last sort was interrupted; {0} photos were put right.").format(repaired)
        else:
            return
        self.window.job_bar.say(text, (self.tr("History"), self.window.sorting.show_history))


def run(arguments: Sequence[str], folder: Path | None, garden_folder: Path | None = None) -> int:
    """Run the program until its window is closed.

    Args:
        arguments: The command line, for Qt.
        folder: Opened at once, or None.
        garden_folder: Where everything is remembered; None for the usual place.

    Returns:
        Exit status.
    """
    application = QApplication.instance() or QApplication(list(arguments))
    assert isinstance(application, QApplication)
    application.setApplicationName("FlowerSorter")
    application.setOrganizationName("FlowerSorter")
    application.setApplicationDisplayName("FlowerSorter")
    application.setDesktopFileName("flowersorter")
    application.setWindowIcon(theme.app_icon())
    theme.make_muted_text_readable(application)
    with _last_resort():
        garden = _opened((garden_folder or default_garden()).absolute())
        if garden is None:
            return 1
        program = Program(garden)
        try:
            program.start(folder)
            return application.exec()
        finally:
            program.shutdown()


def _opened(folder: Path) -> Garden | None:
    """Open the garden, if need be after its library was put back; None if it cannot be or the person does not want."""
    try:
        try:
            return Garden.open(folder)
        except GardenDamaged as error:
            found = known_backups(folder)
            if newest_sound(found) is None:
                raise
            _say_on_stderr(error)
            return Garden.open(folder) if _rescued(RescueDialog(error, found), folder) else None
    except (FlowerSorterError, OSError) as error:
        if isinstance(error, UserError):
            _say_on_stderr(error)
        else:
            log.exception("The garden cannot be opened")
        box = show_error(None, error)
        if box is not None:
            box.exec()
        return None


def _rescued(dialog: RescueDialog, folder: Path) -> bool:
    """Ask before a backup is put back, and do it; returns whether to go on."""

    def restore() -> None:
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            dialog.show_done(rescue(folder))
        except UserError as error:
            dialog.show_problem(error)
        finally:
            QApplication.restoreOverrideCursor()

    dialog.restore_requested.connect(restore)
    accepted = dialog.exec() == RescueDialog.DialogCode.Accepted
    dialog.deleteLater()
    return accepted


def _say_on_stderr(error: UserError) -> None:
    """One sentence for whoever started the window in a terminal; a traceback would tell them nothing."""
    if sys.stderr is not None:  # a program without a console has none
        sys.stderr.write(f"{error}\n")


@contextlib.contextmanager
def _last_resort() -> Iterator[None]:
    """Show what nobody caught, instead of losing it in a terminal that is not there."""
    before = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        before(kind, error, trace)
        if isinstance(error, Exception):
            log.error("An error nobody expected", exc_info=(kind, error, trace))
            show_error(QApplication.activeWindow(), error)

    sys.excepthook = show
    try:
        yield
    finally:
        sys.excepthook = before
