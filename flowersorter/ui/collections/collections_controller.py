"""New, open and recent collections: each has a window of its own."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, QStandardPaths, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMenu

import flowersorter
from flowersorter.errors import CollectionLocked, UserError
from flowersorter.library.files.locations import recent_collections_file, usual_collection
from flowersorter.library.files.recent_collections import (
    RecentCollections,
    check_can_be_opened,
    check_can_become_one,
    is_collection,
)
from flowersorter.ui.desktop.hand_over import hand_over
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.workers.ask_disk import AskDisk
from flowersorter.workers.job_queue import Listener
from flowersorter.workers.paths_there import paths_there

if TYPE_CHECKING:
    from flowersorter.photos.scan import Roots

#: Folders and photos named in the window title.
SHOWN_IN_TITLE = 2


class CollectionsController(QObject):
    """Opens collections in other windows. Lives in the GUI thread.

    A second collection is opened by a second process, so that a crash of one does not affect the other.

    Args:
        session: The session of this window's collection.
        front: Shows its messages.
        menu: Lists the collections that were opened before, whenever it is about to be shown.
        parent: Owns it.
    """

    def __init__(self, session: Session, front: MessageSink, menu: QMenu, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._front, self._menu = session, front, menu
        self._known = RecentCollections(recent_collections_file())
        self._there: tuple[Path, ...] = ()  # the known ones whose drive answered last
        self._menu_disk, self._open_disk = AskDisk(self), AskDisk(self)
        menu.aboutToShow.connect(self._fill)
        menu.aboutToShow.connect(self.look)

    @Slot()
    def look(self) -> None:
        """Find out which known collections are there, for the menu."""
        known = self._known
        self._menu_disk.ask(lambda: paths_there(known.remembered(), is_collection), self._on_there)

    @property
    def is_asking(self) -> bool:
        """Whether disks are asked."""
        return self._menu_disk.is_asking or self._open_disk.is_asking

    def shutdown(self) -> None:
        """Wait a moment for the disks, and ask them nothing more."""
        self._menu_disk.shutdown()
        self._open_disk.shutdown()

    def title(self, roots: Roots) -> str:
        """Return the window title: folders, collection and program.

        Args:
            roots: The open folders and photos, if any.
        """
        names = [root.name or str(root) for root in ((roots,) if isinstance(roots, Path) else roots)]
        more = self.tr("{0} and {1} more").format(", ".join(names[:SHOWN_IN_TITLE]), len(names) - SHOWN_IN_TITLE)
        parts = [more if len(names) > SHOWN_IN_TITLE else ", ".join(names)] if names else []
        here = self._session.collection.folder
        if here != usual_collection() or any(each != here for each in self._known.remembered()):
            parts.append(self.name_of(here))
        return " – ".join([*parts, self.tr("FlowerSorter")])

    def name_of(self, collection: Path) -> str:
        """Name a collection after its folder; the default collection gets a name of its own."""
        return self.tr("My collection") if collection == usual_collection() else collection.name or str(collection)

    # -- requests

    @Slot()
    def make(self) -> None:
        """Ask for a name and a folder, create the collection and open it in a new window."""
        from flowersorter.ui.collections.collection_dialog import NewCollectionDialog

        dialog = NewCollectionDialog(self._usual_place(), self._front.window)
        folder = dialog.folder if dialog.exec() == QDialog.DialogCode.Accepted else None
        without_classes = dialog.without_classes
        dialog.deleteLater()
        if folder is not None:
            self._session.queue.submit(
                self.tr("Creating the collection"),
                lambda _report, _cancel: _made(folder, without_classes=without_classes),
                Listener(succeeded=self._on_made),
            )

    @Slot()
    def choose(self) -> None:
        """Let the person choose a collection, and open it in a window of its own."""
        start = str(self._usual_place())
        chosen = QFileDialog.getExistingDirectory(self._front.window, self.tr("Open a collection"), start)
        if chosen:
            self.open(Path(chosen))

    def open(self, collection: Path) -> None:
        """Open a collection: bring its window forward, else start a new one; refuse a folder that is none."""
        if collection == self._session.collection.folder:
            self._front.bar.say(
                self.tr("The collection “{0}” is already open in this window.").format(self.name_of(collection))
            )
            return
        self._open_disk.ask(
            partial(check_can_be_opened, collection),
            lambda _usable: self._launch(collection),
            partial(self._on_refused, collection),
        )

    # -- execution

    def _on_refused(self, collection: Path, error: Exception) -> None:
        if isinstance(error, CollectionLocked):
            self._bring_forward(collection, error)
        else:
            self._front.complain(error)

    def _bring_forward(self, collection: Path, locked: CollectionLocked) -> None:
        """Bring the window of a collection forward; show an error where none answers, which may take a few seconds."""

        def answered(taken: object) -> None:
            if not taken:
                self._front.complain(locked)

        self._session.queue.submit(
            self.tr("Opening the collection"),
            lambda _report, _cancel: hand_over(collection, ()),
            Listener(succeeded=answered),
        )

    def _on_made(self, collection: object) -> None:
        assert isinstance(collection, Path)
        self._launch(collection)

    def _launch(self, collection: Path) -> None:
        if not open_window(collection):
            what = self.tr("The collection {0} cannot be opened").format(collection)
            self._front.complain(UserError(what, self.tr("a second window could not be started")))
            return
        self._known.remember(collection)
        self.look()
        self._front.bar.say(self.tr("“{0}” opens in a new window.").format(self.name_of(collection)))

    def _usual_place(self) -> Path:
        """The parent folder of this collection, unless it is the hidden default one."""
        here = self._session.collection.folder
        if here != usual_collection():
            return here.parent
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(documents) if documents else Path.home()

    def _on_there(self, collections: tuple[Path, ...]) -> None:
        if collections != self._there:
            self._there = collections
            self._fill()

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        here = self._session.collection.folder
        for collection in dict.fromkeys([here, *self._there]):
            text = self.tr("{0}   ({1})").format(self.name_of(collection), collection)
            action = self._menu.addAction(text.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(collection == here)
            action.triggered.connect(lambda _checked=False, collection=collection: self.open(collection))


def open_window(collection: Path) -> bool:
    """Start the program a second time, with this collection; return whether that worked."""
    program, *arguments = command_for(collection)
    # In the folder of the package: wherever this window was started, the same program is found.
    beside = Path(flowersorter.__file__).parents[1]
    started = QProcess.startDetached(program, arguments, str(beside))
    return bool(started[0] if isinstance(started, tuple) else started)


def command_for(collection: Path) -> list[str]:
    """The command line that opens a collection in a window."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "flowersorter"]
    return [*program, "--collection", str(collection)]


def _made(folder: Path, *, without_classes: bool) -> Path:
    """Make a collection with its empty library, and without the starter's classes if wanted."""
    from flowersorter.library.collection import CollectionStore
    from flowersorter.workflows.labelling.class_changes import start_without_classes

    check_can_become_one(folder)  # again: the first check may be a while ago
    with contextlib.closing(CollectionStore.open(folder)) as collection:
        if without_classes:
            start_without_classes(collection)
    return folder
