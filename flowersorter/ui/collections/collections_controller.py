"""New, open and recent gardens: each is a task of its own, and has a window of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QStandardPaths, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu

import flowersorter
from flowersorter.errors import FlowerSorterError, UserError
from flowersorter.library.files.locations import gardens_file, usual_garden
from flowersorter.library.files.recent_collections import KnownGardens, check_can_be_opened, check_can_become_one
from flowersorter.ui.shared.session import Front, Session
from flowersorter.workers.job_queue import Listener


class GardenController(QObject):
    """Opens gardens in other windows. Lives in the GUI thread.

    A second garden is opened by a second process: whatever happens to one task, the other goes on.

    Args:
        session: Its garden is the one of this window.
        front: Where it speaks.
        menu: Lists the gardens that were opened before, whenever it is about to be shown.
        parent: Owns it.
    """

    def __init__(self, session: Session, front: Front, menu: QMenu, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front, self._menu = session, front, menu
        self._known = KnownGardens(gardens_file())
        menu.aboutToShow.connect(self._fill)

    def title(self, folder: Path | None) -> str:
        """What stands above the window: the folder, the garden, the program.

        Args:
            folder: The open folder of photos, if any.
        """
        parts = [str(folder.name or folder)] if folder is not None else []
        here = self._session.garden.folder
        if here != usual_garden() or any(each != here for each in self._known.all()):
            parts.append(self.name_of(here))
        return " – ".join([*parts, self.tr("FlowerSorter")])

    def name_of(self, garden: Path) -> str:
        """What a garden is called: its folder; the one that everybody has needs a better name."""
        return self.tr("My garden") if garden == usual_garden() else garden.name or str(garden)

    # -- wishes

    @Slot()
    def make(self) -> None:
        """Ask for a name and a place, make the garden, and open it in a window of its own."""
        from flowersorter.ui.collections.collection_dialog import NewGardenDialog

        dialog = NewGardenDialog(self._usual_place(), self._front.window)
        folder = dialog.folder if dialog.exec() == QDialog.DialogCode.Accepted else None
        dialog.deleteLater()
        if folder is not None:
            self._session.queue.submit(
                self.tr("Making the garden"), lambda _report, _cancel: _made(folder), Listener(succeeded=self._on_made)
            )

    @Slot()
    def choose(self) -> None:
        """Let the person choose a garden, and open it in a window of its own."""
        start = str(self._usual_place())
        chosen = QFileDialog.getExistingDirectory(self._front.window, self.tr("Open a garden"), start)
        if chosen:
            self.open(Path(chosen))

    def open(self, garden: Path) -> None:
        """Open a garden in a window of its own; what is no garden, or is open elsewhere, is refused."""
        if garden == self._session.garden.folder:
            self._front.bar.say(self.tr("This window shows the garden “{0}” already.").format(self.name_of(garden)))
            return
        try:
            check_can_be_opened(garden)
        except FlowerSorterError as error:
            self._front.complain(error)
            return
        self._launch(garden)

    # -- how it is done

    def _on_made(self, garden: object) -> None:
        assert isinstance(garden, Path)
        self._launch(garden)

    def _launch(self, garden: Path) -> None:
        if not open_window(garden):
            what = self.tr("The garden {0} cannot be opened").format(garden)
            self._front.complain(UserError(what, self.tr("the system started no second window")))
            return
        self._known.remember(garden)
        self._front.bar.say(self.tr("“{0}” opens in a window of its own.").format(self.name_of(garden)))

    def _usual_place(self) -> Path:
        """Beside the garden of this window; that of somebody who has no other lies where nobody looks."""
        here = self._session.garden.folder
        if here != usual_garden():
            return here.parent
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(documents) if documents else Path.home()

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        here = self._session.garden.folder
        for garden in dict.fromkeys([here, *self._known.all()]):
            text = self.tr("{0}   ({1})").format(self.name_of(garden), garden)
            action = self._menu.addAction(text.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(garden == here)
            action.triggered.connect(lambda _checked=False, garden=garden: self.open(garden))


def open_window(garden: Path) -> bool:
    """Start the program a second time, with this garden; returns whether the system could."""
    program, *arguments = command_for(garden)
    # In the folder of the package: wherever this window was started, the same program is found.
    beside = Path(flowersorter.__file__).parents[1]
    started = QProcess.startDetached(program, arguments, str(beside))
    return bool(started[0] if isinstance(started, tuple) else started)


def command_for(garden: Path) -> list[str]:
    """The command line that opens a garden in a window."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "flowersorter"]
    return [*program, "--garden", str(garden)]


def _made(folder: Path) -> Path:
    """Make a garden, with its empty library."""
    from flowersorter.library.collection import Garden

    check_can_become_one(folder)  # again: it may be a while since the person was told
    Garden.open(folder).close()
    return folder
