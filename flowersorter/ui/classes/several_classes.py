"""Undo steps that make or delete several classes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flowersorter.domain.changes import Changes
from flowersorter.ui.classes.class_commands import ClassContext, RemoveClassCommand
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.workflows.labelling.class_changes import add_classes, in_one_step
from flowersorter.workflows.labelling.pending_labels import LabelNews

#: Each step with its result, for `RemoveClassCommand.applied`.
Removed = list[tuple[RemoveClassCommand, object]]
Restored = list[tuple[RemoveClassCommand, LabelNews]]


class SeveralClassesCommand(LibraryCommand):
    """Deletes classes with the labels they have by then, and brings both back.

    Args:
        context: The library and views that it changes.
        text: For the Undo menu.
    """

    def __init__(self, context: ClassContext, text: str) -> None:
        super().__init__(context.library, context.stack, text, Changes.CLASSES | Changes.LABELS)
        self._context = context
        self._removals: list[RemoveClassCommand] = []

    def _remove(self) -> Removed:
        with in_one_step(self._context.collection):
            return [(each, each.apply()) for each in self._removals]

    def _restore(self) -> Restored:
        """Bring the classes back, the last removed first."""
        with in_one_step(self._context.collection):
            return [(each, each.revert()) for each in reversed(self._removals)]

    def _show_removed(self, result: Removed) -> None:
        for removal, removed in result:
            removal.applied(removed)

    def _show_restored(self, result: Restored) -> None:
        for removal, news in result:
            removal.reverted(news)

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

    def apply(self) -> Restored:
        """Make the classes, or bring them back."""
        if self._removals:
            return self._restore()
        made = add_classes(self._context.collection, self._names)
        self._removals = [RemoveClassCommand(self._context, each.id, 0, "") for each in made]
        return [(each, LabelNews()) for each in self._removals]

    def revert(self) -> Removed:
        """Delete the classes."""
        return self._remove()

    def applied(self, result: Restored) -> None:
        """Report new classes; show the photos of those that came back in them."""
        if self._first:
            self._first = False
            self._made(len(result))
        else:
            self._show_restored(result)

    def reverted(self, result: Removed) -> None:
        """Show the photos with their suggestions."""
        self._show_removed(result)


class DeleteClassesCommand(SeveralClassesCommand):
    """Deletes several classes; undo brings them back.

    Args:
        context: The library and views that it changes.
        class_ids: The classes.
        text: For the Undo menu.
        then: Called when they are deleted for the first time.
    """

    def __init__(self, context: ClassContext, class_ids: Sequence[int], text: str, then: Callable[[], None]) -> None:
        super().__init__(context, text)
        self._removals = [RemoveClassCommand(context, class_id, 0, "") for class_id in class_ids]
        self._then: Callable[[], None] | None = then

    def apply(self) -> Removed:
        """Delete the classes."""
        return self._remove()

    def revert(self) -> Restored:
        """Bring them back."""
        return self._restore()

    def applied(self, result: Removed) -> None:
        """Show their photos with other suggestions; the first time, go on."""
        self._show_removed(result)
        then, self._then = self._then, None
        if then is not None:
            then()

    def reverted(self, result: Restored) -> None:
        """Show their photos in them again."""
        self._show_restored(result)
