"""Lets the window prioritise the visible photos in a running job."""

from __future__ import annotations

from collections.abc import Sequence


class ViewportPriority:
    """Places to read first. The GUI thread sets them, the job thread reads them."""

    def __init__(self) -> None:
        self._place_ids: tuple[int, ...] = ()

    def ask(self, place_ids: Sequence[int]) -> None:
        """Read these places next, in this order, instead of those set before."""
        self._place_ids = tuple(place_ids)

    def take(self) -> tuple[int, ...]:
        """Return the places set last."""
        return self._place_ids
