"""The parts of a filter and its search: which photos they show, and which part hides all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QDate, QLocale
from pytestqt.qtbot import QtBot

from flowersorter.domain.photo_answers import Mark
from flowersorter.domain.photo_numbers import PhotoNumbers
from flowersorter.domain.place import common_folder
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.filter.date_choices import month_of, months_of
from flowersorter.ui.filter.filter_panel import FilterPanel
from flowersorter.ui.filter.filter_words import dates_words, folder_choices, part_words, why_empty
from flowersorter.ui.filter.text_search import TextSearch
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_filter import DateRange, Order, Part, PhotoFilter
from tests.qt.fake_rows import rows

CLASSES = {1: "daisy", 2: "roses", 3: "tulips"}
DAYS = ["2026-05-01T08:00", "2026-05-31T23:59", "2025-12-24T18:00", "NaT", "2026-06-01T00:00", "2026-05-15T12:00"]


@pytest.fixture
def columns() -> PhotoColumns:
    """Six photos in three folders; places 1, 4 and 5 are unsure or unknown or likely as `rows` says."""
    names = ("beds/IMG_1", "beds/IMG_2", "beds/north/may", "IMG_4", "IMG_5", "6")
    paths = [f"/garden/{name}.jpg" for name in names]
    made = PhotoColumns(replace(rows(6), paths=tuple(map(Path, paths))))
    made.set_moments(made.photo_ids, np.array(DAYS, "datetime64[s]"))
    return made


def shown(columns: PhotoColumns, wanted: PhotoFilter) -> list[int]:
    found = columns.place_ids[wanted.matches(columns)].tolist()
    assert found == [place for place in columns.place_ids.tolist() if wanted.matches(columns, columns.locate([place]))]
    return list(found)


def test_folders_with_nothing_in_common_have_no_folder_around_them() -> None:
    assert common_folder(["/garden/beds", "/garden/beds/north"]) == "/garden/beds"
    assert common_folder([]) == common_folder(["beds", "/garden"]) == ""  # as two drives of Windows


def test_a_photo_of_the_last_month_there_is_has_a_month() -> None:
    assert month_of(date(9999, 12, 31)) == DateRange(date(9999, 12, 1), date(9999, 12, 31))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("img", [1, 2, 4, 5]),
        ("img tulip", [2, 5]),
        ("BEDS", [1, 2, 3]),  # a folder below the one that has all of them
        ("garden", []),  # the folder that has all of them tells none apart
        ("2026", [1, 2, 5, 6]),
        ("2026-05", [1, 2, 6]),
        ("31.05.2026", [2]),
        ("5/2026", [1, 2, 6]),
        ("may", [1, 2, 3, 6]),  # the month, and a name
        ("may 2026 beds", [1, 2]),
        ("dec", [3]),
        ("Mai", [1, 2, 6]),  # where the language is German, English stays
        ("roses daisy", []),
    ],
)
def test_words_are_found_in_name_class_folder_and_date(columns: PhotoColumns, text: str, places: list[int]) -> None:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    try:
        search = TextSearch.of(text, CLASSES)
        assert shown(columns, PhotoFilter(search=search)) == places
    finally:
        QLocale.setDefault(before)


def test_the_class_of_a_label_is_found_instead_of_the_suggestion(columns: PhotoColumns) -> None:
    roses = PhotoFilter(search=TextSearch.of("rose", CLASSES))
    assert shown(columns, roses) == [1, 4]
    columns.set_labels({1001: (3, True), 1002: (2, True)})
    assert shown(columns, roses) == [2, 4]
    unknown = columns.locate([4])
    columns.verdicts[unknown] = Verdict.UNKNOWN
    assert shown(columns, roses) == [2], "an unknown photo is suggested for no class"


def test_each_part_shows_its_photos_alone(columns: PhotoColumns) -> None:
    verdicts = {
        verdict: columns.place_ids[columns.verdicts == verdict].tolist()
        for verdict in (Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN)
    }
    for verdict, places in verdicts.items():
        assert shown(columns, PhotoFilter(verdicts=frozenset({verdict}))) == places
    columns.marks[columns.locate(verdicts[Verdict.SURE])] = Mark.NOT_MINE
    columns.set_labels({1000 + verdicts[Verdict.LIKELY][0]: (1, True)})
    answered = PhotoFilter(verdicts=frozenset({Verdict.SURE, Verdict.LIKELY}))
    assert set(shown(columns, answered)).isdisjoint([*verdicts[Verdict.SURE], verdicts[Verdict.LIKELY][0]])
    assert shown(columns, PhotoFilter(only_checked=True)) == verdicts[Verdict.LIKELY][:1]
    assert len(shown(columns, PhotoFilter(unchecked=True))) == 5
    may = PhotoFilter(dates=DateRange(date(2026, 5, 1), date(2026, 5, 31)))
    assert shown(columns, may) == [1, 2, 6]
    assert shown(columns, PhotoFilter(dates=DateRange(last=date(2025, 12, 24)))) == [3]
    assert shown(columns, PhotoFilter(dates=DateRange())) == [4]
    assert shown(columns, PhotoFilter(folder="/garden/beds")) == [1, 2, 3]
    assert shown(columns, PhotoFilter(folder="/garden/bed")) == []
    assert not may.is_open
    assert may.parts == (Part.DATES,)
    assert may.without(Part.DATES).is_open
    assert [may.needs_dates, PhotoFilter().needs_dates] == [True, False]


def test_months_and_folders_to_choose_from_have_their_numbers(columns: PhotoColumns) -> None:
    months = months_of(columns.taken_at)
    assert [(dates_words(month), count) for month, count in months] == [
        ("June 2026", 1),
        ("May 2026", 3),
        ("December 2025", 1),
    ]
    assert month_of(date(2024, 2, 11)) == DateRange(date(2024, 2, 1), date(2024, 2, 29))
    assert folder_choices(columns.photos_by_folder()) == {
        "/garden": ("garden", 6),
        "/garden/beds": ("beds", 3),
        "/garden/beds/north": (str(Path("beds/north")), 1),
    }


def test_an_empty_result_says_which_part_hides_the_photos(columns: PhotoColumns) -> None:
    assert why_empty(PhotoFilter(class_key=7), columns) == "", "no filter is to blame for a class without photos"
    text = PhotoFilter(search=TextSearch.of("peony", CLASSES))
    assert why_empty(text, columns) == "No photo here has “peony” in its name, class, folder or date."
    checked = PhotoFilter(only_checked=True, folder="/garden/beds")
    assert why_empty(checked, columns) == "One filter hides all 6 photos here: Confirmed only"
    both = PhotoFilter(dates=DateRange(date(2020, 1, 1), date(2020, 1, 31)), folder="/nowhere")
    assert part_words(both, Part.FOLDER) == "Folder: nowhere"
    assert why_empty(both, columns) == (
        "2 filters together hide all 6 photos here: Taken: January 2020 · Folder: nowhere"
    )
    elsewhere = PhotoFilter(dates=DateRange(date(2025, 12, 1), date(2025, 12, 31)), folder="/garden/beds/north")
    assert all(elsewhere.without(part).matches(columns).any() for part in elsewhere.parts)
    assert why_empty(elsewhere, columns).startswith("2 filters together hide all 6 photos here: "), "neither alone does"
    columns.set_labels(dict.fromkeys(columns.photo_ids.tolist(), (1, True)))
    assert why_empty(PhotoFilter(unchecked=True), columns) == "You have confirmed every photo here."


def test_photos_without_a_rank_come_last(columns: PhotoColumns) -> None:
    every = np.arange(6)
    ranks = PhotoNumbers.ranks([1004, 1002, 1004, 999])
    helpful = PhotoFilter(order=Order.MOST_HELPFUL)
    assert columns.place_ids[helpful.ordered(every, columns, ranks)].tolist() == [4, 2, 1, 3, 5, 6]
    assert helpful.ordered(every, columns).tolist() == every.tolist()


def test_a_range_begins_with_the_days_of_the_open_folder(qtbot: QtBot) -> None:
    panel = FilterPanel()
    qtbot.addWidget(panel)
    panel.offer([(month_of(date(2019, 6, 1)), 3), (month_of(date(2019, 5, 1)), 2)], {})
    panel.show_filter(PhotoFilter())
    assert (panel.first.date(), panel.last.date()) == (QDate(2019, 5, 1), QDate(2019, 6, 30))
    panel.offer([], {})  # another folder is open, whose photos have no date
    panel.show_filter(PhotoFilter())
    assert panel.first.date() == QDate(panel.last.date().year(), 1, 1)
    assert panel.last.date() == QDate.currentDate()
