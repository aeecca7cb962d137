"""Offers to make new classes for a folder that does not fit those of the collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from flowersorter.domain.folder_class_names import folders_like_classes
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.classes.classes_controller import ClassesController
from flowersorter.ui.grid.folder_controller import FolderController
from flowersorter.ui.grid.photo_grid import PhotoGrid
from flowersorter.ui.review.first_folder_bar import FirstFolderBar
from flowersorter.ui.shared.session import MessageSink, Session
from flowersorter.ui.shared.widgets import insert_above

#: Share of unknown photos from which classes for them are offered, and from which the others are so few that the
#: existing classes can go; photos from which a share counts.
_MANY_UNKNOWN, _NEARLY_ALL, _ENOUGH_PHOTOS = 0.5, 0.9, 10


class FirstFolderController(QObject):
    """Owns the bar with the offer. Lives in the GUI thread.

    Signals:
        naming_requested(): Ask for the classes of groups of look-alikes.
    """

    naming_requested = Signal()

    def __init__(
        self,
        session: Session,
        front: MessageSink,
        folder: FolderController,
        classes: ClassesController,
        grid: PhotoGrid,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._front, self._folder, self._classes = session, front, folder, classes
        self._bar = FirstFolderBar(grid.parentWidget())
        insert_above(self._bar, grid)
        self._declined: set[tuple[tuple[Path, ...], bool]] = set()
        self._folders: tuple[str, ...] = ()
        self._keeps_classes = False
        folder.opened.connect(self._bar.hide)
        folder.told.connect(self._offer)
        session.state.updated.connect(self._renew)
        self._bar.accepted.connect(self._on_accepted)
        self._bar.declined.connect(self._on_declined)

    @Slot()
    def _offer(self) -> None:
        """Offer sub-folders as classes, else new classes if the photos look like none of the existing ones."""
        self._folders = self._new_folders()
        if self._is_declined():
            self._bar.hide()
        elif self._folders:
            self._bar.offer_folders(self._folders)
        elif not self._offer_classes():
            self._bar.hide()

    @Slot()
    def _renew(self) -> None:
        """Withdraw the offer of new classes once a photo has a label: the classes are in use then."""
        if not self._bar.isHidden() and not self._folders:
            self._offer()

    def _is_declined(self) -> bool:
        return (self._folder.roots, bool(self._folders)) in self._declined

    def _new_folders(self) -> tuple[str, ...]:
        """Sub-folders that may be named after classes, if none of these classes exists yet."""
        roots = self._folder.roots
        if len(roots) != 1:
            return ()
        known = {each.name.casefold() for each in self._session.state.classes}
        found = folders_like_classes(roots[0], self._session.photos.columns.photos_by_folder())
        return () if any(name.casefold() in known for name in found) else found

    def _offer_classes(self) -> bool:
        """Offer classes for photos that look like none of those, while no photo has a label; whether there are many."""
        columns, names = self._session.photos.columns, [each.name for each in self._session.state.classes]
        verdicts = columns.verdicts[columns.verdicts != Verdict.NONE]
        unknown, photos = int(np.count_nonzero(verdicts == Verdict.UNKNOWN)), len(verdicts)
        if not names or self._session.state.label_counts:
            return False
        if photos < _ENOUGH_PHOTOS or unknown < _MANY_UNKNOWN * photos:
            return False
        self._keeps_classes = unknown < _NEARLY_ALL * photos
        if self._keeps_classes:
            self._bar.offer_more_classes(names, unknown, photos)
        else:
            self._bar.offer_own_classes(names)
        return True

    @Slot()
    def _on_declined(self) -> None:
        self._declined.add((self._folder.roots, bool(self._folders)))
        self._offer()

    @Slot()
    def _on_accepted(self) -> None:
        self._bar.hide()
        if self._folders:
            self._classes.add_all(self._folders, self._on_made)
        elif self._keeps_classes:
            self.naming_requested.emit()
        else:
            self._classes.delete_unlabelled(self.naming_requested.emit)

    def _on_made(self, count: int) -> None:
        self._front.bar.say(self.tr("{0} classes made from the sub-folders.").format(count))
        self._folder.rescan(quiet=False)
