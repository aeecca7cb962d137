"""Undo steps that make or delete several classes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowersorter.domain.changes import Changes
from flowersorter.ui.classes.class_commands import ClassContext
from flowersorter.ui.grid.photo_columns import OwnLabels
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.workflows.labelling.class_changes import (
    RemovedClasses,
    RestoredClasses,
    add_classes,
    remove_classes,
    restore_classes,
)


class SeveralClassesCommand(LibraryCommand):
    """Deletes classes with the labels they have by then, and brings both back; the views change once for all of them.

    Args:
        context: The library and views that it changes.
        text: For the Undo menu.
        class_ids: The classes.
    """

    def __init__(self, context: ClassContext, text: str, class_ids: Sequence[int] = ()) -> None:
        super().__init__(context.library, context.stack, text, Changes.CLASSES | Changes.LABELS)
        self._context, self._class_ids = context, class_ids
        self._removed = RemovedClasses()
        self._said: OwnLabels = {}

    def _remove(self) -> Sequence[int]:
        """Delete them; return the ids of those that were there."""
        context = self._context
        self._removed = remove_classes(context.collection, context.pending, self._class_ids)
        return self._removed.class_ids

    def _restore(self) -> RestoredClasses:
        restored = restore_classes(self._context.collection, self._context.pending, self._removed)
        self._class_ids = restored.class_ids
        return restored

    def _show_removed(self, class_ids: Sequence[int]) -> None:
        """Show their photos with their suggestions."""
        self._said = self._context.photos.replace_classes(class_ids, 0)
        self._context.rescan()

    def _show_restored(self, restored: RestoredClasses) -> None:
        """Show their photos in them again, and which classes are not back."""
        kept = {at: label for at, label in self._said.items() if label[0] in restored.class_ids}
        self._context.photos.set_place_labels(kept)
        self._context.photos.show_labels(restored.news)
        self._context.rescan()
        if restored.error is not None:
            self.failed(restored.error)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._context.failed(error)


class AddClassesCommand(SeveralClassesCommand):
    """Makes several classes; undo deletes them with the labels they have by then, redo restores both.

    Args:
        context: The library and views that it changes.
        names: Their names; those that are refused are left out.
        text: For the Undo menu.
        made: Called with the number of classes when they are made for the first time.
    """

    def __init__(self, context: ClassContext, names: Sequence[str], text: str, made: Callable[[int], None]) -> None:
        super().__init__(context, text)
        self._names, self._made = names, made
        self._first = True

    def apply(self) -> RestoredClasses:
        """Make the classes, or bring them back."""
        if self._removed.removed:
            return self._restore()
        self._class_ids = [each.id for each in add_classes(self._context.collection, self._names)]
        return RestoredClasses(self._class_ids)

    def revert(self) -> Sequence[int]:
        """Delete the classes."""
        return self._remove()

    def applied(self, result: RestoredClasses) -> None:
        """Report new classes; show the photos of those that came back in them."""
        if self._first:
            self._first = False
            self._made(len(result.class_ids))
        else:
            self._show_restored(result)

    def reverted(self, result: Sequence[int]) -> None:
        """Show the photos with their suggestions."""
        self._show_removed(result)


class DeleteClassesCommand(SeveralClassesCommand):
    """Deletes several classes; undo brings them back.

    Args:
        context: The library and views that it changes.
        class_ids: The classes.
        text: For the Undo menu.
        then: Called with the number of classes when they are deleted for the first time.
    """

    def __init__(self, context: ClassContext, class_ids: Sequence[int], text: str, then: Callable[[int], None]) -> None:
        super().__init__(context, text, class_ids)
        self._then: Callable[[int], None] | None = then

    def apply(self) -> Sequence[int]:
        """Delete the classes."""
        return self._remove()

    def revert(self) -> RestoredClasses:
        """Bring them back."""
        return self._restore()

    def applied(self, result: Sequence[int]) -> None:
        """Show their photos with other suggestions; the first time, go on."""
        self._show_removed(result)
        then, self._then = self._then, None
        if then is not None:
            then(len(result))

    def reverted(self, result: RestoredClasses) -> None:
        """Show their photos in them again."""
        self._show_restored(result)
