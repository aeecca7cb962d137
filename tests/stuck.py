"""A call that ends only when the test lets it: a decoder busy for hours, a drive that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

LIMIT_S = 180


class Stuck:
    """Stands in for any function.

    Attributes:
        begun: Set when it is called.
        gate: To be set for its end.
    """

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()

    def __call__(self, *arguments: object, **named: object) -> None:
        """Wait for the gate."""
        del arguments, named
        self.begun.set()
        self.gate.wait()

    def when_begun(self, act: Callable[[], object]) -> None:
        """Call ``act`` in a thread of its own as soon as this is called."""

        def run() -> None:
            assert self.begun.wait(LIMIT_S)
            act()

        threading.Thread(target=run, daemon=True).start()
