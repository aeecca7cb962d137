"""Changes of the list of classes that can be undone: a class made, renamed, merged or deleted, and another order."""

from __future__ import annotations

import itertools
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QUndoCommand

from flowersorter.domain.photo_class import PhotoClass
from flowersorter.errors import ClassRefused, FlowerSorterError
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_undo_records import RemovedClass, RenamedClass
from flowersorter.library.tables.classes import ClassTable
from flowersorter.ui.grid.photo_columns import OwnLabels
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.labels.label_commands import LabelCommand, LabelContext
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels

log = logging.getLogger(__name__)

#: A number for each change, never used twice.
_numbers = itertools.count(1)


class NewClassCommand(LabelCommand):
    """Assigns a newly created class to photos; undo also deletes the class if it is empty then.

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
        desk: LabelContext,
        made: PhotoClass,
        photos: Sequence[int],
        unread: Sequence[int],
        text: str,
        refresh: Callable[[], None],
    ) -> None:
        super().__init__(desk, dict.fromkeys(photos, made.id), dict.fromkeys(unread, made.id), text)
        self._table, self._made, self._refresh = desk.collection.classes, made, refresh
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


@dataclass(frozen=True, slots=True, eq=False)
class ClassContext:
    """Where classes are changed, and who shows it.

    Attributes:
        collection: Keeps the classes and the labels.
        pending: Writes labels, also of photos that are not read yet.
        photos: The open folder.
        refresh: Shows the classes anew.
        look_again: Rescans the folder, so that its suggestions are renewed.
        failed: Tells the person why nothing was changed.
        move_again: Moves sorted photos again after a redo, given the number of the change and both class names.
        move_back: Lets them go back with the change of that number.
    """

    collection: CollectionStore
    pending: PendingLabels
    photos: PhotoModel
    refresh: Callable[[], None]
    look_again: Callable[[], None]
    failed: Callable[[Exception], None]
    move_again: Callable[[int, str, str], None]
    move_back: Callable[[int], None]


class ClassCommand(QUndoCommand):
    """A change of one class that photos filed under it may follow.

    Args:
        desk: Where to write.
        class_id: The class.
        text: For the Undo menu.

    Attributes:
        number: Its own.
    """

    def __init__(self, desk: ClassContext, class_id: int, text: str) -> None:
        super().__init__(text)
        self.number = next(_numbers)
        self._desk, self._class_id = desk, class_id
        self._again = False

    def redo(self) -> None:
        """Change the class. On the first call the caller moves the sorted photos."""
        if self._tried(self._do) and self._again:
            names = self._moved_between()
            if names is not None:
                self._desk.move_again(self.number, *names)
        self._again = True

    def undo(self) -> None:
        """Let it be as it was."""
        if self._tried(self._take_back):
            self._desk.move_back(self.number)

    def _tried(self, call: Callable[[], None]) -> bool:
        """An exception that left `redo` would leave the command on the stack as if it were done."""
        try:
            call()
        except (FlowerSorterError, OSError, sqlite3.Error) as error:
            log.exception("The classes could not be changed")
            self.setObsolete(True)
            self._desk.failed(error)
            return False
        self._desk.refresh()
        return True

    def _do(self) -> None:
        raise NotImplementedError

    def _take_back(self) -> None:
        raise NotImplementedError

    def _moved_between(self) -> tuple[str, str] | None:
        """Under which class filed photos were, and under which they are to be; None where none move."""
        raise NotImplementedError


class RenameClassCommand(ClassCommand):
    """Gives a class another name.

    Args:
        desk: Where to write.
        class_id: The class.
        name: Its new name.
        text: For the Undo menu.
    """

    def __init__(self, desk: ClassContext, class_id: int, name: str, text: str) -> None:
        super().__init__(desk, class_id, text)
        self._name = name
        self._renamed: RenamedClass | None = None

    def _do(self) -> None:
        self._renamed = self._desk.collection.classes.rename(self._class_id, self._name)

    def _take_back(self) -> None:
        assert self._renamed is not None
        self._desk.collection.classes.rename_back(self._renamed)

    def _moved_between(self) -> tuple[str, str] | None:
        return None if self._renamed is None else (self._renamed.before.name, self._name)


class RemoveClassCommand(ClassCommand):
    """Merges a class into another one, or deletes it; taken back, it has all its labels and names again.

    Args:
        desk: Where to write.
        class_id: The class that goes.
        into: Which class gets its photos; 0: they lose their label.
        text: For the Undo menu.
    """

    def __init__(self, desk: ClassContext, class_id: int, into: int, text: str) -> None:
        super().__init__(desk, class_id, text)
        self._into = into
        self._removed: RemovedClass | None = None
        self._said: OwnLabels = {}

    def _do(self) -> None:
        desk, classes = self._desk, self._desk.collection.classes
        removed = classes.merge(self._class_id, self._into) if self._into else classes.delete(self._class_id)
        if removed is None:
            raise ClassRefused("The class no longer exists")
        self._removed = removed
        desk.pending.reload()
        self._said = desk.photos.replace_class(self._class_id, self._into)
        desk.look_again()

    def _take_back(self) -> None:
        assert self._removed is not None
        desk = self._desk
        desk.collection.classes.restore(self._removed)
        desk.pending.reload()
        places = desk.collection.photos.places(self._removed.place_ids)
        read = {place.id: place.photo_id for place in places if place.photo_id is not None}
        desk.pending.settle(read)
        desk.photos.set_place_labels(self._said)
        desk.photos.show_labels(LabelNews(desk.collection.labels.get([*self._removed.photo_ids, *read.values()])))
        desk.look_again()

    def _moved_between(self) -> tuple[str, str] | None:
        removed = self._removed
        return None if removed is None or removed.into is None else (removed.photo_class.name, removed.into.name)


def moved(ids: Sequence[int], class_id: int, before: int) -> list[int]:
    """The ids with one of them put where the one at `before` stands now; at the end where there is none."""
    rest = [each for each in ids[:before] if each != class_id]
    return [*rest, class_id, *(each for each in ids[before:] if each != class_id)]


def share_of(counts: Mapping[str, int], most: int = 3) -> str:
    """List the current classes of photos: "9 × roses, 3 × tulips"; "" if none has one."""
    named = sorted(((name, count) for name, count in counts.items() if name), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count} × {name}" for name, count in named[:most]) + (", …" if len(named) > most else "")
