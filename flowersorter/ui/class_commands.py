"""Changes of the list of classes that can be undone: a class made for photos, and another order."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtGui import QUndoCommand

from flowersorter.errors import FlowerSorterError
from flowersorter.library.classes import ClassTable, PhotoClass
from flowersorter.ui.commands import CorrectCommand, Desk

log = logging.getLogger(__name__)


class NewClassCommand(CorrectCommand):
    """Gives photos a class that was just made for them; taken back, the class goes too, if it is empty then.

    Args:
        desk: Where to write.
        made: The class; it is there already when the command is pushed.
        photos: Photo ids that go into it.
        unread: Place ids of photos that are not read yet.
        text: For the Undo menu.
        refresh: Shows the classes anew.
    """

    def __init__(
        self,
        desk: Desk,
        made: PhotoClass,
        photos: Sequence[int],
        unread: Sequence[int],
        text: str,
        refresh: Callable[[], None],
    ) -> None:
        super().__init__(desk, dict.fromkeys(photos, made.id), dict.fromkeys(unread, made.id), text)
        self._table, self._made, self._refresh = desk.garden.classes, made, refresh
        self._there = True

    def _do(self) -> None:
        if not self._there:
            self._table.put_back(self._made)
            self._there = True
            self._refresh()
        super()._do()

    def _take_back(self) -> None:
        super()._take_back()
        # As it is now: it may have been renamed or moved since.
        self._made = next((each for each in self._table.all() if each.id == self._made.id), self._made)
        self._there = not self._table.take_out(self._made.id)
        self._refresh()


class OrderCommand(QUndoCommand):
    """Puts the classes in another order.

    Args:
        table: The classes.
        before: Their ids as they are ordered now.
        after: As they will be.
        text: For the Undo menu.
        refresh: Shows the classes anew.
        failed: Tells the person why nothing was changed.
    """

    def __init__(
        self,
        table: ClassTable,
        before: Sequence[int],
        after: Sequence[int],
        text: str,
        refresh: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(text)
        self._table, self._before, self._after = table, tuple(before), tuple(after)
        self._refresh, self._failed = refresh, failed

    def redo(self) -> None:
        """Put them in the new order."""
        self._put(self._after)

    def undo(self) -> None:
        """Put them back in the old one."""
        self._put(self._before)

    def _put(self, ids: Sequence[int]) -> None:
        """An exception that left `redo` would leave the command on the stack as if it were done."""
        try:
            self._table.reorder(ids)
        except (FlowerSorterError, OSError, sqlite3.Error) as error:
            log.exception("The order of the classes could not be saved")
            self.setObsolete(True)
            self._failed(error)
            return
        self._refresh()


def moved(ids: Sequence[int], class_id: int, before: int) -> list[int]:
    """The ids with one of them put where the one at `before` stands now; at the end where there is none."""
    rest = [each for each in ids[:before] if each != class_id]
    return [*rest, class_id, *(each for each in ids[before:] if each != class_id)]


def share_of(counts: Mapping[str, int], most: int = 3) -> str:
    """Where photos come from: "9 of roses, 3 of tulips"; "" where nobody knows."""
    named = sorted(((name, count) for name, count in counts.items() if name), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count} × {name}" for name, count in named[:most]) + (", …" if len(named) > most else "")
