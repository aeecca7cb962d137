"""Labels photos with classes from elsewhere, as one step that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flowersorter.domain.changes import Changes
from flowersorter.domain.label import Label
from flowersorter.domain.photo_class import PhotoClass
from flowersorter.ui.shared.library_command import LibraryCommand
from flowersorter.ui.shared.session import Session
from flowersorter.workflows.exchange.label_import.take_labels import TakenLabels, bring_back_classes, restore_labels


class TakeLabelsCommand(LibraryCommand):
    """Labels photos with classes from keywords or a file.

    Args:
        session: Its collection stores the labels.
        take: Stores the labels; called in the library's thread.
        text: For the Undo menu.
        show: Called with the labels after the change, by photo id, the photos with other answers than before, and the
            outcome; None for that after undo.
        complain: Shows the error that kept the labels from being stored.
    """

    def __init__(
        self,
        session: Session,
        take: Callable[[], TakenLabels],
        text: str,
        show: Callable[[Mapping[int, Label | None], Iterable[int], TakenLabels | None], None],
        complain: Callable[[Exception], None],
    ) -> None:
        super().__init__(session.library, session.undo_stack, text, Changes.LABELS | Changes.CLASSES)
        self._engine, self._take, self._show, self._complain = session.engine, take, show, complain
        self._taken: TakenLabels | None = None
        self._made: tuple[PhotoClass, ...] = ()
        self._removed: tuple[PhotoClass, ...] = ()

    def apply(self) -> TakenLabels:
        """Store the labels; classes that an undo removed return with the numbers that later steps know them by."""
        bring_back_classes(self._engine.collection, self._removed)
        self._taken = self._take()
        self._made = (*self._removed, *self._taken.made)
        return self._taken

    def revert(self) -> TakenLabels:
        """Restore the labels."""
        assert self._taken is not None, "they were stored"
        self._removed = restore_labels(self._engine.collection, self._taken, self._made)
        return self._taken

    def applied(self, result: Any) -> None:
        """Show the labels."""
        self._show({**result.after, **dict.fromkeys(result.unlabelled)}, result.marks, result)

    def reverted(self, result: Any) -> None:
        """Show the labels that were there before."""
        self._show({**result.before, **result.unlabelled}, result.marks, None)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._complain(error)
