"""A list model over `PhotoColumns`: which photos are shown, in which order and sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Signal

from flowersorter.ui.grid.arrange import move_only, whole
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows
from flowersorter.ui.grid.photo_filter import PhotoFilter
from flowersorter.ui.grid.sections import Arrangement, Grouping, Section

Index = QModelIndex | QPersistentModelIndex
#: Divides column rows, in the order they keep within a section, into sections.
LikenessArranger = Callable[[PhotoColumns, Rows], Arrangement]

MAX_SPANS = 64  # more separate changes than this are one big change


class ArrangedModel(QAbstractListModel):
    """Shows the rows of `PhotoColumns` that a `PhotoFilter` lets through, divided into sections.

    Where photos move between sections the model is reset; a view that compares place ids keeps its place.
    Lives in the GUI thread.

    Attributes:
        columns: All photos of the folder.
        moves_softly: Whether what happens now is an answer of the person, and may be shown as a motion.

    Signals:
        counts_changed: The counts of classes and pseudo-classes may have changed.
        sections_changed: Other sections, or other photos in them.
        rearranged: Ordered again, without a reset where that changed nothing.
    """

    counts_changed = Signal()
    sections_changed = Signal()
    rearranged = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = PhotoColumns()
        self.moves_softly = False
        self._filter = PhotoFilter()
        self._likeness: LikenessArranger | None = None
        self._class_order: tuple[int, ...] = ()
        self._order: Rows = np.zeros(0, np.intp)  # model row -> column row
        self._sections: tuple[Section, ...] = ()
        self._positions: Rows = np.zeros(0, np.intp)  # column row -> model row, -1 where hidden
        self._outdated = False  # photos are shown where they do not belong any more

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """How many photos are shown."""
        return 0 if parent.isValid() else len(self._order)

    # -- what is shown

    @property
    def filter(self) -> PhotoFilter:
        """The present filter."""
        return self._filter

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections, in the order shown; they cover all rows."""
        return self._sections

    def set_filter(self, wanted: PhotoFilter) -> None:
        """Show something else, in another order or in other sections; the same again takes up automatic changes."""
        if wanted == self._filter:
            self.rearrange()
        else:
            self.beginResetModel()
            self._filter = wanted
            self._end_reset()

    def set_likeness_arranger(self, arranger: LikenessArranger) -> None:
        """Divide photos by likeness with this; until it is set they are divided by class."""
        self._likeness = arranger
        if self._filter.divided_by is Grouping.LIKENESS:
            self.rearrange()

    def rearrange(self) -> None:
        """Select, order and divide again, after suggestions, dates or look-alikes changed."""
        self._outdated = False
        self._take(self._arranged())
        self.rearranged.emit()

    # -- where photos are

    def place_ids(self, indexes: Iterable[Index]) -> list[int]:
        """Places behind these indexes, in the order shown."""
        rows = np.sort(np.fromiter((index.row() for index in indexes), np.intp))
        return [int(place_id) for place_id in self.places_at(rows)]

    def places_at(self, rows: Rows | slice) -> NDArray[np.int64]:
        """(M,) the places of these model rows."""
        return self.columns.place_ids[self._order[rows]]

    def rows_of(self, place_ids: Iterable[int]) -> list[int]:
        """Model rows of these places, ascending; those not shown are left out."""
        at = self._positions[self.columns.locate(place_ids)]
        return sorted(at[at >= 0].tolist())

    def rows_at(self, place_ids: NDArray[np.int64]) -> Rows:
        """(M,) the model row of each place, -1 where it is not shown."""
        return self.columns.rows_among(place_ids, self._positions)

    # -- how it stays in step

    def _arranged(self) -> Arrangement:
        """Photos and sections as they should be shown now."""
        rows = np.flatnonzero(self._filter.matches(self.columns))
        if self._likeness is not None and self._filter.divided_by is Grouping.LIKENESS:
            return self._likeness(self.columns, self._filter.ordered(rows, self.columns))
        return self._filter.arrange(rows, self.columns, self._class_order)

    def _end_reset(self) -> None:
        """Arrange anew and end a reset that was begun."""
        arrangement, self._outdated = self._arranged(), False
        self._order, self._sections = arrangement.order, arrangement.sections
        self._number()
        self.endResetModel()
        self.sections_changed.emit()

    def _take(self, wanted: Arrangement) -> None:
        """Show photos and sections as wanted; without a reset where no photo moves."""
        if np.array_equal(wanted.order, self._order):
            changed, self._sections = wanted.sections != self._sections, wanted.sections
        else:
            self.beginResetModel()
            self._order, self._sections = wanted.order, wanted.sections
            self._number()
            self.endResetModel()
            changed = True
        if changed:
            self.sections_changed.emit()

    def _number(self) -> None:
        self._positions = np.full(len(self.columns), -1, np.intp)
        self._positions[self._order] = np.arange(len(self._order))
        if self._filter.divided_by is Grouping.NONE:
            self._sections = whole(self._order).sections

    def _refresh(self, changed: Rows, *, automatic: bool = False) -> None:
        """Let photos come, go and move that now match the filter or belong elsewhere, then repaint the rest.

        Args:
            changed: Column rows, ascending.
            automatic: Whether they changed by themselves: no photo goes or moves then until `rearrange`, also when
                others change. Without sections, those that match now come last.
        """
        if not len(changed):
            return
        if self._filter.divided_by is not Grouping.NONE:
            if automatic and not self._keeps_place:
                self._outdated = True
            else:
                self._take(self._with_moved(changed) if self._outdated else self._arranged())
            self._changed(changed, [])
            self.counts_changed.emit()
            return
        match = self._filter.matches(self.columns, changed)
        shown = self._positions[changed] >= 0
        if automatic:
            match |= shown
        before = self._sections
        self._remove(np.sort(self._positions[changed[shown & ~match]]))
        self._insert(changed[~shown & match], at_end=automatic)
        if self._sections is not before:
            self.sections_changed.emit()
        self._changed(changed[shown & match], [])
        self.counts_changed.emit()

    @property
    def _keeps_place(self) -> bool:
        """Whether the arranger by likeness decides, which keeps the sections that the person sees."""
        return self._likeness is not None and self._filter.divided_by is Grouping.LIKENESS

    def _with_moved(self, changed: Rows) -> Arrangement:
        """The present arrangement, with these column rows where they belong."""
        free = np.zeros(len(self.columns), np.bool_)
        free[changed] = True
        return move_only(Arrangement(self._order, self._sections), self._arranged(), free)

    def _remove(self, positions: Rows) -> None:
        runs = spans(positions)
        if len(runs) > MAX_SPANS:
            self.beginResetModel()
            self._order = np.delete(self._order, positions)
            self._number()
            self.endResetModel()
            return
        for first, last in reversed(runs):
            self.beginRemoveRows(QModelIndex(), first, last)
            self._order = np.delete(self._order, np.arange(first, last + 1))
            self._number()
            self.endRemoveRows()

    def _insert(self, rows: Rows, *, at_end: bool) -> None:
        """Add column rows: at their place by name, else at the end, as where others were added there before."""
        if not len(rows):
            return
        by_name = not at_end and self._filter.is_by_name and bool((np.diff(self._order) > 0).all())
        target = np.sort(np.concatenate([self._order, rows])) if by_name else np.append(self._order, rows)
        runs = spans(np.searchsorted(target, rows)) if by_name else [(len(self._order), len(target) - 1)]
        if len(runs) > MAX_SPANS:
            self.beginResetModel()
            self._order = target
            self._number()
            self.endResetModel()
            return
        for first, last in runs:
            self.beginInsertRows(QModelIndex(), first, last)
            self._order = np.insert(self._order, first, target[first : last + 1])
            self._number()
            self.endInsertRows()

    def _changed(self, rows: Rows, roles: list[int]) -> None:
        at = self._positions[rows]
        runs = spans(np.sort(at[at >= 0]))
        if len(runs) > MAX_SPANS:
            runs = [(runs[0][0], runs[-1][1])]
        for first, last in runs:
            self.dataChanged.emit(self.index(first), self.index(last), roles)


def spans(numbers: Rows) -> list[tuple[int, int]]:
    """Ascending numbers as runs (first, last)."""
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate([[0], breaks + 1])]
    lasts = numbers[np.concatenate([breaks, [len(numbers) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
