"""Keeps the photos in view in place while others are added, removed or moved to another section."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowersorter.ui.grid.photo_columns import Rows
from flowersorter.ui.grid.sections import Identity
from flowersorter.ui.grid.view.section_layout import SectionLayout

PlacesAt = Callable[[Rows], NDArray[np.int64]]
RowsAt = Callable[[NDArray[np.int64]], Rows]
#: Photos that follow and precede one, itself first: their sections and (N,) places.
Neighbours = tuple[list[Identity], NDArray[np.int64]]

_REACH = 64


@dataclass(frozen=True, slots=True, eq=False)
class ScrollAnchor:
    """Headers and photos in view and some that follow, from the top to the bottom.

    Attributes:
        sections: N sections that these are in.
        place_ids: (N,) places, 0 for a header.
        heights: (N,) y of each in the view.
    """

    sections: list[Identity]
    place_ids: NDArray[np.int64]
    heights: NDArray[np.intp]


def anchor_of(layout: SectionLayout, offset: int, height: int, places_at: PlacesAt) -> ScrollAnchor:
    """Record the headers and photos in view, and some that follow.

    Args:
        layout: The positions of sections and photos.
        offset: y of the upper edge of the view.
        height: Of the view.
        places_at: Returns the places of model rows.
    """
    numbers = layout.sections_between(offset, offset + height)
    following = range(numbers.start, min(len(layout.sections), numbers.stop + _REACH))
    headers = [at for at in following if layout.header_height(at) and layout.top(at) >= offset]
    rows = layout.rows_between(offset + layout.cells.height // 2, offset + height)
    if rows:
        rows += range(rows[-1] + 1, min(rows[-1] + _REACH, layout.last_shown(len(layout.sections) - 1)) + 1)
    places = places_at(np.array(rows, np.intp)).tolist()
    found = [(layout.top(at) - offset, layout.sections[at].identity, 0) for at in headers]
    found += [
        (layout.cell(row).top() - offset, layout.sections[layout.section_of(row)].identity, place)
        for row, place in zip(rows, places, strict=True)
        if not layout.is_hidden(row)
    ]
    found.sort(key=lambda each: each[0])
    heights, sections, place_ids = zip(*found, strict=True) if found else ((), (), ())
    return ScrollAnchor(list(sections), np.array(place_ids, np.int64), np.array(heights, np.intp))


def offset_for(anchor: ScrollAnchor, layout: SectionLayout, rows_at: RowsAt) -> int | None:
    """Return the y of the upper edge of the view that keeps an anchor in place.

    The topmost header or photo that is still in its section keeps its height; a removed one is replaced by its
    successor.

    Args:
        anchor: The headers and photos that were in view.
        layout: The new positions.
        rows_at: Returns the model rows of places, -1 for those that are not shown.

    Returns:
        None if nothing of the anchor is left.
    """
    rows = rows_at(anchor.place_ids).tolist()
    found = [_top_now(*each, layout) for each in zip(anchor.sections, anchor.place_ids.tolist(), rows, strict=True)]
    first = next((at for at, top in enumerate(found) if top is not None), None)
    if first is None:
        return None
    if anchor.heights[first] > anchor.heights[0]:
        return int(found[first] - anchor.heights[0])
    # The photos of a line may be split after a removal; most of them stay together.
    line = np.flatnonzero(anchor.heights == anchor.heights[first]).tolist()
    offsets = Counter(top - int(anchor.heights[at]) for at in line if (top := found[at]) is not None)
    return offsets.most_common(1)[0][0]


def around(row: int, layout: SectionLayout, places_at: PlacesAt) -> Neighbours:
    """Record a photo and those around it, its own section first, to find its neighbour if it moves to another one."""
    last, number = layout.last_shown(len(layout.sections) - 1), layout.section_of(row)
    own = range(layout.sections[number].first, layout.last_shown(number) + 1)
    near = [*range(row, min(last, row + _REACH) + 1), *range(row - 1, max(0, row - _REACH) - 1, -1)]
    rows = sorted(near, key=lambda each: each not in own)
    return [layout.sections[layout.section_of(each)].identity for each in rows], places_at(np.array(rows, np.intp))


def first_left(neighbours: Neighbours, layout: SectionLayout, rows_at: RowsAt) -> int:
    """The row of the first of these photos that is still shown in its section, -1 for none."""
    sections, place_ids = neighbours
    rows = rows_at(place_ids).tolist()
    kept = (
        row
        for section, place_id, row in zip(sections, place_ids.tolist(), rows, strict=True)
        if _top_now(section, place_id, row, layout) is not None
    )
    return next(kept, -1)


def _top_now(identity: Identity, place_id: int, row: int, layout: SectionLayout) -> int | None:
    """The y of a header or photo if it is still shown in its section."""
    number = layout.number_of(identity)
    if number < 0:
        return None
    if not place_id:
        return layout.top(number)
    if row < 0 or layout.section_of(row) != number or layout.is_hidden(row):
        return None
    return layout.cell(row).top()
