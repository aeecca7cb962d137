"""Undoable commands that change the library: shown at once, written in its thread, reverted on failure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from PySide6.QtGui import QUndoCommand, QUndoStack

from flowersorter.domain.changes import Changes

T = TypeVar("T")

log = logging.getLogger(__name__)


class Operations(Protocol):
    """Runs operations in the order they are submitted: a `LibraryQueue`, or something simpler in a test."""

    def submit(
        self,
        operation: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        changes: Changes = Changes.NOTHING,
    ) -> None:
        """Run an operation and report the outcome."""


class LibraryCommand(QUndoCommand):
    """Changes the library, and the window with it.

    The library runs operations in the order they are submitted, so `apply` and `revert` alternate and may keep data for
    each other in the command; no other method may read these. If one of them fails, the command is removed.

    Args:
        library: Takes the operations.
        stack: The stack it is pushed on.
        text: For the Undo menu.
        changes: The parts of the library that it changes.
    """

    def __init__(self, library: Operations, stack: QUndoStack, text: str, changes: Changes) -> None:
        super().__init__(text)
        self._library, self._stack, self._changes = library, stack, changes

    # -- for the library's thread

    def apply(self) -> Any:
        """Change the library; the result is passed to `applied`."""
        raise NotImplementedError

    def revert(self) -> Any:
        """Revert the library; the result is passed to `reverted`."""
        raise NotImplementedError

    # -- for the GUI thread

    def show_applied(self) -> None:
        """Show the change before it is written; the default waits for it."""

    def show_reverted(self) -> None:
        """Show the previous state before it is written; the default waits for it."""

    def not_applied(self) -> None:
        """Revert `show_applied`."""

    def not_reverted(self) -> None:
        """Revert `show_reverted`."""

    def applied(self, result: Any) -> None:
        """Show the change, now that it is written."""

    def reverted(self, result: Any) -> None:
        """Show the previous state, now that it is written."""

    def failed(self, error: Exception) -> None:
        """Show the error that kept the library from being changed."""
        raise NotImplementedError

    # -- called by the stack

    def redo(self) -> None:
        """Change the library."""
        if not self.isObsolete():
            # First, so that it is written while it is shown; the answer comes after that in any case.
            self._library.submit(self.apply, self.applied, self._on_not_applied, changes=self._changes)
            self.show_applied()

    def undo(self) -> None:
        """Revert the library."""
        if not self.isObsolete():
            self._library.submit(self.revert, self.reverted, self._on_not_reverted, changes=self._changes)
            self.show_reverted()

    def _on_not_applied(self, error: Exception) -> None:
        self.not_applied()
        self._give_up(error)

    def _on_not_reverted(self, error: Exception) -> None:
        self.not_reverted()
        self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Leave the stack, where the command would count as done; one below others is removed when it is reached."""
        log.error("A change could not be saved", exc_info=error)
        stack = self._stack
        self.setObsolete(True)
        self.failed(error)
        while (last := stack.command(stack.index() - 1)) is not None and last.isObsolete():
            stack.undo()
        while (following := stack.command(stack.index())) is not None and following.isObsolete():
            stack.redo()
