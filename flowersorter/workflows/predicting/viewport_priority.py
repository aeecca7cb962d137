"""Which photos somebody is looking at, told to a labelling that runs."""

from __future__ import annotations

from collections.abc import Sequence


class ViewportPriority:
    """The places somebody is looking at, which are to be read first; asked for in one thread, taken in another."""

    def __init__(self) -> None:
        self._place_ids: tuple[int, ...] = ()

    def ask(self, place_ids: Sequence[int]) -> None:
        """Have these read next, in this order; what was asked for before is forgotten."""
        self._place_ids = tuple(place_ids)

    def take(self) -> tuple[int, ...]:
        """What was asked for last."""
        return self._place_ids
