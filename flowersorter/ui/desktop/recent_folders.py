"""Remembers which folders were open, and finds out which of them are there, off the GUI thread."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.library.tables.settings import LAST_FOLDER, LAST_ROOTS, RECENT_FOLDERS
from flowersorter.ui.shared.session import Session
from flowersorter.workers.latest_only import LatestOnly
from flowersorter.workers.paths_there import paths_there

if TYPE_CHECKING:
    from flowersorter.photos.scan import Roots  # here, because it loads the decoders

MAX_RECENT = 8


class RecentFolders(QObject):
    """Lists the folders opened before. Lives in the GUI thread; disks are checked in other threads.

    A disconnected network drive would otherwise freeze the window.

    Signals:
        found(list of Path): The folders opened before that exist, newest first.
        last_found(tuple of Path): The folders and photos of the last session that exist.
    """

    found = Signal(object)
    last_found = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = session.state
        self._opened: tuple[Path, ...] = ()  # not in the list yet
        self._recent, self._last, self._files = LatestOnly(self), LatestOnly(self), LatestOnly(self)
        self._recent.loaded.connect(self._on_recent)
        self._last.loaded.connect(self._on_last)
        self._files.loaded.connect(self._on_files)

    @Slot()
    def look(self) -> None:
        """Check which of the folders opened before exist; emits `found`."""
        folders = [Path(each) for each in self._state.setting(RECENT_FOLDERS)]
        self._recent.request(None, partial(paths_there, folders, Path.is_dir))

    def look_for_last(self) -> tuple[Path, ...]:
        """Check which roots of the last session exist; return all of them, none if nothing was open."""
        last = self._state.setting(LAST_ROOTS) or list(filter(None, [self._state.setting(LAST_FOLDER)]))
        roots = tuple(map(Path, last))
        if roots:
            self._last.request(None, partial(paths_there, roots))
        return roots

    @Slot(object)
    def remember(self, roots: Roots) -> None:
        """Store the opened roots for the next session; their folders move to the top of the list."""
        opened = (roots,) if isinstance(roots, Path) else tuple(roots)
        with suppress(UnicodeError):  # a name that is no text cannot be kept as JSON; it is only a convenience
            self._state.set_setting(LAST_ROOTS, list(map(str, opened)))
        self._opened = (*opened, *self._opened)
        self._files.request(self._opened, partial(paths_there, self._opened, Path.is_file))

    def shutdown(self) -> None:
        """Wait a moment for the running checks."""
        for each in (self._recent, self._last, self._files):
            each.shutdown()

    @Slot(object, object)
    def _on_files(self, opened: tuple[Path, ...], files: tuple[Path, ...]) -> None:
        self._opened = ()
        recent = [str(root) for root in opened if root not in files] + self._state.setting(RECENT_FOLDERS)
        with suppress(UnicodeError):
            self._state.set_setting(RECENT_FOLDERS, list(dict.fromkeys(recent))[:MAX_RECENT])
            self._state.set_setting(LAST_FOLDER, str(opened[0].parent if opened[0] in files else opened[0]))
        self.look()

    @Slot(object, object)
    def _on_recent(self, _key: object, folders: tuple[Path, ...]) -> None:
        self.found.emit(list(folders))

    @Slot(object, object)
    def _on_last(self, _key: object, roots: tuple[Path, ...]) -> None:
        self.last_found.emit(roots)
