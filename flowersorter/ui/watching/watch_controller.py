"""Scans the open folder again when photos arrive in it, as long as the person wants that."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QTimer, Signal, Slot

from flowersorter.jobs.change_hints import AT_MOST_S, QUIET_S
from flowersorter.jobs.worker_threads import start_worker
from flowersorter.library.tables.settings import KEEP_WATCHING
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.status_bar import Until
from flowersorter.ui.watching.known_photos import KnownPhotos

if TYPE_CHECKING:
    from flowersorter.photos.scanning.folder_watch import FolderWatch

#: How long `shutdown` waits for the system to end a watch.
END_WITHIN_S = 0.5


class WatchController(QObject):
    """Watches the open folders, and says how many photos arrived. Lives in the GUI thread.

    Signals:
        arrived(text): New photos were found.
        places_requested(list of place ids, title): Show these photos.
    """

    arrived = Signal(str)
    places_requested = Signal(object, str)

    _changed = Signal()

    def __init__(
        self, session: Session, front: MessageSink, folder: FolderController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder = session, front, folder
        self._watch: FolderWatch | None = None
        self._first_s = 0.0  # monotonic, of the changes that wait for a scan
        self._before: KnownPhotos | None = None  # the photos known before that scan
        self._new: list[int] = []  # those found since the message was made
        self._said = ""
        self._quiet = QTimer(self, singleShot=True)
        self._quiet.timeout.connect(self._scan)
        self._changed.connect(self._on_changed)
        folder.opened.connect(self._restart)
        folder.closed.connect(self._stop)
        folder.labelled.connect(self._on_scanned)

    @property
    def handlers(self) -> dict[str, Callable[..., object]]:
        """The handlers of its actions, by name."""
        return {"keep_watching": self.set_watching}

    @property
    def watching(self) -> bool:
        """Whether the open folder is to be watched."""
        return self._session.state.setting(KEEP_WATCHING)

    @Slot(bool)
    def set_watching(self, watching: bool) -> None:
        """Watch the open folder, and others that are opened later, or stop that."""
        if watching == self.watching:
            return
        self._session.state.set_setting(KEEP_WATCHING, watching)
        self._restart()
        text = self.tr("New photos in the open folder are suggested as they arrive.")
        self._front.bar.say(text if watching else self.tr("The folder is not watched any more. F5 scans it again."))
        if watching:
            self._scan()  # photos may have arrived since the last one

    def shutdown(self) -> None:
        """Stop watching."""
        watch, self._watch = self._watch, None
        self._quiet.stop()
        if watch is not None:
            watch.stop(END_WITHIN_S)

    @Slot()
    def _restart(self) -> None:
        self._stop()
        if self.watching and self._folder.roots:
            self._begin(self._folder.roots)

    def _begin(self, roots: tuple[Path, ...]) -> None:
        from flowersorter.photos.scanning.folder_watch import FolderWatch  # imported here: most starts watch nothing

        self._watch = FolderWatch(roots, self._changed.emit, ignored=self._session.collection.folder)
        self._watch.start()

    @Slot()
    def _stop(self) -> None:
        watch, self._watch = self._watch, None
        self._quiet.stop()
        self._before, self._new = None, []
        if watch is not None:
            start_worker(watch.stop, "folder-watch-end")  # the system may be slow to end it

    @Slot()
    def _on_changed(self) -> None:
        """Wait until nothing changes any more, but not for ever."""
        if self._watch is None:
            return  # of a folder that is closed
        now_s = time.monotonic()
        if not self._quiet.isActive():
            self._first_s = now_s
        self._quiet.start(round(1000 * max(0.0, min(QUIET_S, self._first_s + AT_MOST_S - now_s))))

    @Slot()
    def _scan(self) -> None:
        if not self._folder.roots:
            return
        if self._before is None and self._folder.complete:  # else none of its photos is known yet
            self._before = KnownPhotos.of(self._session.photos.columns)
        self._folder.rescan(automatic=True)

    @Slot()
    def _on_scanned(self) -> None:
        """Say how many photos are new; those of an earlier message that is still shown are counted again."""
        before, self._before = self._before, None
        if before is None:
            return
        found = before.new_places(self._session.photos.columns)
        if not len(found):
            return
        if not self._said or self._front.bar.message.text() != self._said:
            self._new = []
        self._new += found.tolist()
        number = len(self._new)
        self._said = self.tr("1 new photo.")
        if number > 1:
            self._said = self.tr("{0} new photos.").format(QLocale().toString(number))
        self._front.bar.say(self._said, (self.tr("Show"), self._show), until=Until.NEXT)
        self.arrived.emit(self._said)

    def _show(self) -> None:
        self.places_requested.emit(list(self._new), self.tr("New photos"))
