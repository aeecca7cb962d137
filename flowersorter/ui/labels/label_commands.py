"""Undoable label changes: each is on disk before `redo` or `undo` returns."""

from __future__ import annotations

import itertools
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QUndoCommand

from flowersorter.errors import FlowerSorterError
from flowersorter.library.collection import CollectionStore
from flowersorter.workflows.labelling.pending_labels import LabelNews, LabelStep, PendingLabels

log = logging.getLogger(__name__)

#: A number for each correction, never used twice: commands that are gone leave runs behind which are not another's.
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class LabelContext:
    """Where corrections are written and who shows them.

    Attributes:
        collection: Keeps the classes.
        pending: Writes labels, also of photos that are not read yet.
        show: Shows labels that changed.
        failed: Tells the person why a correction was not saved.
        follow: Lets filed photos follow a correction, given its number and photo ids.
        unfollow: Lets them go back with the correction of that number.
    """

    collection: CollectionStore
    pending: PendingLabels
    show: Callable[[LabelNews], None]
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
        self._desk, self._step = desk, LabelStep(dict(classes), dict(unread))
        self._number, self._followed = next(_numbers), False

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
            log.exception("The change could not be saved")
            self.setObsolete(True)
            self._desk.failed(error)

    def _do(self) -> None:
        desk = self._desk
        desk.show(desk.pending.apply(self._step))
        self._followed = bool(self._step.photos)
        if self._followed:
            desk.follow(self._number, self._step.photos)

    def _take_back(self) -> None:
        desk = self._desk
        desk.show(desk.pending.take_back(self._step))
        if self._followed:
            desk.unfollow(self._number)
