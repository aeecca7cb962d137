"""Asks a disk off the GUI thread: a network drive that is away may take minutes to answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Slot

from flowersorter.workers.latest_only import LatestOnly

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, eq=False)
class _Receiver:
    answered: Callable[[Any], None]
    failed: Callable[[Exception], None] | None


class AskDisk(QObject):
    """Asks one question at a time; the answer to an older one is dropped. Lives in the GUI thread.

    Args:
        parent: Owns it, and calls `shutdown` before it ends.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = LatestOnly(self)
        self._is_asking = False
        self._latest.loaded.connect(self._on_answer)
        self._latest.failed.connect(self._on_failed)

    def ask(
        self,
        question: Callable[[], Answer],
        answered: Callable[[Answer], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Ask a question in another thread.

        Args:
            question: Asks the disk; touches nothing of the window.
            answered: Called in the GUI thread with the answer.
            failed: Called there with the error; without it an error is raised there.
        """
        self._is_asking = True
        self._latest.request(_Receiver(answered, failed), question)

    @property
    def is_asking(self) -> bool:
        """Whether an answer is awaited."""
        return self._is_asking

    def forget(self) -> None:
        """Drop the answer to the last question."""
        self._is_asking = False
        self._latest.forget()

    @Slot()
    def shutdown(self) -> None:
        """Ask no more, and wait a moment for the running question."""
        self._is_asking = False
        self._latest.shutdown()

    @Slot(object, object)
    def _on_answer(self, receiver: _Receiver, answer: object) -> None:
        self._is_asking = False
        receiver.answered(answer)

    @Slot(object, object)
    def _on_failed(self, receiver: _Receiver, error: Exception) -> None:
        self._is_asking = False
        if receiver.failed is None:
            raise error
        receiver.failed(error)
