"""Positions of headers and photos: sections as arrays, found by binary search; knows no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect

from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.sections import Identity, Section

#: Room below a section that has a header.
GAP_PX = 8


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one size, in columns.

    Attributes:
        columns: Cells in a line, at least 1.
        width: Of a cell, in pixels.
        height: Of a cell, in pixels.
    """

    columns: int
    width: int
    height: int


class SectionLayout:
    """Positions in pixels, from the top left of the whole content.

    Args:
        sections: The sections of the model; they cover its rows in order.
        cells: Size and columns of the photos' cells.
        header_height: Returns the height of a section's header, 0 for none.
        is_folded: Whether a section shows one line only.

    Attributes:
        sections: As given.
        cells: As given.
        tops: (S,) y of each section.
        height: Of the whole content.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        cells: Cells,
        header_height: Callable[[Section], int],
        is_folded: Callable[[Section], bool],
    ) -> None:
        self.sections, self.cells = sections, cells
        size = len(sections)
        self._firsts = np.fromiter((each.first for each in sections), np.intp, size)
        counts = np.fromiter((len(each.rows) for each in sections), np.intp, size)
        folded = np.fromiter((is_folded(each) for each in sections), np.bool_, size)
        self._shown = np.where(folded, np.minimum(counts, cells.columns), counts)
        self._headers = np.fromiter((header_height(each) for each in sections), np.intp, size)
        self._counts = counts
        lines = -(-self._shown // cells.columns)
        heights = self._headers + lines * cells.height + np.where(self._headers > 0, GAP_PX, 0)
        bottoms = np.cumsum(heights)
        self.tops = bottoms - heights
        self.height = int(bottoms[-1]) if size else 0
        self._numbers: dict[Identity, int] | None = None

    # -- sections

    def number_of(self, identity: Identity) -> int:
        """The number of a section, -1 where it is not here."""
        if self._numbers is None:
            self._numbers = {section.identity: number for number, section in enumerate(self.sections)}
        return self._numbers.get(identity, -1)

    def section_of(self, row: int) -> int:
        """The number of the section that a row is in."""
        return int(np.searchsorted(self._firsts, row, side="right")) - 1

    def section_at(self, y: int) -> int:
        """The number of the section at a height; beyond the content the nearest one, -1 without any."""
        return max(0, int(np.searchsorted(self.tops, y, side="right")) - 1) if self.sections else -1

    def sections_between(self, top: int, bottom: int) -> range:
        """Numbers of the sections that reach into a strip."""
        if not self.sections or bottom <= 0 or top >= self.height:
            return range(0)
        return range(self.section_at(top), self.section_at(bottom - 1) + 1)

    def header_height(self, number: int) -> int:
        """The height of a section's header, 0 for none."""
        return int(self._headers[number])

    def top(self, number: int) -> int:
        """The y of a section, and of its header."""
        return int(self.tops[number])

    def bottom(self, number: int) -> int:
        """The y below the last line of a section."""
        lines = -(-int(self._shown[number]) // self.cells.columns)
        return self._first_line(number) + lines * self.cells.height

    def hidden(self, number: int) -> int:
        """Number of tiles that a folded section hides."""
        return int(self._counts[number] - self._shown[number])

    def last_shown(self, number: int) -> int:
        """The last row of a section that is shown."""
        return int(self._firsts[number] + self._shown[number]) - 1

    # -- cells

    def cell(self, row: int) -> QRect:
        """The cell of a row; null where it is hidden in a folded section."""
        number = self.section_of(row)
        at = row - int(self._firsts[number])
        if at >= self._shown[number]:
            return QRect()
        line, column = divmod(at, self.cells.columns)
        width, height = self.cells.width, self.cells.height
        return QRect(column * width, self._first_line(number) + line * height, width, height)

    def is_hidden(self, row: int) -> bool:
        """Whether a row is hidden in a folded section."""
        number = self.section_of(row)
        return bool(row - self._firsts[number] >= self._shown[number])

    def row_at(self, x: int, y: int) -> int:
        """The row whose cell is at a point, -1 for none."""
        if not self.sections or not 0 <= y < self.height or x < 0:
            return -1
        number, column = self.section_at(y), x // self.cells.width
        inside = y - self._first_line(number)
        if inside < 0 or column >= self.cells.columns:
            return -1
        at = inside // self.cells.height * self.cells.columns + column
        return int(self._firsts[number]) + at if at < self._shown[number] else -1

    def rows_between(self, top: int, bottom: int) -> list[int]:
        """Rows whose cells reach into a strip, ascending."""
        return [row for first, last in self.runs_in(0, top, self.row_width, bottom) for row in range(first, last + 1)]

    @property
    def row_width(self) -> int:
        """Width of a line of cells."""
        return self.cells.columns * self.cells.width

    def runs_in(self, left: int, top: int, right: int, bottom: int, margin: int = 0) -> Iterator[tuple[int, int]]:
        """Runs (first, last) of rows whose cells, smaller by a margin at each side, reach into a box."""
        width, height, columns = self.cells.width, self.cells.height, self.cells.columns
        first_column = max(0, (left + margin) // width)
        last_column = min(columns - 1, (right - 1 - margin) // width)
        if first_column > last_column or left >= right or top >= bottom:
            return
        for number in self.sections_between(top, bottom):
            start, first, shown = self._first_line(number), int(self._firsts[number]), int(self._shown[number])
            first_line = max(0, (top + margin - start) // height)
            last_line = min(-(-shown // columns) - 1, (bottom - 1 - margin - start) // height)
            if first_column == 0 and last_column == columns - 1 and first_line <= last_line:
                yield first + first_line * columns, first + min(shown, (last_line + 1) * columns) - 1
                continue
            for line in range(first_line, last_line + 1):
                begin, end = line * columns + first_column, min(shown - 1, line * columns + last_column)
                if begin <= end:
                    yield first + begin, first + end

    def shown_runs(self, first: int, last: int) -> list[tuple[int, int]]:
        """Rows from one to another without the hidden ones, as runs (first, last)."""
        if first > last or not self.sections:
            return []
        runs: list[tuple[int, int]] = []
        for number in range(self.section_of(first), self.section_of(last) + 1):
            begin, end = max(first, int(self._firsts[number])), min(last, self.last_shown(number))
            if begin > end:
                continue
            if runs and runs[-1][1] == begin - 1:
                runs[-1] = runs[-1][0], end
            else:
                runs.append((begin, end))
        return runs

    def shown_of(self, rows: Rows) -> Rows:
        """Select the rows of (M,) that are not hidden."""
        return rows[~self._hidden_of(rows)[1]] if len(rows) else rows

    def folded_over(self, rows: Rows) -> list[int]:
        """The numbers of the folded sections that hide some of (M,) rows."""
        numbers, hidden = self._hidden_of(rows)
        return [int(number) for number in np.unique(numbers[hidden])]

    def _hidden_of(self, rows: Rows) -> tuple[Rows, NDArray[np.bool_]]:
        """(M,) the number of the section of each row, and whether that hides it."""
        numbers = np.searchsorted(self._firsts, rows, side="right") - 1
        return numbers, np.asarray(rows - self._firsts[numbers] >= self._shown[numbers], np.bool_)

    # -- arrow keys

    def column_of(self, row: int) -> int:
        """The column of a visible row."""
        return int(row - self._firsts[self.section_of(row)]) % self.cells.columns

    def beside(self, row: int, step: int) -> int:
        """The next (1) or previous (-1) row that is shown, the same at either end."""
        number = self.section_of(row)
        first, last = int(self._firsts[number]), self.last_shown(number)
        if first <= row + step <= last:
            return row + step
        if step > 0:
            return int(self._firsts[number + 1]) if number + 1 < len(self.sections) else last
        if row > last:
            return last
        return self.last_shown(number - 1) if number else first

    def above_or_below(self, row: int, step: int, column: int) -> int:
        """The row one line down (1) or up (-1), nearest to a column, also in another section."""
        number, columns = self.section_of(row), self.cells.columns
        line = (row - int(self._firsts[number])) // columns + step
        lines = -(-int(self._shown[number]) // columns)
        if line < 0:
            if not number:
                return row
            number -= 1
            line = -(-int(self._shown[number]) // columns) - 1
        elif line >= lines:
            if number + 1 >= len(self.sections):
                return row
            number, line = number + 1, 0
        return self._in_line(number, line, column)

    def nearest(self, y: int, column: int) -> int:
        """The row nearest to a height, in or left of a column."""
        number = self.section_at(y)
        lines = -(-int(self._shown[number]) // self.cells.columns)
        line = (y - self._first_line(number)) // self.cells.height
        return self._in_line(number, min(lines - 1, max(0, line)), column)

    def _in_line(self, number: int, line: int, column: int) -> int:
        at = min(line * self.cells.columns + column, int(self._shown[number]) - 1)
        return int(self._firsts[number]) + at

    def _first_line(self, number: int) -> int:
        return int(self.tops[number] + self._headers[number])
