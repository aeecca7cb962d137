"""Undoable changes of the list of classes: create, rename, merge, delete, reorder.

All but the order are shown once the library has stored them: a name may be refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtGui import QUndoStack

from flowersorter.domain.changes import Changes
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.library.collection import CollectionStore
from flowersorter.library.tables.class_undo import RemovedClass, RenamedClass
from flowersorter.ui.grid.photo_columns import OwnLabels
from flowersorter.ui.grid.photo_model import PhotoModel
from flowersorter.ui.labels.label_commands import Beside, LabelCommand, LabelContext
from flowersorter.ui.shared.library_command import LibraryCommand, Operations
from flowersorter.workflows.labelling.class_changes import (
    put_back_class,
    remove_class,
    rename_class,
    rename_class_back,
    reorder_classes,
    restore_class,
    take_out_class,
)
from flowersorter.workflows.labelling.pending_labels import LabelNews, PendingLabels

#: A number for each change, never used twice.
_numbers = itertools.count(1)


class NewClassCommand(LabelCommand):
    """Assigns a newly created class to photos; undo also deletes the class if it is empty then.

    Args:
        context: The library and views that it changes.
        collection: Keeps the class.
        made: The class; it is there already when the command is pushed.
        photos: Photo ids that go into it.
        unread: Place ids of photos that are not read yet.
        text: For the Undo menu.
        beside: Comes and goes with the labels.
    """

    def __init__(
        self,
        context: LabelContext,
        collection: CollectionStore,
        made: PhotoClass,
        photos: Sequence[int],
        unread: Sequence[int],
        text: str,
        beside: Beside | None = None,
    ) -> None:
        labels, pending = dict.fromkeys(photos, made.id), dict.fromkeys(unread, made.id)
        super().__init__(context, labels, pending, text, Changes.LABELS | Changes.CLASSES, beside=beside)
        self._collection, self._made, self._there = collection, made, True

    def apply(self) -> LabelNews:
        """Make the class again if it was deleted, and write the labels, in one step."""
        news = self._context.pending.apply(self._step, self._put_back)
        self._there = True
        return news

    def _put_back(self) -> None:
        if not self._there:
            put_back_class(self._collection, self._made)

    def revert(self) -> LabelNews:
        """Put the labels back and remove the class, in one step."""
        taken: list[tuple[PhotoClass, bool]] = []
        news = self._context.pending.take_back(
            self._step, lambda: taken.append(take_out_class(self._collection, self._made))
        )
        ((self._made, gone),) = taken
        self._there = not gone
        return replace(news, gone_class=self._made.id if gone else 0)

    def reverted(self, result: LabelNews) -> None:
        """Show the stored labels, and suggest the class no longer if it is gone."""
        outdated = self._context.view.forget_class(result.gone_class) if result.gone_class else ()
        super().reverted(result)
        self._context.refresh(outdated)


@dataclass(frozen=True, slots=True, eq=False)
class ClassContext:
    """Receivers of a change of classes: the library and the views.

    Attributes:
        library: Takes the operations.
        stack: The undo stack.
        collection: Keeps the classes and the labels.
        pending: Writes labels, also of photos that are not read yet; for the library's thread only.
        photos: The open folder.
        show_order: Shows the classes in the order of these ids, before the library has it.
        order_answered: Called when the library has answered; once for each `show_order`.
        rescan: Rescans the folder, so that its suggestions are renewed.
        failed: Shows the error that kept the change from being made.
        move_again: Moves sorted photos again after a redo, given the number of the change and both class names.
        move_back: Moves them back, given the number of the change.
        merged: Called with a class and the one that it was merged into.
        parted: Called with a class whose merge was undone.
    """

    library: Operations
    stack: QUndoStack
    collection: CollectionStore
    pending: PendingLabels
    photos: PhotoModel
    show_order: Callable[[Sequence[int]], None]
    order_answered: Callable[[], None]
    rescan: Callable[[], None]
    failed: Callable[[Exception], None]
    move_again: Callable[[int, str, str], None]
    move_back: Callable[[int], None]
    merged: Callable[[int, int], None]
    parted: Callable[[int], None]


class OrderCommand(LibraryCommand):
    """Puts the classes in another order.

    Args:
        context: The library and views that it changes.
        before: Their ids in the present order.
        after: Their ids in the new order.
        text: For the Undo menu.
    """

    def __init__(self, context: ClassContext, before: Sequence[int], after: Sequence[int], text: str) -> None:
        super().__init__(context.library, context.stack, text, Changes.CLASSES)
        self._context, self._before, self._after = context, tuple(before), tuple(after)

    def apply(self) -> None:
        """Put them in the new order."""
        reorder_classes(self._context.collection, self._after)

    def revert(self) -> None:
        """Put them back in the old one."""
        reorder_classes(self._context.collection, self._before)

    def show_applied(self) -> None:
        """Show the new order: the next move starts from it."""
        self._context.show_order(self._after)

    def show_reverted(self) -> None:
        """Show the old order."""
        self._context.show_order(self._before)

    def applied(self, result: None) -> None:
        """The library has the new order."""
        self._context.order_answered()

    def reverted(self, result: None) -> None:
        """The library has the old order."""
        self._context.order_answered()

    def not_applied(self) -> None:
        """Show the order that the library has."""
        self._context.order_answered()

    def not_reverted(self) -> None:
        """Show the order that the library has."""
        self._context.order_answered()

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._context.failed(error)


class ClassCommand(LibraryCommand):
    """A change of one class after which photos sorted into it may move.

    Args:
        context: The library and views that it changes.
        class_id: The class.
        text: For the Undo menu.
        changes: The parts of the library that it changes.

    Attributes:
        number: Its own.
        then: Called once, when the class is changed for the first time.
    """

    def __init__(self, context: ClassContext, class_id: int, text: str, changes: Changes) -> None:
        super().__init__(context.library, context.stack, text, changes)
        self.number = next(_numbers)
        self.then: Callable[[], None] | None = None
        self._context, self._class_id = context, class_id
        self._again = False

    def applied(self, result: object) -> None:
        """Move sorted photos again on redo; the first time `then` moves them."""
        if self._again:
            names = self.moved_between(result)
            if names is not None:
                self._context.move_again(self.number, *names)
        elif self.then is not None:
            self.then()
        self._again = True

    def reverted(self, result: object) -> None:
        """Move sorted photos back."""
        self._context.move_back(self.number)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._context.failed(error)

    def moved_between(self, result: object) -> tuple[str, str] | None:
        """Return the old and the new class of the sorted photos; None where none move."""
        raise NotImplementedError


class RenameClassCommand(ClassCommand):
    """Gives a class another name.

    Args:
        context: The library and views that it changes.
        class_id: The class.
        name: Its new name.
        text: For the Undo menu.
    """

    def __init__(self, context: ClassContext, class_id: int, name: str, text: str) -> None:
        super().__init__(context, class_id, text, Changes.CLASSES)
        self._name = name
        self._renamed: RenamedClass | None = None

    def apply(self) -> RenamedClass:
        """Rename it."""
        self._renamed = rename_class(self._context.collection, self._class_id, self._name)
        return self._renamed

    def revert(self) -> None:
        """Restore its former name."""
        assert self._renamed is not None
        rename_class_back(self._context.collection, self._renamed)

    def moved_between(self, result: object) -> tuple[str, str] | None:
        """From the old name to the new one."""
        assert isinstance(result, RenamedClass)
        return result.before.name, self._name


class RemoveClassCommand(ClassCommand):
    """Merges a class into another one, or deletes it; undo restores all its labels and names.

    Args:
        context: The library and views that it changes.
        class_id: The class to remove.
        into: The class that gets its photos; 0 if they lose their label.
        text: For the Undo menu.
    """

    def __init__(self, context: ClassContext, class_id: int, into: int, text: str) -> None:
        super().__init__(context, class_id, text, Changes.CLASSES | Changes.LABELS)
        self._into = into
        self._removed: RemovedClass | None = None
        self._said: OwnLabels = {}

    def apply(self) -> RemovedClass:
        """Remove it."""
        self._removed = remove_class(self._context.collection, self._context.pending, self._class_id, self._into)
        return self._removed

    def applied(self, result: object) -> None:
        """Show its photos in the other class, or with their suggestions."""
        self._said = self._context.photos.replace_classes([self._class_id], self._into)
        if self._into:
            self._context.merged(self._class_id, self._into)
        super().applied(result)
        self._context.rescan()

    def revert(self) -> LabelNews:
        """Bring it back."""
        assert self._removed is not None
        return restore_class(self._context.collection, self._context.pending, self._removed)

    def reverted(self, result: object) -> None:
        """Show its photos in it again."""
        assert isinstance(result, LabelNews)
        if self._into:
            self._context.parted(self._class_id)
        self._context.photos.set_place_labels(self._said)
        self._context.photos.show_labels(result)
        super().reverted(result)
        self._context.rescan()

    def moved_between(self, result: object) -> tuple[str, str] | None:
        """From the class that is gone to the other one."""
        assert isinstance(result, RemovedClass)
        return None if result.into is None else (result.photo_class.name, result.into.name)


def moved(ids: Sequence[int], class_id: int, before: int) -> list[int]:
    """Move one of the ids before the one at index `before`; to the end if there is none."""
    rest = [each for each in ids[:before] if each != class_id]
    return [*rest, class_id, *(each for each in ids[before:] if each != class_id)]


def share_of(counts: Mapping[str, int], most: int = 3) -> str:
    """List the current classes of photos: "9 × roses, 3 × tulips"; "" if none has one."""
    named = sorted(((name, count) for name, count in counts.items() if name), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count} × {name}" for name, count in named[:most]) + (", …" if len(named) > most else "")
