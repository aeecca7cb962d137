"""Photos divided by class, day and folder: every photo once, sections in their order, photos in theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flowersorter.domain.verdict import Verdict
from flowersorter.ui.grid.arrange import arrange, in_their_order
from flowersorter.ui.grid.photo_columns import PhotoColumns, PseudoClass
from flowersorter.ui.grid.photo_filter import Order, PhotoFilter
from flowersorter.ui.grid.sections import Arrangement, Grouping, Section, SectionKind
from tests.qt.fake_rows import rows, some


def parts(found: Arrangement) -> dict[object, list[int]]:
    """The column rows of each section, by its key."""
    return {section.key[0]: found.order[list(section.rows)].tolist() for section in found.sections}


def test_classes_stand_as_in_the_class_list_and_photos_without_one_below() -> None:
    columns = PhotoColumns(some(rows(12), list(range(12)), verdicts=np.full(12, Verdict.SURE, np.uint8)))
    columns.verdicts[[0, 1]] = Verdict.UNKNOWN, Verdict.UNSURE
    columns.class_ids[2] = 0  # not read yet
    columns.set_error(4, "cut off")
    columns.set_labels({1012: (9, True)})  # of a class the list does not know yet
    columns._shelve(np.arange(12))
    found = parts(arrange(Grouping.CLASS, np.arange(12)[::-1], columns, (3, 1, 2)))
    assert list(found) == [
        3,
        1,
        2,
        9,
        PseudoClass.UNSURE,
        PseudoClass.UNKNOWN,
        PseudoClass.UNREADABLE,
        PseudoClass.WAITING,
    ]
    assert found[3] == [10, 7, 4]  # in the order given
    assert found[9] == [11]
    assert found[PseudoClass.UNREADABLE] == [3]


def test_days_are_in_order_and_photos_without_a_date_come_last() -> None:
    columns = PhotoColumns(rows(5))
    days = ["2026-05-02T09:00:00", "2026-05-01T23:59:59", "NaT", "2026-05-02T00:00:00"]
    columns.set_moments(columns.photo_ids[:4], np.array(days, "datetime64[s]"))
    found = arrange(Grouping.DAY, np.arange(5), columns)
    assert parts(found) == {"2026-05-01": [1], "2026-05-02": [0, 3], "": [2, 4]}
    ordered = PhotoFilter(order=Order.DATE).ordered(np.arange(5), columns)
    by_date = arrange(Grouping.DAY, ordered, columns)
    assert parts(by_date)["2026-05-02"] == [3, 0]


def test_folders_are_in_their_natural_order() -> None:
    whole = rows(4)
    columns = PhotoColumns(
        some(whole, [0, 1, 2, 3], paths=tuple(f"/photos/{at}" for at in ("9/a", "b", "10/c", "9/d")))
    )
    assert parts(arrange(Grouping.FOLDER, np.arange(4), columns)) == {
        "/photos": [1],
        "/photos/9": [0, 3],
        "/photos/10": [2],
    }


def test_no_photos_make_no_section_and_without_groups_there_is_one() -> None:
    columns = PhotoColumns(rows(3))
    for grouping in Grouping:
        assert arrange(grouping, np.zeros(0, np.intp), columns).sections == ()
    (section,) = arrange(Grouping.NONE, np.arange(3), columns).sections
    assert (section.kind, section.rows) == (SectionKind.ALL, range(3))


@settings(max_examples=40)
@given(st.sampled_from(Grouping), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40))
def test_sections_cover_every_photo_once(grouping: Grouping, photos: list[tuple[int, int]]) -> None:
    whole = rows(len(photos))
    columns = PhotoColumns(whole)
    columns.verdicts[:] = [verdict for verdict, _ in photos]
    columns.class_ids[:] = [class_id for _, class_id in photos]
    columns._shelve(np.arange(len(photos)))
    found = arrange(grouping, np.arange(len(photos)), columns, (2, 1))
    assert sorted(found.order.tolist()) == list(range(len(photos)))
    assert [row for section in found.sections for row in section.rows] == list(range(len(photos)))
    assert len({section.identity for section in found.sections}) == len(found.sections)
    assert all((np.diff(found.order[list(section.rows)]) > 0).all() for section in found.sections)


def test_a_ranking_orders_its_places_and_the_others_follow_by_name() -> None:
    columns, random = PhotoColumns(rows(300)), np.random.default_rng(2)
    ranking = random.permutation(400)[:150].tolist()  # a few are not in the folder
    shown = np.sort(random.permutation(300)[:200])
    ordered = PhotoFilter(ranking=tuple(ranking)).ordered(shown, columns)
    places = columns.place_ids[shown].tolist()
    ranked = [place for place in ranking if place in places]
    assert columns.place_ids[ordered].tolist() == ranked + [place for place in places if place not in ranking]


def test_photos_are_counted_by_the_folder_they_are_in() -> None:
    folders = ["/photos", "/photos/iris", "/photos/iris 10", "/photos/iris 2", "/photos/iris/wet"]
    chosen = np.random.default_rng(3).integers(0, len(folders), 200)
    paths = tuple(Path(folders[at]) / f"{number}.jpg" for number, at in enumerate(chosen))
    counted = PhotoColumns(replace(rows(200), paths=paths)).photos_by_folder()
    assert counted == Counter(path.parent for path in paths)
    assert [path.name for path in counted] == ["photos", "iris", "wet", "iris 2", "iris 10"]


def test_photos_of_held_sections_keep_their_order_and_newcomers_are_the_last() -> None:
    def divided(*groups: list[int]) -> Arrangement:
        firsts = np.cumsum([0, *map(len, groups)])
        sections = (Section(SectionKind.CLASS, (at,), int(firsts[at]), len(rows)) for at, rows in enumerate(groups))
        return Arrangement(np.concatenate(groups), tuple(each for each in sections if each.count))

    shown = divided([5, 1, 3, 9], [0, 2], [7])
    wanted = divided([1, 3, 5, 7], [2, 0], [9, 8])
    held = {(SectionKind.CLASS, (0,)), (SectionKind.CLASS, (2,))}
    assert in_their_order(wanted, shown, held).order.tolist() == [5, 1, 3, 7, 2, 0, 9, 8]
    assert in_their_order(wanted, shown, set()) is wanted
