"""Corrections that can be undone: each is on disk before `redo` or `undo` returns."""

from __future__ import annotations

import itertools
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QUndoCommand

from flowersorter.domain.label import Label
from flowersorter.errors import FlowerSorterError
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.labelling import set_labels
from flowersorter.workflows.labelling.pending_labels import PendingLabels

Shown = Mapping[int, Label | None]  # by photo id

log = logging.getLogger(__name__)

#: A number for each correction, never used twice: commands that are gone leave runs behind which are not another's.
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class LabelContext:
    """Where corrections are written and who shows them.

    Attributes:
        collection: Keeps the labels.
        pending: Keeps the labels of photos that are not read yet.
        show_photos: Shows labels by photo id.
        show_places: Shows class ids by place id, of photos not read yet.
        failed: Tells the person why a correction was not saved.
        follow: Lets filed photos follow a correction, given its number and photo ids.
        unfollow: Lets them go back with the correction of that number.
    """

    collection: CollectionStore
    pending: PendingLabels
    show_photos: Callable[[Shown], None]
    show_places: Callable[[Mapping[int, int]], None]
    failed: Callable[[Exception], None]
    follow: Callable[[int, Iterable[int]], None]
    unfollow: Callable[[int], None]


class LabelCommand(QUndoCommand):
    """Gives photos a class, or with class id 0 takes their label away.

    Args:
        desk: Where to write.
        classes: Class id by photo id.
        unread: Class id by place id, for photos that are not read yet.
        text: For the Undo menu.
    """

    def __init__(self, desk: LabelContext, classes: Mapping[int, int], unread: Mapping[int, int], text: str) -> None:
        super().__init__(text)
        self._desk, self._classes, self._unread = desk, dict(classes), dict(unread)
        self._number = next(_numbers)
        self._correction: set_labels.Correction | None = None
        self._unread_before: dict[int, int] = {}

    def redo(self) -> None:
        """Write the labels."""
        self._try(self._do)

    def undo(self) -> None:
        """Put the labels back as they were."""
        self._try(self._take_back)

    def _try(self, call: Callable[[], None]) -> None:
        """An exception that left `redo` would leave the command on the stack as if it were done."""
        try:
            call()
        except (FlowerSorterError, OSError, sqlite3.Error) as error:
            log.exception("A correction could not be saved")
            self.setObsolete(True)
            self._desk.failed(error)

    def _do(self) -> None:
        desk = self._desk
        if self._correction is not None:
            set_labels.do_again(desk.collection, self._correction)
        elif any(class_id == 0 for class_id in self._classes.values()):
            self._correction = set_labels.clear(desk.collection, list(self._classes))
        elif self._classes:
            self._correction = set_labels.confirm(desk.collection, self._classes)
        if self._unread:
            self._unread_before = desk.pending.put(self._unread)
            desk.show_places(self._unread)
        if self._correction is not None:
            desk.show_photos(self._correction.after)
            desk.follow(self._number, self._correction.after)

    def _take_back(self) -> None:
        desk = self._desk
        if self._correction is not None:
            set_labels.take_back(desk.collection, self._correction)
            desk.show_photos(self._correction.before)
            desk.unfollow(self._number)
        if self._unread:
            self._undo_unread()

    def _undo_unread(self) -> None:
        """Photos that were read since have a label of their own by now."""
        desk = self._desk
        waiting = {at: self._unread_before.get(at, 0) for at in self._unread if desk.pending.holds(at)}
        desk.pending.put(waiting)
        desk.show_places(waiting)
        photos = [place.photo_id for place in desk.collection.photos.places(list(set(self._unread) - set(waiting)))]
        known = [photo_id for photo_id in photos if photo_id is not None]
        if known:
            desk.show_photos(set_labels.clear(desk.collection, known).after)


def as_shown(labels: Shown) -> dict[int, tuple[int, bool]]:
    """Labels as the photo model takes them."""
    return {
        photo_id: (label.class_id, label.origin == "person") if label is not None else (0, False)
        for photo_id, label in labels.items()
    }
