"""Undoable label changes: shown at once, and written to the library as soon as it is free."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtGui import QUndoStack

from flowersorter.domain.changes import Changes
from flowersorter.domain.label import Label, LabelOrigin
from flowersorter.domain.photo_answers import PhotoAnswer
from flowersorter.ui.labels.label_view import LabelView
from flowersorter.ui.shared.library_command import LibraryCommand, Operations
from flowersorter.workflows.labelling.pending_labels import LabelNews, LabelStep, PendingLabels

#: A number for each command, never used twice: deleted commands leave sorts behind that belong to no other.
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, eq=False)
class LabelContext:
    """Receivers of a change of labels: the library and the views.

    Attributes:
        library: Takes the operations.
        stack: The undo stack.
        pending: Writes labels, also of photos that are not read yet; for the library's thread only.
        view: Shows labels.
        writing: Called with the ids of photos whose labels the library has begun to write.
        written: Called when labels and other answers are stored in the library, with the ids of their photos.
        failed: Shows the error that kept a label from being saved.
        follow: Moves sorted copies after a change of labels, given its number and photo ids.
        unfollow: Moves them back when the change with that number is undone.
        refresh: Shows the suggestions of these photos anew, after answers about them were added or removed.
    """

    library: Operations
    stack: QUndoStack
    pending: PendingLabels
    view: LabelView
    writing: Callable[[Collection[int]], None]
    written: Callable[[Collection[int]], None]
    failed: Callable[[Exception], None]
    follow: Callable[[int, Iterable[int]], None]
    unfollow: Callable[[int], None]
    refresh: Callable[[Collection[int]], None]


class Beside(Protocol):
    """A change on screen that is applied and reverted together with labels. Lives in the GUI thread."""

    def apply(self) -> None:
        """The labels are shown."""

    def revert(self) -> None:
        """They are shown no longer."""


class LabelCommand(LibraryCommand):
    """Labels photos, removes their label (class id 0), or stores other answers about them.

    Args:
        context: The library and views that it changes.
        classes: Class id by photo id.
        unread: Class id by place id, for photos that are not read yet.
        text: For the Undo menu.
        changes: The parts of the library that it changes.
        answers: Another answer by photo id; shown when it is written.
        beside: Comes and goes with them.
    """

    def __init__(
        self,
        context: LabelContext,
        classes: Mapping[int, int],
        unread: Mapping[int, int],
        text: str,
        changes: Changes = Changes.LABELS,
        answers: Mapping[int, PhotoAnswer] | None = None,
        beside: Beside | None = None,
    ) -> None:
        super().__init__(context.library, context.stack, text, changes)
        self._context, self._step = context, LabelStep(dict(classes), dict(unread), dict(answers or {}))
        labels = {photo: Label(to, LabelOrigin.PERSON) if to else None for photo, to in classes.items()}
        self._photos = frozenset((*classes, *(answers or {})))
        self._after, self._before = LabelNews(labels, dict(unread)), LabelNews()  # as the grid has them
        self._number, self._followed, self._beside = next(_numbers), False, beside

    def apply(self) -> LabelNews:
        """Write the labels."""
        return self._context.pending.apply(self._step)

    def revert(self) -> LabelNews:
        """Restore the previous labels."""
        return self._context.pending.take_back(self._step)

    def show_applied(self) -> None:
        """Show the labels."""
        self._context.writing(self._photos)
        self._before = self._context.view.shown_of(self._after)
        if self._beside is not None:
            self._beside.apply()
        self._context.view.show_at_once(self._after)

    def show_reverted(self) -> None:
        """Show the labels that were there before."""
        self._context.writing(self._photos)
        if self._beside is not None:
            self._beside.revert()
        self._context.view.show_at_once(self._before)

    def applied(self, result: LabelNews) -> None:
        """Show the stored labels, and move sorted copies."""
        self._context.view.answer(self._after, result)
        self._context.written([*result.labels, *result.answered])
        self._context.refresh(result.answered)
        self._followed = bool(result.labels)
        if self._followed:
            self._context.follow(self._number, result.labels)

    def reverted(self, result: LabelNews) -> None:
        """Show the stored labels, and move sorted copies back."""
        self._context.view.answer(self._before, result)
        self._context.written([*result.labels, *result.answered])
        self._context.refresh(result.answered)
        if self._followed:
            self._context.unfollow(self._number)

    def not_applied(self) -> None:
        """Show the labels that are still there."""
        if self._beside is not None:
            self._beside.revert()
        self._context.view.answer(self._after, self._before)

    def not_reverted(self) -> None:
        """Show the labels that are still there."""
        if self._beside is not None:
            self._beside.apply()
        self._context.view.answer(self._before, self._after)

    def failed(self, error: Exception) -> None:
        """Show the error."""
        self._context.failed(error)
