"""Moves the current photo by arrow, page, Home and End keys."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView

from flowersorter.ui.grid.view.section_layout import SectionLayout

Action = QAbstractItemView.CursorAction


class KeyboardCursor:
    """Keeps its column while moving up and down, also through shorter lines."""

    def __init__(self) -> None:
        self._row, self._column = -1, 0

    def row_after(self, action: Action, row: int, layout: SectionLayout, page_px: int, *, mirrored: bool) -> int:
        """Return the row that a key moves to; the same row at the end.

        Args:
            action: The movement of the key.
            row: The current row; it may be hidden in a folded section.
            layout: The positions of the photos, at least one.
            page_px: Height of the view.
            mirrored: Whether lines run from right to left.
        """
        if action == Action.MoveHome:
            return 0
        if action == Action.MoveEnd:
            return layout.last_shown(len(layout.sections) - 1)
        if action in (Action.MoveLeft, Action.MoveRight, Action.MoveNext, Action.MovePrevious):
            forward = action in (Action.MoveNext, Action.MoveLeft if mirrored else Action.MoveRight)
            return layout.beside(row, 1 if forward else -1)
        row = min(row, layout.last_shown(layout.section_of(row)))
        column = self._column if self._row == row else layout.column_of(row)
        if action in (Action.MovePageUp, Action.MovePageDown):
            step = max(layout.cells.height, page_px - layout.cells.height)
            y = layout.cell(row).center().y() + (step if action == Action.MovePageDown else -step)
            reached = layout.nearest(y, column)
        else:
            reached = layout.above_or_below(row, 1 if action == Action.MoveDown else -1, column)
        self._row, self._column = reached, column
        return reached
