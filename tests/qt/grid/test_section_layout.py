"""The geometry of sections: every photo has one place, and whatever asks where, agrees."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.ui.grid.sections import Section, SectionKind
from flowersorter.ui.grid.view.section_layout import Cells, SectionLayout

HEADER_PX = 30


@st.composite
def layouts(draw: st.DrawFn) -> SectionLayout:
    """Up to six sections, some folded, in up to five columns."""
    counts = draw(st.lists(st.integers(1, 17), min_size=1, max_size=6))
    folded = draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts)))
    kinds = draw(st.sampled_from([SectionKind.CLASS, SectionKind.ALL]))
    cells = Cells(draw(st.integers(1, 5)), draw(st.integers(20, 60)), draw(st.integers(20, 60)))
    sections = [Section(kinds, (number,), sum(counts[:number]), count) for number, count in enumerate(counts)]
    header_px = HEADER_PX if kinds is SectionKind.CLASS else 0
    return SectionLayout(sections, cells, lambda _section: header_px, lambda section: folded[int(section.key[0])])


def rows(layout: SectionLayout) -> range:
    return range(layout.sections[-1].first + layout.sections[-1].count)


def shown(layout: SectionLayout) -> list[int]:
    return [row for row in rows(layout) if not layout.cell(row).isNull()]


@settings(max_examples=40)
@given(layouts())
def test_every_photo_that_is_shown_has_one_cell_of_its_own(layout: SectionLayout) -> None:
    cells = [layout.cell(row) for row in shown(layout)]
    assert len({(cell.x(), cell.y()) for cell in cells}) == len(cells)
    assert all(not one.intersects(other) for one, other in pairwise(cells))
    assert all(cell.bottom() < layout.height and cell.right() < layout.row_width for cell in cells)
    for number, section in enumerate(layout.sections):
        inside = [row for row in shown(layout) if row in section.rows]
        assert [layout.section_of(row) for row in section.rows] == [number] * section.count
        assert len(inside) + layout.hidden(number) == section.count
        assert inside[-1] == layout.last_shown(number)
        assert all(layout.cell(row).top() >= layout.top(number) + layout.header_height(number) for row in inside)
        if layout.hidden(number):
            assert len({layout.cell(row).y() for row in inside}) == 1
            assert len(inside) == layout.cells.columns
    hidden = sorted({*rows(layout)} - {*shown(layout)})
    assert [row for row in rows(layout) if layout.is_hidden(row)] == hidden
    assert layout.folded_over(np.array(rows(layout), np.intp)) == sorted({layout.section_of(row) for row in hidden})


@settings(max_examples=40)
@given(layouts(), st.data())
def test_a_point_belongs_to_the_photo_whose_cell_it_is_in(layout: SectionLayout, data: st.DataObject) -> None:
    for row in shown(layout):
        cell = layout.cell(row)
        for corner in (cell.topLeft(), cell.bottomRight(), cell.center()):
            assert layout.row_at(corner.x(), corner.y()) == row
    x, y = data.draw(st.integers(-5, layout.row_width + 20)), data.draw(st.integers(-5, layout.height + 20))
    holding = [row for row in shown(layout) if layout.cell(row).contains(x, y)]
    assert layout.row_at(x, y) == (holding[0] if holding else -1)


@settings(max_examples=40)
@given(layouts(), st.data())
def test_the_photos_in_a_box_are_those_whose_cells_it_touches(layout: SectionLayout, data: st.DataObject) -> None:
    left, top = data.draw(st.integers(-9, layout.row_width)), data.draw(st.integers(-9, layout.height))
    right = data.draw(st.integers(left, layout.row_width + 9))
    bottom, margin = data.draw(st.integers(top, layout.height + 99)), data.draw(st.integers(0, 4))

    def touched(row: int) -> bool:
        cell = layout.cell(row).adjusted(margin, margin, -margin, -margin)
        return cell.left() < right and left <= cell.right() and cell.top() < bottom and top <= cell.bottom()

    runs = list(layout.runs_in(left, top, right, bottom, margin))
    found = [row for first, last in runs for row in range(first, last + 1)]
    assert found == [row for row in shown(layout) if touched(row) and left < right and top < bottom]
    strip = layout.rows_between(top, bottom)
    assert strip == [
        row
        for row in shown(layout)
        if layout.cell(row).top() < bottom and top <= layout.cell(row).bottom() and top < bottom
    ]


@settings(max_examples=40)
@given(layouts(), st.data())
def test_rows_from_one_to_another_leave_out_the_hidden_ones(layout: SectionLayout, data: st.DataObject) -> None:
    first = data.draw(st.sampled_from(rows(layout)))
    last = data.draw(st.sampled_from(rows(layout)))
    runs = layout.shown_runs(first, last)
    assert [row for one, other in runs for row in range(one, other + 1)] == [
        row for row in shown(layout) if first <= row <= last
    ]
    assert all(one[1] + 1 < other[0] for one, other in pairwise(runs))


@settings(max_examples=40)
@given(layouts())
def test_the_arrows_reach_every_photo_and_stop_at_the_ends(layout: SectionLayout) -> None:
    way = [shown(layout)[0]]
    while (row := layout.beside(way[-1], 1)) != way[-1]:
        way.append(row)
    assert way == shown(layout)
    back = [way[-1]]
    while (row := layout.beside(back[-1], -1)) != back[-1]:
        back.append(row)
    assert back == way[::-1]


@settings(max_examples=40)
@given(layouts(), st.data())
def test_up_and_down_go_a_line_at_a_time_in_their_column(layout: SectionLayout, data: st.DataObject) -> None:
    column = data.draw(st.integers(0, layout.cells.columns - 1))
    lines: dict[int, list[int]] = {}
    for row in shown(layout):
        lines.setdefault(layout.cell(row).y(), []).append(row)
    wanted = [line[min(column, len(line) - 1)] for line in lines.values()]
    way = [layout.nearest(0, column)]
    while (row := layout.above_or_below(way[-1], 1, column)) != way[-1]:
        way.append(row)
    assert way == wanted
    back = [way[-1]]
    while (row := layout.above_or_below(back[-1], -1, column)) != back[-1]:
        back.append(row)
    assert back == wanted[::-1]
    assert [layout.nearest(layout.cell(row).center().y(), column) for row in wanted] == wanted
