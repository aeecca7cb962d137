"""A list model over `PhotoColumns`: which photos are shown, in which order and sections, and which share a tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Signal

from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.ui.grid.arrange import arrange, in_their_order, move_only, whole
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows
from flowersorter.ui.grid.photo_filter import UNSTEADY, Order, PhotoFilter
from flowersorter.ui.grid.sections import Arrangement, Grouping, Identity, Section
from flowersorter.ui.grid.stacks.tiles import Apart, StackIds, Tiles, tiles_of

Index = QModelIndex | QPersistentModelIndex
#: Divides column rows, in the order they keep within a section, into sections.
LikenessArranger = Callable[[PhotoColumns, Rows], Arrangement]

MAX_SPANS = 64  # more separate changes than this are handled as one


class ArrangedModel(QAbstractListModel):
    """Shows the rows of `PhotoColumns` that a `PhotoFilter` lets through, divided into sections.

    A model row is a tile: a photo, or a stack of photos that look alike, of which it shows the first.

    Where photos move between sections the model is reset; a view that compares place ids keeps its place.
    Lives in the GUI thread.

    Attributes:
        columns: All photos of the folder.
        moves_softly: Whether the present change is an answer of the person, and may be animated.

    Signals:
        counts_changed: The counts of classes and pseudo-classes may have changed.
        sections_changed: The sections or their photos have changed.
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
        self._rankings: dict[Order, PhotoNumbers] = {}
        self._held: frozenset[Identity] = frozenset()
        self._held_until = 0
        self._stack_ids = StackIds()
        self._stacking, self._apart = False, Apart()
        self._shown = whole(np.zeros(0, np.intp))  # every photo that is shown, as if each were a tile
        self._tiles = Tiles.single(self._shown)
        self._order: Rows = self._shown.order  # model row -> column row
        self._found: Rows | None = None  # `_positions`, once they are needed
        self._outdated = False  # whether photos are shown where they do not belong any more

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Return the number of tiles."""
        return 0 if parent.isValid() else len(self._order)

    # -- display

    @property
    def filter(self) -> PhotoFilter:
        """The present filter."""
        return self._filter

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections, in the order shown; they cover all rows."""
        return self._tiles.sections

    def set_filter(self, wanted: PhotoFilter) -> None:
        """Change the filter, order or sections; setting the same filter again applies automatic changes."""
        if wanted == self._filter:
            self._filter = wanted  # its words may match other classes now
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

    def set_ranking(self, order: Order, ranking: PhotoNumbers, *, keep_in_view: bool = False) -> None:
        """Order by these numbers where this order is chosen; `keep_in_view` as in `rearrange`."""
        self._rankings[order] = ranking
        if self._filter.order is order:
            self.rearrange(keep_in_view=keep_in_view)

    def hold(self, sections: Iterable[Identity], until: int = 0) -> None:
        """Keep the order of the photos in these sections, which are in view, while they are in them.

        Photos after the place `until`, the last one in view, follow the new order; 0 for no such place.
        """
        self._held, self._held_until = frozenset(sections), until

    def rearrange(self, *, keep_in_view: bool = False) -> None:
        """Select, order and divide again, after suggestions, dates or look-alikes changed.

        Args:
            keep_in_view: Whether the photos of the sections in view keep their order; else all are ordered anew.
        """
        self._outdated = False
        wanted = self._arranged()
        self._take(self._settled(wanted) if keep_in_view else wanted)
        self.rearranged.emit()

    # -- stacks

    def set_stacks(self, stacks: PhotoNumbers) -> None:
        """Set the stacks (bursts and near-copies): by photo id, a photo of the stack."""
        if not stacks.equals(self._stack_ids.stacks):
            self._stack_ids.set_stacks(stacks)
            self._take(self._shown)

    def set_stacking(self, stacking: bool) -> None:
        """Put the photos of a stack on one tile, or each on its own."""
        self._stacking = stacking
        self._take(self._shown)

    def toggle_stacks(self, rows: Rows) -> bool:
        """Open the stacks of these model rows; where all of them are open, close them. Returns whether there is any."""
        rows = rows[rows >= 0]
        rows = rows[self._tiles.sizes[rows] > 1]
        closed = rows[self._tiles.numbers[rows] == 0]
        if len(closed):
            self._set_apart(self._apart.opened.union(self._photo_ids_on(closed)))
        elif len(rows):
            ids = self._stack_ids.of(self.columns.photo_ids)
            of_stacks = np.isin(ids, ids[self._order[rows]])
            self._set_apart(self._apart.opened.difference(self.columns.photo_ids[of_stacks].tolist()))
        return len(rows) > 0

    def open_stacks_for(self, place_ids: Iterable[int] | NDArray[np.int64]) -> None:
        """Open the stacks of which these places are a part only."""
        rows, wanted = np.unique(self._tile_rows(place_ids), return_counts=True)
        in_part = wanted < self.counts_on_tiles[rows]
        if in_part.any():
            self._set_apart(self._apart.opened.union(self._photo_ids_on(rows[in_part])))

    def let_none_join(self, place_ids: Iterable[int]) -> None:
        """Keep other photos of their stack off the tile of these places, which is shown in the large view.

        Photos that were shown there before can be joined from the next change on.
        """
        self._apart = replace(self._apart, joined_by_none=frozenset(place_ids))

    def let_all_join(self) -> None:
        """Put each stack on one tile again, once the large view is closed."""
        self.let_none_join(())
        self._take(self._shown)

    def is_one_tile(self, place_ids: Iterable[int]) -> bool:
        """Whether these are one photo, or photos of one closed stack."""
        rows = self._positions[self.columns.locate(place_ids)]
        return len(rows) == 1 or bool(len(rows) and rows[0] >= 0 and (rows == rows[0]).all())

    def _photo_ids_on(self, rows: Rows) -> list[int]:
        found: list[int] = self.columns.photo_ids[self._tiles.photos_of(rows)].tolist()
        return found

    def _set_apart(self, opened: frozenset[int]) -> None:
        self._apart = Apart(opened, self._apart.left_out)  # the person asks for these tiles
        self._take(self._shown)

    # -- positions

    @property
    def _positions(self) -> Rows:
        """(N,) the model row of each column row, -1 where it is hidden."""
        if self._found is None:
            self._found = self._tiles.rows_of_photos(len(self.columns))
        return self._found

    @property
    def photo_count(self) -> int:
        """How many photos are shown, those of stacks too."""
        return len(self._shown.order)

    def count_on(self, rows: range) -> int:
        """How many photos are on these consecutive model rows."""
        return self._tiles.count(rows)

    @property
    def counts_on_tiles(self) -> Rows:
        """(R,) how many photos are on each tile."""
        return np.diff(self._tiles.firsts)

    def place_ids(self, indexes: Iterable[Index]) -> list[int]:
        """Places of all photos on these tiles, in the order shown."""
        rows = np.sort(np.fromiter((index.row() for index in indexes), np.intp))
        found: list[int] = self.all_places_at(rows).tolist()
        return found

    def front_places_at(self, rows: Rows | slice) -> NDArray[np.int64]:
        """(M,) the place of the front photo of each of these (M,) model rows."""
        return self.columns.place_ids[self._order[rows]]

    def all_places_at(self, rows: Rows | range) -> NDArray[np.int64]:
        """(P,) the places of all photos on these (M,) ascending model rows, in the order shown."""
        at = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
        return self.columns.place_ids[self._tiles.photos_of(at)]

    def rows_of(self, place_ids: Iterable[int]) -> list[int]:
        """Model rows of these places, ascending; those not shown are left out."""
        rows: list[int] = np.unique(self._tile_rows(place_ids)).tolist()
        return rows

    def rows_at(self, place_ids: NDArray[np.int64]) -> Rows:
        """(M,) the model row of each place, -1 where it is not shown."""
        return self.columns.rows_among(place_ids, self._positions)

    def _tile_rows(self, place_ids: Iterable[int] | NDArray[np.int64]) -> Rows:
        at = self._positions[self.columns.locate(place_ids)]
        return at[at >= 0]

    # -- updates

    def _arranged(self) -> Arrangement:
        """Compute the photos and sections to show."""
        rows = self._filter.rows_shown(self.columns)
        ordered = self._filter.ordered(rows, self.columns, self._rankings.get(self._filter.order))
        if self._keeps_place and self._likeness is not None:
            return self._likeness(self.columns, ordered)
        return arrange(self._filter.divided_by, ordered, self.columns, self._class_order)

    def _settled(self, wanted: Arrangement) -> Arrangement:
        """Return an arrangement in which photos of the sections in view keep their order where it changes by itself."""
        if self._filter.order not in UNSTEADY:
            return wanted
        until: list[int] = self.columns.locate([self._held_until]).tolist()
        return in_their_order(wanted, self._shown, self._held, *until)

    def _end_reset(self) -> None:
        """Arrange anew and end a reset that was begun."""
        self._held, self._outdated = frozenset(), False
        wanted = self._arranged()
        self._show(wanted, self._tiled(wanted))
        self.endResetModel()
        self.sections_changed.emit()

    def _take(self, wanted: Arrangement) -> None:
        """Show photos and sections; without a reset where each tile keeps its photos.

        A selected tile that grew would let a key reach photos that were not selected; after a reset it is selected only
        where all of its photos were.
        """
        tiles, before = self._tiled(wanted), self._tiles
        if np.array_equal(tiles.photos, before.photos) and np.array_equal(tiles.firsts, before.firsts):
            self._show(wanted, tiles)
            self._repaint(np.flatnonzero((tiles.sizes != before.sizes) | (tiles.numbers != before.numbers)), [])
            changed = tiles.sections != before.sections
        else:
            self.beginResetModel()
            self._show(wanted, tiles)
            self.endResetModel()
            changed = True
        if changed:
            self.sections_changed.emit()

    def _tiled(self, wanted: Arrangement) -> Tiles:
        """Return the tiles of an arrangement; a ranking lists each photo separately, so it has no stacks."""
        if not self._stacking or self._filter.ranking:
            return Tiles.single(wanted)
        return tiles_of(wanted, self.columns, self._stack_ids.of(self.columns.photo_ids), self._apart)

    def _show(self, shown: Arrangement, tiles: Tiles) -> None:
        self._shown, self._tiles, self._order = shown, tiles, tiles.fronts
        self._found = None

    def _show_each(self, order: Rows) -> None:
        """Show these photos in one section, each on a tile."""
        shown = whole(order)
        self._show(shown, Tiles.single(shown))

    def _refresh(self, changed: Rows, *, automatic: bool = False) -> None:
        """Add, remove and move photos according to the filter and sections, then repaint the rest.

        Args:
            changed: Column rows, ascending.
            automatic: Whether they changed by themselves: no photo goes or moves then until `rearrange`, also when
                others change. Without sections, those that match now come last. A stack is never kept together.
        """
        if not len(changed):
            return
        if self._filter.divided_by is Grouping.NONE:
            changed = self._refresh_flat(changed, automatic=automatic)
        elif automatic and not self._keeps_place:
            self._outdated = True
            self._take(self._shown)
        elif self._outdated:
            self._take(self._with_moved(changed))
        else:
            self._take(self._settled(self._arranged()))
        self._changed(changed, [])
        self.counts_changed.emit()

    def _refresh_flat(self, changed: Rows, *, automatic: bool) -> Rows:
        """Show changed rows in a grid without sections; return (M,) the column rows to repaint, ascending."""
        match = self._filter.matches(self.columns, changed)
        shown = self._positions[changed] >= 0
        if automatic:
            match |= shown
        gone, come, wanted = changed[shown & ~match], changed[~shown & match], self._shown
        if len(gone) or len(come):
            stays = np.ones(len(self.columns), np.bool_)
            stays[gone] = False
            wanted = whole(self._with(wanted.order[stays[wanted.order]], come, at_end=automatic))
        if self._tiles.has_stacks or self._tiled(wanted).has_stacks:
            self._take(wanted)
        elif wanted is not self._shown:
            self._remove(np.sort(self._positions[gone]))
            self._insert(come, wanted.order)
            self.sections_changed.emit()
        return changed[shown & match]

    @property
    def _keeps_place(self) -> bool:
        """Whether the arranger by likeness decides, which keeps the sections that the person sees."""
        return self._likeness is not None and self._filter.divided_by is Grouping.LIKENESS

    def _with_moved(self, changed: Rows) -> Arrangement:
        """The present arrangement, with these column rows where they belong."""
        free = np.zeros(len(self.columns), np.bool_)
        free[changed] = True
        return move_only(self._shown, self._arranged(), free)

    def _with(self, order: Rows, rows: Rows, *, at_end: bool) -> Rows:
        """Add column rows: in order of name if the rows are in that order, else at the end."""
        by_name = not at_end and self._filter.is_by_name and bool((np.diff(order) > 0).all())
        together = np.append(order, rows)
        return np.sort(together) if by_name else together

    def _remove(self, positions: Rows) -> None:
        """Remove model rows, each a photo."""
        runs = spans(positions)
        if len(runs) > MAX_SPANS:
            self.beginResetModel()
            self._show_each(np.delete(self._order, positions))
            self.endResetModel()
            return
        for first, last in reversed(runs):
            self.beginRemoveRows(QModelIndex(), first, last)
            self._show_each(np.delete(self._order, np.arange(first, last + 1)))
            self.endRemoveRows()

    def _insert(self, rows: Rows, target: Rows) -> None:
        """Add column rows, each on a tile, so that all are in the order of the target."""
        new = np.zeros(len(self.columns), np.bool_)
        new[rows] = True
        runs = spans(np.flatnonzero(new[target])) if len(rows) else []
        if len(runs) > MAX_SPANS:
            self.beginResetModel()
            self._show_each(target)
            self.endResetModel()
            return
        for first, last in runs:
            self.beginInsertRows(QModelIndex(), first, last)
            self._show_each(np.insert(self._order, first, target[first : last + 1]))
            self.endInsertRows()

    def _changed(self, rows: Rows, roles: list[int]) -> None:
        """Repaint the tiles of these column rows."""
        at = self._positions[rows]
        self._repaint(np.sort(at[at >= 0]), roles)

    def _repaint(self, rows: Rows, roles: list[int]) -> None:
        """Repaint these model rows, ascending."""
        runs = spans(rows)
        if len(runs) > MAX_SPANS:
            runs = [(runs[0][0], runs[-1][1])]
        for first, last in runs:
            self.dataChanged.emit(self.index(first), self.index(last), roles)


def spans(numbers: Rows) -> list[tuple[int, int]]:
    """Group ascending numbers into runs (first, last)."""
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts = numbers[np.concatenate([[0], breaks + 1])]
    lasts = numbers[np.concatenate([breaks, [len(numbers) - 1]])]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
