"""Lets the window paint and answer between the news that threads send it: Qt delivers all that wait in one go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial, wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot

#: Calls that take longer together wait for one another; well below what a person feels.
TURN_S = 0.005


class Turns(QObject):
    """Makes calls in their order, in each turn of the event loop only as many as fit into it.

    The first call of a turn is made at once. The timer runs only while one may have to wait. Lives in the GUI thread.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], object]] = deque()
        self._left_s = TURN_S
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._on_turn)

    def take(self, call: Callable[[], object]) -> None:
        """Make a call after all that were taken before."""
        self._calls.append(call)
        self._timer.start()
        self._go_on()

    def rest(self) -> None:
        """Stop the timer if no call waits; at shutdown, when nothing more may come."""
        if not self._calls:
            self._timer.stop()

    @Slot()
    def _on_turn(self) -> None:
        self._left_s = TURN_S
        if self._calls:
            self._go_on()
        else:
            self._timer.stop()

    def _go_on(self) -> None:
        while self._calls and self._left_s > 0:
            call, started = self._calls.popleft(), time.perf_counter()
            try:
                call()
            finally:
                self._left_s -= time.perf_counter() - started


class _TakesTurns(Protocol):
    _turns: Turns


Receiver = TypeVar("Receiver", bound=_TakesTurns)
Arguments = ParamSpec("Arguments")


def in_turn(
    slot: Callable[Concatenate[Receiver, Arguments], None],
) -> Callable[Concatenate[Receiver, Arguments], None]:
    """Let a slot of an object with `_turns` be called in its turn."""

    @wraps(slot)
    def wait(self: Receiver, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        self._turns.take(partial(slot, self, *arguments, **named))

    return wait
