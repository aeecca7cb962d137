"""Words the parts of a filter: in its panel, and in an empty grid."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QDate, QLocale

from flowersorter.domain.place import common_folder
from flowersorter.domain.verdict import Verdict
from flowersorter.ui.filter.date_choices import month_of
from flowersorter.ui.grid.photo_columns import PhotoColumns
from flowersorter.ui.grid.photo_filter import DateRange, Part, PhotoFilter
from flowersorter.ui.shared.dates import short_day

#: The verdicts to choose from.
SHOWN_VERDICTS = (Verdict.SURE, Verdict.LIKELY, Verdict.UNSURE, Verdict.UNKNOWN)


def tr(text: str) -> str:
    """Translate a text of this module."""
    return QCoreApplication.translate("FilterWords", text)


def verdict_word(verdict: Verdict) -> str:
    """The name of a verdict, as the tiles have it."""
    words = {
        Verdict.SURE: tr("Sure"),
        Verdict.LIKELY: tr("Likely"),
        Verdict.UNSURE: tr("Not sure"),
        Verdict.UNKNOWN: tr("Unknown"),
    }
    return words[verdict]


def dates_words(dates: DateRange) -> str:
    """A range of days: "May 2026", "5/1/2026 – 5/9/2026", "Without a date"."""
    first, last = dates.first, dates.last
    if first is None and last is None:
        return tr("Without a date")
    if first is not None and dates == month_of(first):
        return QLocale().toString(_day(first), "MMMM yyyy")
    shown = [short_day(_day(each)) if each else "" for each in (first, last)]
    return " – ".join(shown)


def part_words(shown: PhotoFilter, part: Part) -> str:
    """A part of a filter as its panel has it: "Folder: Roses"."""
    if part is Part.TEXT:
        return tr("Text: {0}").format(shown.search.text)
    if part is Part.VERDICT:
        words = [verdict_word(each) for each in SHOWN_VERDICTS if each in shown.verdicts]
        return tr("Suggestion: {0}").format(", ".join(words))
    if part is Part.CONFIRMED:
        return tr("Confirmed only") if shown.only_checked else tr("Not confirmed")
    if part is Part.FOLDER:
        return tr("Folder: {0}").format(folder_name(shown.folder))
    assert shown.dates is not None
    days = dates_words(shown.dates)
    return days if shown.dates == DateRange() else tr("Taken: {0}").format(days)


def folder_name(folder: str) -> str:
    """The name of a folder, or its path where it has none, as that of a drive."""
    return Path(folder).name or folder


def where_and_when(shown: PhotoFilter) -> str:
    """The folder and the days of a filter: "Roses · May 2026"; "" without any."""
    words = [folder_name(shown.folder) if shown.folder else "", dates_words(shown.dates) if shown.dates else ""]
    return " · ".join(word for word in words if word)


def why_empty(shown: PhotoFilter, columns: PhotoColumns) -> str:
    """Say which part of a filter hides the photos; "" where none does.

    Args:
        shown: A filter that shows nothing.
        columns: The photos of the folder.
    """
    parts = shown.parts
    hidden = int(np.count_nonzero(shown.without(*parts).matches(columns)))
    if not hidden:
        return ""
    one = next((part for part in parts if _is_to_blame(shown, part, columns)), None)
    if one is Part.TEXT:
        return tr("No photo here has “{0}” in its name, class, folder or date.").format(shown.search.text)
    if one is Part.CONFIRMED and shown.unchecked:
        return tr("You have confirmed every photo here.")
    words = " · ".join(part_words(shown, each) for each in ((one,) if one is not None else parts))
    template = tr("{0} filters together hide all {1} photos here: {2}")
    if one is not None:
        template = tr("One filter hides all {1} photos here: {2}")
    return template.format(len(parts), QLocale().toString(hidden), words)


def _is_to_blame(shown: PhotoFilter, part: Part, columns: PhotoColumns) -> bool:
    """Whether a part alone hides all photos, and the others do not: else none of them is to be named alone."""
    others = [each for each in shown.parts if each is not part]
    return bool(shown.without(part).matches(columns).any() and not shown.without(*others).matches(columns).any())


def folder_choices(counts: Mapping[Path, int]) -> dict[str, tuple[str, int]]:
    """List the folders to choose from: by path, the path below the common folder and the number of photos at any depth.

    Args:
        counts: Number of photos of each folder, without those below it, in the order to show them.
    """
    above = common_folder(counts)
    below = dict.fromkeys(counts, 0)
    for folder, count in counts.items():
        for each in (folder, *folder.parents):
            if each in below:
                below[each] += count
    words = {folder: os.path.relpath(folder, above) if above else str(folder) for folder in counts}
    return {
        str(folder): (text if text != os.curdir else folder.name or str(folder), below[folder])
        for folder, text in words.items()
    }


def _day(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
