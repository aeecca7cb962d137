"""Finds photos by words: in the file name, the class, the folder or the date."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLocale

from flowersorter.domain.name_search import folded, unaccented
from flowersorter.domain.place import common_folder
from flowersorter.ui.grid.photo_columns import PhotoColumns, Rows

#: "2026", "2026-05", "2026-05-31"; "05.2026", "31.05.2026".
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?")
_YEAR_LAST = re.compile(r"(?:(?P<day>\d{1,2})\.)?(?P<month>\d{1,2})[./](?P<year>\d{4})")
#: Photos of which there are more than so many times as many are searched one by one.
_FEW = 16
#: Letters from which on the beginning of a month's name stands for it.
_MONTH_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """Part of a date.

    Attributes:
        year: 0 for any.
        months: None for any.
        day: 0 for any.
    """

    year: int = 0
    months: frozenset[int] = frozenset()
    day: int = 0

    def matches(self, taken_at: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """(M,) which of these times, datetime64[s], are in it; none that is unknown."""
        found = ~np.isnat(taken_at)
        months = taken_at.astype("datetime64[M]")
        if self.year:
            found &= months.astype("datetime64[Y]").astype(np.int64) == self.year - 1970
        if self.months:
            found &= np.isin(months.astype(np.int64) % 12 + 1, list(self.months))
        if self.day:
            found &= (taken_at.astype("datetime64[D]") - months).astype(np.int64) == self.day - 1
        return found


@dataclass(frozen=True, slots=True)
class SearchWord:
    """A search word with its meanings.

    Attributes:
        text: As `folded` gives it.
        class_ids: Classes with it in their name; when a class is renamed it is still the same word.
        moment: The date it stands for, None for none.
    """

    text: str
    class_ids: frozenset[int] = field(default=frozenset(), compare=False)
    moment: Moment | None = None

    def matches(self, columns: PhotoColumns, rows: Rows | None) -> NDArray[np.bool_]:
        """(M,) which photos it finds; arguments as for `TextSearch.matches`."""
        wanted = self.text
        found = _names_with(columns, rows, wanted)
        at: Rows | slice = slice(None) if rows is None else rows
        if self.class_ids:
            labels = columns.label_ids[at]
            found |= np.isin(np.where(labels > 0, labels, columns.suggested[at]), list(self.class_ids))
        folders = _folders_with(columns, wanted)
        if folders.any():
            found |= folders[columns.folders[1][at]]
        if self.moment is not None:
            found |= self.moment.matches(columns.taken_at[at])
        return found


@dataclass(frozen=True, slots=True)
class TextSearch:
    """Words that a photo must all have.

    Attributes:
        text: As it was typed.
        words: Its words.
    """

    text: str = ""
    words: tuple[SearchWord, ...] = ()

    @classmethod
    def of(cls, text: str, class_names: Mapping[int, str]) -> TextSearch:
        """Parse the words of a text; `class_names` by class id."""
        return cls(text.strip(), tuple(_word(each, class_names) for each in text.split()))

    @property
    def needs_dates(self) -> bool:
        """Whether a word stands for a date."""
        return any(word.moment is not None for word in self.words)

    def matches(self, columns: PhotoColumns, rows: Rows | None = None) -> NDArray[np.bool_]:
        """(M,) which of these column rows, None for all, have every word; there is at least one word."""
        found = self.words[0].matches(columns, rows)
        for word in self.words[1:]:
            found &= word.matches(columns, rows)
        return found


def _word(text: str, class_names: Mapping[int, str]) -> SearchWord:
    wanted = folded(text)
    class_ids = frozenset(class_id for class_id, name in class_names.items() if class_id > 0 and wanted in folded(name))
    return SearchWord(wanted, class_ids, _moment(text))


def _moment(text: str) -> Moment | None:
    """The date that a word stands for, also the beginning of a month's name in the person's language or in English."""
    found = _YEAR_FIRST.fullmatch(text) or _YEAR_LAST.fullmatch(text)
    if found is not None:
        year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
        return Moment(year, frozenset({month} - {0}), day)
    wanted = unaccented(text)
    if len(wanted) < _MONTH_LETTERS:
        return None
    locales = (QLocale(), QLocale(QLocale.Language.C))
    names = [(month, each.standaloneMonthName(month)) for each in locales for month in range(1, 13)]
    months = frozenset(month for month, name in names if unaccented(name).startswith(wanted))
    return Moment(months=months) if months else None


def _names_with(columns: PhotoColumns, rows: Rows | None, wanted: str) -> NDArray[np.bool_]:
    """(M,) which file names have a text in them; arguments as for `TextSearch.matches`."""
    if rows is None:
        return columns.paths.joined_names.containing(wanted)
    if len(rows) * _FEW > len(columns):
        return columns.paths.joined_names.containing(wanted)[rows]
    names = (columns.names[row].rpartition(os.sep)[2] for row in rows.tolist())
    return np.array([wanted in folded(name) for name in names], np.bool_)


def _folders_with(columns: PhotoColumns, wanted: str) -> NDArray[np.bool_]:
    """(F,) which folders have a text in their path below the folder that has all of them."""
    folders, _ = columns.folders
    above = len(common_folder(folders))
    return np.array([wanted in folded(folder[above:]) for folder in folders], np.bool_)
