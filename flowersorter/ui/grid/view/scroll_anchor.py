"""Keeps the photos that a person sees where they are while others come, go or move to another section."""

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
    """Headers and photos in view, from the top to the bottom.

    Attributes:
        sections: N sections that these are in.
        place_ids: (N,) places, 0 for a header.
        heights: (N,) y of each in the view.
    """

    sections: list[Identity]
    place_ids: NDArray[np.int64]
    heights: NDArray[np.intp]


def anchor_of(layout: SectionLayout, offset: int, height: int, places_at: PlacesAt) -> ScrollAnchor:
    """Note what is in view.

    Args:
        layout: Where everything is.
        offset: y of the upper edge of the view.
        height: Of the view.
        places_at: Gives the places of model rows.
    """
    sections: list[Identity] = []
    rows: list[int] = []
    heights: list[int] = []
    half = layout.cells.height // 2
    for number in layout.sections_between(offset, offset + height):
        section = layout.sections[number]
        if layout.header_height(number) and layout.top(number) >= offset:
            sections.append(section.identity)
            rows.append(-1)
            heights.append(layout.top(number) - offset)
    for row in layout.rows_between(offset + half, offset + height):
        sections.append(layout.sections[layout.section_of(row)].identity)
        rows.append(row)
        heights.append(layout.cell(row).top() - offset)
    at = np.array(rows, np.intp)
    place_ids = np.where(at >= 0, places_at(np.maximum(at, 0)), 0) if rows else np.zeros(0, np.int64)
    order = np.argsort(heights, kind="stable")
    return ScrollAnchor([sections[each] for each in order], place_ids[order], np.array(heights, np.intp)[order])


def offset_for(anchor: ScrollAnchor, layout: SectionLayout, rows_at: RowsAt) -> int | None:
    """The y of the upper edge of the view that keeps what was in view where it was.

    The topmost thing that is still there, in its section, keeps its height; what follows something that is gone takes
    its place.

    Args:
        anchor: What was in view.
        layout: Where everything is now.
        rows_at: Gives the model rows of places, -1 for those that are not shown.

    Returns:
        None where nothing of it is left.
    """
    rows = rows_at(anchor.place_ids).tolist()
    found = [_top_now(*each, layout) for each in zip(anchor.sections, anchor.place_ids.tolist(), rows, strict=True)]
    first = next((at for at, top in enumerate(found) if top is not None), None)
    if first is None:
        return None
    if anchor.heights[first] > anchor.heights[0]:
        return int(found[first] - anchor.heights[0])
    # The photos of a line may part where one before them went; most of them stay.
    line = np.flatnonzero(anchor.heights == anchor.heights[first]).tolist()
    offsets = Counter(top - int(anchor.heights[at]) for at in line if (top := found[at]) is not None)
    return offsets.most_common(1)[0][0]


def around(row: int, layout: SectionLayout, places_at: PlacesAt) -> Neighbours:
    """Note a photo and those around it, to find its neighbour if it moves to another section."""
    last = layout.last_shown(len(layout.sections) - 1)
    rows = [*range(row, min(last, row + _REACH) + 1), *range(row - 1, max(0, row - _REACH) - 1, -1)]
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
